// Drawing what is known: three lists of cards, or that there are none, or that it is not known.

import { Card } from "./card.js";
import { arrange, show } from "./dom.js";
import { t } from "./texts.js";
import { clockSeconds } from "./times.js";

const LISTS = ["open", "taken", "closed"];
const place = (id) => document.getElementById(id);

export class Screen {
  #cards = new Map();
  #press;

  /** `press(action, id)` is called when the person presses a button of an alarm. */
  constructor(press) {
    this.#press = press;
  }

  /** Draws `lists` ({open, taken, closed}: alarms in order); `details(alarm)` gives what its card shows. */
  drawAlarms(lists, details) {
    const focused = document.activeElement?.closest(".card");
    for (const name of LISTS) {
      const cards = lists[name].map((alarm) => this.#card(alarm.id));
      lists[name].forEach((alarm, index) => cards[index].update(details(alarm)));
      arrange(place(name).querySelector(".cards"), cards.map((card) => card.root));
      place(name).hidden = cards.length === 0;
    }
    this.#forget(new Set(LISTS.flatMap((name) => lists[name].map((alarm) => alarm.id))));
    for (const card of this.#cards.values()) card.noticeShift();
    // A card that changes its list, or whose button goes away, would lose the focus of the keyboard.
    if (focused?.isConnected && !focused.contains(document.activeElement)) focused.focus();
  }

  /** `state`: "some", "none", "unknown" or "loading"; `now` is when that was last certain. */
  drawCalm(state, now) {
    const texts = { none: t("calm"), unknown: t("unknown"), loading: t("loading") };
    const [headline, line] = place("calm").children;
    place("calm").dataset.state = state;
    place("calm").hidden = state === "some";
    show(headline, texts[state]);
    show(line, state === "none" ? t("calm.checked", { time: clockSeconds(now) }) : null);
  }

  drawContact(live) {
    const time = live.now && clockSeconds(live.now);
    const unknown = live.now ? "contact.off" : "contact.connecting";
    place("contact").dataset.on = String(live.connected);
    show(place("contact"), live.connected ? t("contact.on", { time }) : t(unknown));
  }

  drawTitle(waiting) {
    document.title = waiting > 0 ? t("title.waiting", { n: waiting }) : t("title");
  }

  /** Lets people who do not see the screen hear it: `urgent` at once, `news` when there is a pause. */
  announce(urgent, news) {
    if (urgent) show(place("announcement"), urgent);
    if (news) show(place("news"), news);
  }

  /** Leaves nothing of any resident in the page. */
  clear() {
    this.drawAlarms({ open: [], taken: [], closed: [] });
    for (const id of ["announcement", "news"]) show(place(id), null);
  }

  focus(id) {
    this.#cards.get(id)?.focus();
  }

  #card(id) {
    if (!this.#cards.has(id)) this.#cards.set(id, new Card(id, this.#press));
    return this.#cards.get(id);
  }

  #forget(shown) {
    for (const id of this.#cards.keys()) if (!shown.has(id)) this.#cards.delete(id);
  }
}
