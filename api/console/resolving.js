// The dialog in which a person says how it went.

import { element, show } from "./dom.js";
import { nameOf } from "./sentences.js";
import { t } from "./texts.js";

const OUTCOMES = ["helped", "no_action_needed", "false_alarm", "ambulance", "other"];

export class ResolveDialog {
  #dialog = document.getElementById("resolve");
  #form = this.#dialog.querySelector("form");
  #message = this.#dialog.querySelector(".message");
  #alarm = null;

  /** `submit(alarm, {outcome, note})` is called with the alarm as it was shown when the person last looked. */
  constructor(submit) {
    this.#dialog.querySelector(".choices").replaceChildren(...OUTCOMES.map(choice));
    this.#dialog.querySelector(".cancel").onclick = () => this.close();
    this.#dialog.onclose = () => this.#clear();
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      const { outcome, note } = Object.fromEntries(new FormData(this.#form));
      if (outcome) submit(this.#alarm, { outcome, note: note.trim() || null });
      else this.say(t("resolve.choose"));
    };
  }

  /** The alarm that it asks about; null while it is closed. */
  get alarm() {
    return this.#dialog.open ? this.#alarm : null;
  }

  open(alarm) {
    this.#clear();
    this.#alarm = alarm;
    show(this.#dialog.querySelector("h2"), t("resolve.title", { name: nameOf(alarm) }));
    this.#dialog.showModal();
  }

  /** `alarm` as it has become, and why: the person may go on with it all the same. */
  renew(alarm, message) {
    this.#alarm = alarm;
    this.say(message);
  }

  say(message) {
    show(this.#message, message);
  }

  close() {
    this.#dialog.close();
  }

  /** Nothing that was written for one resident is there for the next one, or when nobody is signed in. */
  #clear() {
    this.#form.reset();
    this.say(null);
    show(this.#dialog.querySelector("h2"), null);
  }
}

function choice(outcome) {
  const input = element("input", { type: "radio", name: "outcome", value: outcome });
  const key = `outcome.${outcome}`;
  return element("label", { class: "choice" }, input, element("span", { "data-text": key }, t(key)));
}
