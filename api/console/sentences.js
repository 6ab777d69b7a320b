// What an alarm and its journal say, in words.

import { t, tOf } from "./texts.js";
import { age, clock, isLater, whenever } from "./times.js";

const LATE_MINUTES = 2;
const TOLD_TO_STAFF = new Set(["noted", "annotated"]);

export function kindOf(alarm) {
  return tOf("kind", alarm.kind, { kind: alarm.kind });
}

/** Who it is about; of a couple with one device, nobody knows which of the two. */
export function nameOf({ resident_name: name, shared_with_name: other }) {
  if (name && other) return t("who.couple", { name, other });
  return name ?? t("who.nobody");
}

/** Why there is an alarm: the readable sentence of its first episode. */
export function why(alarm, now) {
  return reason({ ...alarm.detail, reason: alarm.reason, occurred_at: alarm.occurred_at }, now);
}

/** Every episode that stands on the alarm, once each: a second missed dose is another sentence, a press is counted. */
export function whys(alarm, entries, now) {
  const raised = entries.filter((entry) => entry.action === "counted" && (entry.data.window || entry.data.condition));
  return [...new Set([why(alarm, now), ...raised.map((entry) => reason(entry.data, now))])];
}

/** How late it came, when the device had said so long before; null otherwise. */
export function late(alarm, now) {
  if (!isLater(alarm.occurred_at, alarm.opened_at, LATE_MINUTES)) return null;
  return t("late", { time: clock(alarm.opened_at, now), age: age(alarm.occurred_at, alarm.opened_at) });
}

/** Until when the person is away, so that whoever goes there knows; null when nobody said so. */
export function away(alarm) {
  const until = alarm.detail.away_until;
  return until ? t("away", { time: whenever(until) }) : null;
}

/** How often it was raised, and when last if the journal has told; null when once. */
export function count(alarm, entries, now) {
  if (alarm.count < 2) return null;
  const last = entries.findLast((entry) => entry.action === "counted");
  const n = alarm.count;
  return last ? t("count.last", { n, time: clock(last.data.occurred_at, now) }) : t("count", { n });
}

/** Who has the alarm; null while nobody has. */
export function taken(alarm, me, now) {
  if (alarm.accepted_at === null) return null;
  const time = clock(alarm.accepted_at, now);
  const by = alarm.accepted_by === me.id ? t("taken.me", { time }) : t("taken.other", { time, name: taker(alarm) });
  const there = alarm.at_person_at && t("taken.at_person", { time: clock(alarm.at_person_at, now) });
  return there ? `${by} · ${there}` : by;
}

export function taker(alarm) {
  return alarm.accepted_by_name ?? t("somebody");
}

/** How a closed alarm ended, as far as the journal's last entries tell; null while it is not closed. */
export function ending(alarm, entries, now) {
  const time = alarm.closed_at && clock(alarm.closed_at, now);
  const last = entries.findLast((entry) => entry.action === alarm.state);
  if (alarm.state === "resolved") {
    const values = { time, name: last?.actor_name ?? t("somebody"), outcome: outcome(alarm.outcome) };
    return t("closed.resolved", values);
  }
  if (alarm.state === "elsewhere") return t("closed.forwarded", { unit: alarm.unit_name });
  if (alarm.state !== "withdrawn") return null;
  const because = last && reason(last.data, now);
  return because ? `${t("closed.withdrawn", { time })}: ${because}` : t("closed.withdrawn", { time });
}

/** What happened to this person's attempt, when somebody else changed the alarm first. */
export function race(alarm, now) {
  const values = { name: taker(alarm), time: alarm.accepted_at && clock(alarm.accepted_at, now) };
  if (alarm.state === "accepted") return t("race.accepted", values);
  if (alarm.state === "at_person") return t("race.at_person", values);
  return t(alarm.state === "open" ? "race.changed" : "race.closed");
}

/** Where to come and whom to ring, as the alarm or a later word of the device has it: texts, and where each leads. */
export function contact(alarm, entries) {
  const updates = entries.filter((entry) => entry.data.reason === "call_updated").map((entry) => entry.data);
  const said = Object.assign({}, alarm.detail, ...updates);
  const number = numberIn(said.call_back);
  const position = positionIn(said);
  return {
    place: [said.button && t("place.button", { button: said.button }), said.place].filter(Boolean).join("\n") || null,
    position: position && { text: position, href: `geo:${position.replace(" ", "")}` },
    call: said.call_back && { text: t("call", { number: number ?? said.call_back }), href: number && `tel:${number}` },
  };
}

/** The telephone number in a number or a SIP address; null when there is none that can be rung. */
function numberIn(callBack) {
  const user = (callBack ?? "").replace(/^(sips?|tel):/i, "").split(/[@;]/)[0].replace(/[\s().-]/g, "");
  return /^\+?[0-9]{3,15}$/.test(user) ? user : null;
}

function positionIn({ latitude, longitude }) {
  return latitude === undefined ? null : `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
}

/** Whether an entry of the journal is something that everybody who goes there should read. */
export function isNote(entry) {
  return TOLD_TO_STAFF.has(entry.action);
}

/** Whether an entry belongs to the history that staff read; that single screens were told does not. */
export function isEvent(entry) {
  return entry.action !== "notified";
}

/** What everybody should read, without the time of the entry when it names its own. */
export function note(entry, now) {
  return entry.action === "annotated" ? happening(entry, now) : event(entry, now);
}

/** One entry of the journal: when and what. */
export function event(entry, now) {
  return `${clock(entry.at, now)} ${happening(entry, now)}`;
}

function happening(entry, now) {
  const { action, data } = entry;
  const told = action === "escalated" && data.reason in ESCALATED ? ESCALATED[data.reason] : action;
  const text = tOf("event", told, {
    action,
    name: entry.actor_name ?? t("somebody"),
    why: data.reason ? reason(data, now) : "",
    note: data.text,
    outcome: outcome(data.outcome),
    n: data.told?.length,
  });
  const note = data.note ? ` – ${data.note}` : "";
  return text + note;
}

const ESCALATED = {
  reached_nobody: "escalated.reached_nobody",
  nobody_accepted: "escalated.nobody_accepted",
  all_declined: "escalated.all_declined",
  nobody_at_person: "escalated.nobody_at_person",
  last_resort: "escalated.last_resort",
  nobody_else: "escalated.nobody_else",
};

function outcome(name) {
  return name ? tOf("outcome", name) : "";
}

function reason(data, now) {
  const at = (time) => (time ? clock(time, now) : "");
  const alone = data.reason === "dose_reported_missed" && !data.window;
  return tOf("reason", alone ? "dose_reported_missed_alone" : data.reason, {
    reason: data.reason,
    window: doseWindow(data),
    rule: data.rule,
    percent: data.percent,
    behind: Math.round(data.behind_seconds / 60),
    time: at(data.occurred_at),
    since: at(data.since),
    ended: at(data.ended_at),
    done: at(data.done_at),
    text: data.text,
    dose: data.dose,
    n: data.n,
    hours: data.hours,
    taken: at(data.taken_at),
    activity: at(data.activity_at),
    reported: at(data.reported_at),
    told: [data.place, positionIn(data), numberIn(data.call_back) ?? data.call_back].filter(Boolean).join(", "),
  }).trimEnd();
}

/** `08:00–09:00`, never broken over two lines, and before it the name that the plan gives the dose, if any. */
function doseWindow({ window, dose }) {
  if (!window) return undefined;
  const hours = window.replace("-", "\u2060–\u2060");
  return dose && dose !== window ? `${dose} (${hours})` : hours;
}
