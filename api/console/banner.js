// What is wrong with what this page shows, in red, above everything else.

import { show } from "./dom.js";
import { t } from "./texts.js";
import { clock } from "./times.js";

const banner = document.getElementById("banner");
const [headline, meaning, detail] = banner.querySelectorAll("p");
const faults = [];

/** An error in the page itself: from then on nothing that it shows can be trusted. */
export function watchForFaults(onFault) {
  addEventListener("error", (event) => onFault(faults.push(event.message)));
  addEventListener("unhandledrejection", (event) => onFault(faults.push(String(event.reason))));
}

/** Shows what is wrong; says whether anything is. `unread`: why the list could not be read, or null. */
export function showTrouble(live, unread) {
  const [text, more] = trouble(live, unread);
  show(headline, text);
  show(meaning, text && t("banner.meaning"));
  show(detail, more);
  banner.hidden = text === null;
  return text !== null;
}

function trouble(live, unread) {
  if (faults.length > 0) return [t("banner.fault"), faults.at(-1)];
  if (unread?.status === 403) return [t("banner.role"), null];
  if (!live.connected) return [live.now ? t("banner.lost", { time: at(live.now, live) }) : t("banner.never"), null];
  if (unread) return [t("banner.unread"), unread.message];
  if (live.behind) return [t("banner.behind", { time: at(live.behind.since, live) }), words(live.behind.detail)];
  return [null, null];
}

function at(time, live) {
  return clock(time, live.now);
}

function words(detail) {
  return Array.isArray(detail) ? detail.join("; ") : (detail ?? null);
}
