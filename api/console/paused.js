// Who is not watched, and until when. Whoever relies on the watch must see where there is none.

import { arrange, show } from "./dom.js";
import { askAll, Refusal } from "./requests.js";
import { t } from "./texts.js";
import { whenever } from "./times.js";

const EVERY = 60_000;
const place = document.getElementById("paused");

export class Paused {
  #items = [];
  #readAt = null;

  /** Reads the list when a minute has passed since it was read; `now` is Vaka's own time. */
  async refresh(now) {
    if (now === null || (this.#readAt !== null && Date.parse(now) - this.#readAt < EVERY)) return;
    this.#readAt = Date.parse(now);
    try {
      this.#items = await askAll("/pauses");
      this.draw(now);
    } catch (refusal) {
      // What was read before still stands until it is over; a role that may not see pauses sees none.
      if (!(refusal instanceof Refusal)) throw refusal;
    }
  }

  draw(now) {
    const at = Date.parse(now);
    const running = this.#items.filter((pause) => Date.parse(pause.from) <= at && at < Date.parse(pause.to));
    arrange(place.querySelector("ul"), running.map(line));
    place.hidden = running.length === 0;
  }

  clear() {
    this.#items = [];
    arrange(place.querySelector("ul"), []);
    place.hidden = true;
  }
}

function line(pause) {
  const item = document.createElement("li");
  const of = pause.technologies.map((technology) => t(`technology.${technology}`)).join(", ") || t("paused.everything");
  show(item, t("paused.line", { name: pause.resident_name, of, time: whenever(pause.to) }));
  return item;
}
