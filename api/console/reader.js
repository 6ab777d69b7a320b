// Reading what happened before a connection: the unresolved alarms, and the journal of each.

import { ask, askAll, Refusal } from "./requests.js";

const UNRESOLVED = ["open", "accepted", "at_person"].map((state) => ["state", state]);

export class Reader {
  /** Whether all alarms are known that there were when the last connection began. */
  isKnown = false;
  /** Why they could not be read (a Refusal), or null. */
  unread = null;

  #book;
  #handlers;
  #readings = 0;
  #wanted = new Set();

  /** `handlers`: take(alarms) and note(id, entries) of what was read, changed() at the end, signedOut(). */
  constructor(book, handlers) {
    this.#book = book;
    this.#handlers = handlers;
  }

  async readAll() {
    this.isKnown = false;
    const reading = ++this.#readings;
    try {
      await this.#readAlarms();
      this.unread = null;
      // What an earlier connection asked for says nothing of what came after it.
      this.isKnown = reading === this.#readings;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.status === 401) return this.#handlers.signedOut();
      this.unread = refusal;
    }
    this.#handlers.changed();
    return this.#readJournals();
  }

  /** The journal of an alarm that was not known before is read, too. */
  readJournalOf(id) {
    this.#wanted.add(id);
    return this.#readJournals();
  }

  /** To be called now and then: what could not be read is tried again. */
  retry() {
    return this.unread ? this.readAll() : this.#readJournals();
  }

  async #readAlarms() {
    const before = this.#book.unresolved();
    const alarms = await askAll("/alarms", UNRESOLVED);
    const listed = new Set(alarms.map((alarm) => alarm.id));
    const left = before.filter((id) => !listed.has(id));
    await Promise.all(left.map((id) => this.#readOne(id)));
    this.#handlers.take(alarms);
    for (const id of [...listed, ...left]) this.#wanted.add(id);
  }

  /** An alarm that is no longer unresolved: how it ended, if this person may know. */
  async #readOne(id) {
    try {
      this.#handlers.take([await ask("GET", `/alarms/${encodeURIComponent(id)}`)]);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status !== 404) throw refusal;
      this.#book.drop(id);
    }
  }

  async #readJournals() {
    if (this.#wanted.size === 0) return;
    await Promise.all([...this.#wanted].map((id) => this.#readJournal(id)));
    this.#handlers.changed();
  }

  async #readJournal(id) {
    try {
      const entries = await askAll(`/alarms/${encodeURIComponent(id)}/journal`);
      this.#wanted.delete(id);
      this.#handlers.note(id, entries);
    } catch (refusal) {
      // Without its journal the alarm is shown all the same; the next pulse tries again, unless it is gone.
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.status === 404) this.#wanted.delete(id);
    }
  }
}
