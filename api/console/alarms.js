// The alarms that this page knows: what is newer wins, in whatever order answers and the stream arrive.

const SHOWN_CLOSED = 5;
const CLOSED_FOR = 5 * 60_000;
const UNRESOLVED = new Set(["open", "accepted", "at_person"]);
const SOUNDING_PRIORITY = 2;

export function isUnresolved(alarm) {
  return UNRESOLVED.has(alarm.state);
}

/** Whether people must hear of it. */
export function isGrave(alarm) {
  return alarm.priority <= SOUNDING_PRIORITY;
}

/** What rises whenever an alarm changes; a count and an escalation leave `version` as it is. */
function stage(alarm) {
  return [alarm.version, alarm.count, alarm.round, alarm.rung];
}

function isNewer(alarm, than) {
  const [old, young] = [stage(than), stage(alarm)];
  const place = young.findIndex((number, index) => number !== old[index]);
  return place >= 0 && young[place] > old[place];
}

/** What a person mutes: this alarm as often as it has been raised, not the next time. */
function occasion(alarm) {
  return `${alarm.count} ${alarm.forwarded_at}`;
}

function byUrgency(a, b) {
  return a.priority - b.priority || Date.parse(a.opened_at) - Date.parse(b.opened_at) || (a.id < b.id ? -1 : 1);
}

export class AlarmBook {
  #alarms = new Map();
  #entries = new Map();
  #muted = new Map();
  #closedAt = new Map();

  get(id) {
    return this.#alarms.get(id);
  }

  /** Takes `alarm` as the API shows it. Says what it is to this page: "new", "again", "changed", or null for known. */
  take(alarm) {
    const old = this.#alarms.get(alarm.id);
    if (old && !isNewer(alarm, old)) return null;
    this.#alarms.set(alarm.id, alarm);
    if (isUnresolved(alarm)) this.#closedAt.delete(alarm.id);
    else if (!this.#closedAt.has(alarm.id)) this.#closedAt.set(alarm.id, Date.now());
    if (!old || !isUnresolved(old)) return isUnresolved(alarm) ? "new" : "changed";
    return isUnresolved(alarm) && (alarm.count > old.count || occasion(alarm) !== occasion(old)) ? "again" : "changed";
  }

  drop(id) {
    for (const map of [this.#alarms, this.#entries, this.#muted, this.#closedAt]) map.delete(id);
  }

  /** Takes entries of the journal of an alarm; those that are known already change nothing. */
  note(id, entries) {
    const known = this.#entries.get(id) ?? new Map();
    for (const entry of entries) known.set(entry.seq, entry);
    this.#entries.set(id, known);
  }

  /** The known journal of an alarm, in the order in which it happened. */
  entries(id) {
    return [...(this.#entries.get(id)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
  }

  mute(id) {
    this.#muted.set(id, occasion(this.#alarms.get(id)));
  }

  isSounding(alarm) {
    return alarm.state === "open" && isGrave(alarm) && this.#muted.get(alarm.id) !== occasion(alarm);
  }

  /** Those that nobody has taken, the most urgent first. */
  open() {
    return this.#where((alarm) => alarm.state === "open").sort(byUrgency);
  }

  /** Those that somebody has taken, first the ones that `person` has. */
  taken(person) {
    const isMine = (alarm) => alarm.accepted_by === person.id;
    const taken = this.#where((alarm) => isUnresolved(alarm) && alarm.state !== "open");
    return taken.sort((a, b) => isMine(b) - isMine(a) || byUrgency(a, b));
  }

  /** The last ones that were closed while this page looked on; forgets older ones. */
  closed() {
    const ids = [...this.#closedAt.keys()].reverse();
    const fresh = ids.filter((id, place) => place < SHOWN_CLOSED && Date.now() - this.#closedAt.get(id) < CLOSED_FOR);
    for (const id of ids) if (!fresh.includes(id)) this.drop(id);
    return fresh.map((id) => this.#alarms.get(id));
  }

  /** The ids of all unresolved ones. */
  unresolved() {
    return this.#where(isUnresolved).map((alarm) => alarm.id);
  }

  #where(condition) {
    return [...this.#alarms.values()].filter(condition);
  }
}
