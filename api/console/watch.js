// Keeping watch for one signed-in person: from what Vaka says to what the page shows and sounds.

import { AlarmBook, isGrave, isUnresolved } from "./alarms.js";
import { showTrouble } from "./banner.js";
import { Live } from "./live.js";
import { Notices } from "./notices.js";
import { Paused } from "./paused.js";
import { Reader } from "./reader.js";
import { ask, Refusal } from "./requests.js";
import { ResolveDialog } from "./resolving.js";
import { Screen } from "./screen.js";
import { kindOf, nameOf, race, taker, why } from "./sentences.js";
import { t } from "./texts.js";

const ACTING_ROLES = new Set(["staff", "manager", "admin"]);
const PATHS = { accept: "accept", at_person: "at-person", resolve: "resolve" };

export class Watch {
  #person;
  #sound;
  #signedOut;
  #mayAct;
  #book = new AlarmBook();
  #notices;
  #reader = new Reader(this.#book, {
    take: (alarms) => this.#take(alarms),
    note: (id, entries) => this.#note(id, entries),
    changed: () => this.draw(),
    signedOut: () => this.#signedOut(),
  });
  #screen = new Screen((action, id) => this.#press(action, id));
  #live = new Live({
    hello: () => this.#reader.readAll(),
    change: (change) => this.#change(change),
    pulse: () => {
      this.draw();
      this.#reader.retry();
      if (this.#mayAct) this.#paused.refresh(this.#live.now);
    },
    lost: () => this.draw(),
    // Asking for alarms tells why: the person is signed out, or may not see them.
    refused: () => this.#reader.readAll(),
  });
  #dialog = new ResolveDialog((alarm, words) => this.#act("resolve", alarm, words));
  #isStopped = false;
  #paused = new Paused();
  #busy = new Set();
  #messages = new Map();

  /** `signedOut()` is called when Vaka no longer knows the person. */
  constructor(person, sound, signedOut) {
    this.#person = person;
    this.#sound = sound;
    this.#signedOut = signedOut;
    this.#mayAct = ACTING_ROLES.has(person.role);
    this.#notices = new Notices(person);
  }

  start() {
    this.#live.start();
    this.draw();
  }

  /** Shows nothing any more, not even what was asked for before. */
  stop() {
    this.#isStopped = true;
    this.#live.stop();
    this.#dialog.close();
    this.#sound.ring(null);
    this.#screen.clear();
    this.#paused.clear();
  }

  draw() {
    if (this.#isStopped) return;
    const [book, live] = [this.#book, this.#live];
    const lists = { open: book.open(), taken: book.taken(this.#person), closed: book.closed() };
    const troubled = showTrouble(live, this.#reader.unread);
    // What must not be missing stands first: an error further down leaves the banner and the sound as they should be.
    this.#screen.drawCalm(this.#calm(lists, troubled), live.now);
    this.#sound.ring(this.#gravest(lists.open));
    this.#screen.drawTitle(lists.open.length);
    this.#screen.drawContact(live);
    this.#screen.drawAlarms(lists, (alarm) => this.#details(alarm));
    if (live.now) this.#paused.draw(live.now);
    this.#notices.shown();
  }

  #calm({ open, taken }, troubled) {
    if (open.length + taken.length > 0) return "some";
    if (troubled) return "unknown";
    return this.#reader.isKnown && this.#live.checked ? "none" : "loading";
  }

  #details(alarm) {
    return {
      alarm,
      entries: this.#book.entries(alarm.id),
      me: this.#person,
      now: this.#live.now,
      mayAct: this.#mayAct,
      isSounding: this.#mayAct && this.#book.isSounding(alarm),
      isBusy: this.#busy.has(alarm.id),
      message: this.#messages.get(alarm.id)?.(),
    };
  }

  #gravest(open) {
    const sounding = open.filter((alarm) => this.#mayAct && this.#book.isSounding(alarm));
    return sounding.length > 0 ? Math.min(...sounding.map((alarm) => alarm.priority)) : null;
  }

  #note(id, entries) {
    this.#book.note(id, entries);
    this.#notices.take(entries);
  }

  #change({ alarm, ...entry }) {
    const isNew = !this.#book.get(alarm.id);
    this.#note(alarm.id, [entry]);
    this.#take([alarm], entry);
    this.draw();
    if (isNew) this.#reader.readJournalOf(alarm.id);
  }

  /** Takes alarms as Vaka shows them, and says aloud what is new about them. */
  #take(alarms, entry) {
    if (this.#isStopped) return;
    const urgent = [];
    for (const alarm of alarms.map((each) => this.#asSeen(each))) {
      const news = this.#book.take(alarm);
      if (news === "new") urgent.push(this.#spoken("announce.new", alarm));
      if (news === "again") urgent.push(this.#spoken("announce.again", alarm));
      // Somebody has it already, so it is not called out again and again: once, for whoever is on the way.
      if (news === "again" && this.#mayAct && isGrave(alarm) && alarm.state !== "open") this.#sound.chime();
    }
    this.#screen.announce(urgent.join(" "), entry && this.#news(entry, alarms[0]));
  }

  /** An alarm that another unit has now is closed for this one. */
  #asSeen(alarm) {
    const isElsewhere = this.#person.unit !== null && alarm.unit !== null && alarm.unit !== this.#person.unit;
    return isElsewhere ? { ...alarm, state: "elsewhere" } : alarm;
  }

  #spoken(key, alarm) {
    const values = { kind: kindOf(alarm), name: nameOf(alarm), why: why(alarm, this.#live.now), n: alarm.count };
    return t(key, values);
  }

  #news(entry, alarm) {
    if (entry.action === "accepted") return t("announce.taken", { name: taker(alarm), resident: nameOf(alarm) });
    return entry.action === alarm.state ? t("announce.closed", { resident: nameOf(alarm) }) : null;
  }

  #press(action, id) {
    const alarm = this.#book.get(id);
    if (action === "resolve") return this.#dialog.open(alarm);
    if (action !== "mute") return this.#act(action, alarm);
    this.#book.mute(id);
    return this.draw();
  }

  /** Does `action` on `alarm` as the person saw it. */
  async #act(action, alarm, words = {}) {
    const { id, version } = alarm;
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    this.#messages.delete(id);
    this.draw();
    try {
      const path = `/alarms/${encodeURIComponent(id)}/${PATHS[action]}`;
      this.#take([await ask("POST", path, { version, ...words })]);
      if (action === "resolve") this.#dialog.close();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.#explain(id, refusal);
    } finally {
      this.#busy.delete(id);
      this.draw();
    }
    if (action !== "resolve") this.#screen.focus(id);
  }

  #explain(id, refusal) {
    const current = refusal.problem.alarm;
    if (refusal.status === 401) return this.#signedOut();
    if (current) this.#take([current]);
    const say = this.#explanation(refusal);
    const dialog = this.#dialog.alarm;
    if (dialog?.id !== id) return this.#messages.set(id, say);
    if (!current) return this.#dialog.say(say());
    if (isUnresolved(current)) return this.#dialog.renew(current, say());
    this.#dialog.close();
    return this.#messages.set(id, say);
  }

  #explanation({ status, message: detail, problem: { alarm } }) {
    if (alarm) return () => race(alarm, this.#live.now);
    if (status === 403) return () => t("error.not_allowed");
    if (status === 0 || status >= 500) return () => t("error.no_answer");
    return () => t("error.refused", { detail });
  }
}
