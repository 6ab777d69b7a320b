// Receipts: that what this person was told of has really been on their screen.

import { ask, Refusal } from "./requests.js";

export class Notices {
  #person;
  #unseen = new Set();
  #done = new Set();

  /** Whoever comes by the link of a message has seen it, once the page shows what it is about. */
  constructor(person) {
    this.#person = person;
    const linked = new URLSearchParams(window.location.search).get("notification");
    if (linked) this.#unseen.add(linked);
  }

  /** Takes entries of the journal, and keeps those that told this person of an alarm. */
  take(entries) {
    for (const { action, data } of entries) {
      const mine = action === "notified" && data.receiver === this.#person.id;
      if (mine && !this.#done.has(data.notification)) this.#unseen.add(data.notification);
    }
  }

  /** To be called when the alarms have been drawn: says so to Vaka, if anybody could have seen it. */
  async shown() {
    if (document.visibilityState !== "visible") return;
    const ids = [...this.#unseen];
    this.#unseen.clear();
    await Promise.all(ids.map((id) => this.#say(id)));
  }

  async #say(id) {
    this.#done.add(id);
    try {
      await ask("POST", `/notifications/${encodeURIComponent(id)}/seen`);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      const later = refusal.status === 0 || refusal.status >= 500;
      if (later) this.#done.delete(id);
      if (later) this.#unseen.add(id);
    }
  }
}
