// What is known of a device's trial, in words. Nothing here is green that has not come all the way through.

import { t, tOf } from "./texts.js";
import { clock } from "./times.js";

/** Whether what the device says now is a test. */
export function runs(trial, now) {
  return trial !== null && Date.parse(trial.until) > Date.parse(now);
}

/** `waiting` for a press, `proven` by one, `in_use` since before, `untested`, or `not_here`: it cannot be tried.
 *
 * The last trial of a device that was installed anew since then proves nothing. */
export function stateOf(device, trial, now) {
  if (runs(trial, now)) return trial.proven_at ? "proven" : "waiting";
  if (device.life_cycle === "in_use") return trial?.proven_at ? "proven" : "in_use";
  return device.life_cycle === "installed" ? "untested" : "not_here";
}

export function title(device) {
  return device.name ?? device.model ?? device.id;
}

export function about(device) {
  const who = [device.resident, device.shared_with].filter(Boolean).join(", ");
  const lines = [
    t("installation.id", { id: device.id }),
    device.serial && t("installation.serial", { serial: device.serial }),
    who ? t("installation.with", { who }) : t("installation.with_nobody"),
  ];
  return lines.filter(Boolean).join("\n");
}

export function result(state, device, trial, now) {
  if (state === "proven") return t("installation.proven", { time: clock(trial.proven_at, now) });
  if (state === "not_here") return t("installation.not_here", { state: tOf("life_cycle", device.life_cycle) });
  return tOf("installation.state", state);
}
