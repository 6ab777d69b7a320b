// Times as people at the resident's place read them. `now` is always Vaka's own, from its last pulse: the page and
// what it shows then agree, whatever the clock of this computer says.

import { locale, t } from "./texts.js";

const MINUTE = 60_000;
const HALF_A_DAY = 12 * 60;
let zone = "Europe/Stockholm";

/** The time zone (IANA name) of the municipality. */
export function useZone(name) {
  zone = name;
}

/** `03:12`, with the day before it when that is neither today nor the evening of this night. */
export function clock(time, now) {
  const at = new Date(time);
  const hour = format(at, { hour: "2-digit", minute: "2-digit" });
  if (!isLater(time, now, HALF_A_DAY) || day(at) === day(new Date(now))) return hour;
  return `${format(at, { weekday: "short", day: "numeric", month: "short" })} ${hour}`;
}

/** `ons 4 mars 12:00`: a time that may lie days ahead. */
export function whenever(time) {
  const at = new Date(time);
  const hour = format(at, { hour: "2-digit", minute: "2-digit" });
  return `${format(at, { weekday: "short", day: "numeric", month: "short" })} ${hour}`;
}

/** `03:12:05`. */
export function clockSeconds(time) {
  return format(new Date(time), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** How long from one time to another, in whole minutes. */
export function age(from, to) {
  const minutes = Math.floor((Date.parse(to) - Date.parse(from)) / MINUTE);
  if (minutes < 1) return t("age.now");
  if (minutes < 60) return t("age.minutes", { n: minutes });
  if (minutes < 48 * 60) return t("age.hours", { h: Math.floor(minutes / 60), n: minutes % 60 });
  return t("age.days", { n: Math.floor(minutes / (24 * 60)) });
}

/** Whether `to` is more than `minutes` after `from`. */
export function isLater(from, to, minutes) {
  return Date.parse(to) - Date.parse(from) > minutes * MINUTE;
}

function day(time) {
  return format(time, { year: "numeric", month: "2-digit", day: "2-digit" });
}

function format(time, parts) {
  return new Intl.DateTimeFormat(locale(), { ...parts, hourCycle: "h23", timeZone: zone }).format(time);
}
