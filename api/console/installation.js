// The installer's page: choose the device, start the test, press, and see it come through.

import { element, show } from "./dom.js";
import { Live } from "./live.js";
import { ask, askAll, Refusal } from "./requests.js";
import { askToSignIn, whoAmI } from "./signin.js";
import { chooseLanguage, loadTexts, onLanguage, t } from "./texts.js";
import { clock, clockSeconds, useZone } from "./times.js";
import { about, result, runs, stateOf, title } from "./trial.js";

const RETRY = 3_000;
const place = (id) => document.getElementById(id);
const panel = place("device");
const choice = place("choose");
const live = new Live({ hello: renew, pulse: renew, change() {}, device: take, lost: draw, refused: checkSession });
let wanted = null;
let chosen = null;
let trial = null;
let message = null;

addEventListener("error", (event) => say(() => event.message));
addEventListener("unhandledrejection", (event) => say(() => String(event.reason)));
await loadTexts();
listenToButtons();
place("unready").remove();
await begin((await find()) ?? (await signIn()));

async function find() {
  for (;;) {
    try {
      return await whoAmI();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

function signIn() {
  document.body.dataset.view = "signin";
  return askToSignIn(null, () => {});
}

async function begin(person) {
  show(place("person"), person.name);
  document.body.dataset.view = "installation";
  document.title = t("installation.title");
  if (person.tenant) useZone((await ask("GET", `/tenants/${encodeURIComponent(person.tenant)}`)).timezone);
  const waiting = await askAll("/devices", [["life_cycle", "installed"]]);
  place("waiting").append(...waiting.map((device) => element("option", { value: device.id }, device.name ?? "")));
  live.start();
  const asked = new URLSearchParams(location.search).get("device");
  if (asked) await choose(asked);
}

function listenToButtons() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => chooseLanguage(button.dataset.language));
  }
  onLanguage(draw);
  choice.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(choice.elements.device.value.trim());
  });
  panel.querySelector(".start").addEventListener("click", () => act("POST", {}));
  panel.querySelector(".end").addEventListener("click", () => act("DELETE"));
  place("signout").addEventListener("click", async () => {
    await ask("DELETE", "/session");
    location.reload();
  });
}

function choose(id) {
  choice.elements.device.value = wanted = id;
  chosen = trial = null;
  return look(id);
}

/** What was missed while there was no contact is asked for anew. */
function renew() {
  draw();
  if (wanted) look(wanted, message);
}

function take(device) {
  if (device.id === wanted) look(wanted);
}

/** The stream was declined: because the session has ended, or because Vaka cannot follow now, and it is tried again. */
async function checkSession() {
  if ((await attempt(whoAmI)) === null && message === null) location.reload();
}

async function act(method, body) {
  say(null);
  await attempt(() => ask(method, `${address(wanted)}/test`, body));
  await look(wanted, message);
}

/** Reads the device and its last trial; `words` stay to be read. */
async function look(id, words = null) {
  const path = address(id);
  const read = await attempt(() => Promise.all([ask("GET", path), ask("GET", `${path}/tests?limit=1`)]));
  // The answer about a device that was left meanwhile comes too late.
  if (read === null || id !== wanted) return;
  chosen = read[0];
  trial = read[1].items[0] ?? null;
  say(words);
}

function address(id) {
  return `/devices/${encodeURIComponent(id)}`;
}

/** The answer, or null when there is none, which is then told. */
async function attempt(asking) {
  try {
    return await asking();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status === 401) location.reload();
    say(() => explanation(refusal));
    return null;
  }
}

function explanation({ status, message: detail }) {
  if (status === 403) return t("error.not_allowed");
  if (status === 404 || status === 422) return t("installation.unknown");
  if (status === 0 || status >= 500) return t("installation.no_answer");
  return t("error.refused", { detail });
}

function say(words) {
  message = words;
  draw();
}

function draw() {
  show(place("refused"), message?.() ?? null);
  place("contact").dataset.on = String(live.connected);
  show(place("contact"), live.connected ? t("contact.on", { time: clockSeconds(live.now) }) : t("contact.off"));
  panel.hidden = chosen === null;
  if (chosen === null || live.now === null) return;
  const state = stateOf(chosen, trial, live.now);
  const isRunning = runs(trial, live.now);
  panel.dataset.state = state;
  show(panel.querySelector("h1"), title(chosen));
  show(panel.querySelector(".about"), about(chosen));
  show(panel.querySelector(".result"), result(state, chosen, trial, live.now));
  show(panel.querySelector(".until"), isRunning ? t("installation.until", { time: clock(trial.until, live.now) }) : null);
  panel.querySelector(".start").hidden = isRunning || state === "not_here";
  panel.querySelector(".end").hidden = !isRunning;
}
