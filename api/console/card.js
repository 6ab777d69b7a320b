// One alarm on the screen: who, why, where, what to do, who has it, and what can be done.

import { arrange, element, lead, show } from "./dom.js";
import * as say from "./sentences.js";
import { t, tOf } from "./texts.js";
import { age } from "./times.js";

const SETTLE = 400;
const ACTIONS = ["accept", "at_person", "resolve"];
const ALLOWED = { open: ACTIONS, accepted: ["at_person", "resolve"], at_person: ["resolve"] };

export class Card {
  #parts = {};
  #buttons = {};
  #shiftedAt = 0;
  #top = null;

  /** `act(action, id)` is called when the person presses one of the buttons, "mute" included. */
  constructor(id, act) {
    for (const name of ["label", "age", "unit", "why", "late", "count", "taken", "ending", "message"]) {
      this.#parts[name] = element("p", { class: name });
    }
    this.#parts.message.setAttribute("role", "status");
    this.#parts.name = element("h3", { class: "name", id: `name-${id}` });
    this.#parts.where = element("dd", { class: "where" });
    this.#parts.place = element("dd", { class: "place" });
    this.#parts.position = element("a", { class: "position" });
    this.#parts.call = element("a", { class: "call" });
    this.#parts.task = element("dd", { class: "task" });
    this.#parts.instructions = element("dd", { class: "instructions" });
    this.#parts.notes = element("ul", { class: "notes" });
    this.#parts.events = element("ol");
    for (const action of [...ACTIONS, "mute"]) this.#buttons[action] = this.#button(action, () => act(action, id));
    this.root = this.#build(id);
  }

  /** Shows `alarm` with the known `entries` of its journal, to the person `me`, at Vaka's time `now`. */
  update({ alarm, entries, me, now, mayAct, isSounding, message, isBusy }) {
    Object.assign(this.root.dataset, { state: alarm.state, priority: alarm.priority });
    this.root.dataset.mine = String(alarm.accepted_by === me.id);
    this.#identify(alarm, now);
    this.#explain(alarm, entries, now);
    show(this.#parts.taken, say.taken(alarm, me, now));
    show(this.#parts.ending, say.ending(alarm, entries, now));
    show(this.#parts.message, message);
    this.#offer(alarm, mayAct ? (ALLOWED[alarm.state] ?? []) : [], isBusy);
    this.#buttons.mute.hidden = !isSounding;
    this.#tell(entries, now);
  }

  focus() {
    this.root.scrollIntoView({ block: "nearest" });
    this.root.focus({ preventScroll: true });
  }

  /** To be called when cards may have moved: one that jumps under a finger must not take what was meant for another. */
  noticeShift() {
    const top = this.root.offsetTop;
    if (this.#top !== null && top !== this.#top) this.#shiftedAt = performance.now();
    this.#top = top;
  }

  #build(id) {
    const { label, age, name, unit, why, late, count, where, task, instructions, notes, taken, ending, message } =
      this.#parts;
    const { place, position, call } = this.#parts;
    const contact = element("dd", { class: "contact" }, position, call);
    const what = element("dl", {}, term("where"), where, place, contact, term("do"), task, instructions);
    const summary = element("summary", { "data-text": "events" }, t("events"));
    const events = element("details", {}, summary, this.#parts.events);
    const { accept, at_person, resolve, mute } = this.#buttons;
    const later = element("div", { class: "actions" }, at_person, resolve);
    const head = element("header", {}, label, age, mute);
    const attributes = { class: "card", "data-alarm": id, tabindex: "-1", "aria-labelledby": `name-${id}` };
    // Taking it stands high: on a telephone it must be in sight together with who and why.
    const parts = [head, name, unit, why, late, count, message, accept, taken, ending, what, notes, later, events];
    return element("article", attributes, ...parts);
  }

  #button(action, press) {
    const button = element("button", { type: "button", class: action });
    button.addEventListener("click", (click) => {
      const byHand = click.detail > 0;
      if (!byHand || performance.now() - this.#shiftedAt > SETTLE) press();
    });
    return button;
  }

  #identify(alarm, now) {
    show(this.#parts.label, `${tOf("priority", alarm.priority)} · ${say.kindOf(alarm)}`);
    show(this.#parts.age, alarm.state === "open" ? t("age.open", { age: age(alarm.opened_at, now) }) : null);
    show(this.#parts.name, say.nameOf(alarm));
    const lost = alarm.resident === null && alarm.device ? t("who.device", { device: alarm.device }) : null;
    show(this.#parts.unit, alarm.unit_name ?? lost);
    show(this.#parts.where, alarm.address ?? t("where.unknown"));
    show(this.#parts.task, tOf("do", alarm.kind));
    show(this.#parts.instructions, alarm.instructions);
  }

  #explain(alarm, entries, now) {
    show(this.#parts.why, say.whys(alarm, entries, now).join("\n"));
    show(this.#parts.late, [say.late(alarm, now), say.away(alarm)].filter(Boolean).join("\n") || null);
    show(this.#parts.count, say.count(alarm, entries, now));
    const { place, position, call } = say.contact(alarm, entries);
    show(this.#parts.place, place);
    lead(this.#parts.position, position);
    lead(this.#parts.call, call);
  }

  #offer(alarm, allowed, isBusy) {
    for (const [action, button] of Object.entries(this.#buttons)) {
      const text = t(`act.${action}`);
      if (button.textContent !== text) button.textContent = text;
      button.ariaLabel = t("act.of", { action: text, name: say.nameOf(alarm) });
      if (action === "mute") continue;
      button.hidden = !allowed.includes(action);
      button.ariaDisabled = String(isBusy);
    }
  }

  #tell(entries, now) {
    fill(this.#parts.notes, entries.filter(say.isNote).map((entry) => say.note(entry, now)));
    fill(this.#parts.events, entries.filter(say.isEvent).map((entry) => say.event(entry, now)));
  }
}

function term(key) {
  return element("dt", { "data-text": key }, t(key));
}

function fill(list, lines) {
  list.hidden = lines.length === 0;
  arrange(list, lines.map((line, place) => list.children[place] ?? element("li")));
  lines.forEach((line, place) => show(list.children[place], line));
}
