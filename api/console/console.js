// The page, from its start on: texts, who is here, and then the watch.

import { showTrouble, watchForFaults } from "./banner.js";
import { show } from "./dom.js";
import { enable, isPossible, renew } from "./push.js";
import { ask, Refusal } from "./requests.js";
import { askToSignIn, whoAmI } from "./signin.js";
import { Sound } from "./sound.js";
import { chooseLanguage, loadTexts, onLanguage, t } from "./texts.js";
import { useZone } from "./times.js";
import { Watch } from "./watch.js";

const NO_CONTACT = { connected: false, now: null };
const RETRY = 3_000;

const place = (id) => document.getElementById(id);
const sound = new Sound(drawSound);
let watch = null;

watchForFaults(() => (watch ? watch.draw() : showTrouble(NO_CONTACT, null)));
await loadTexts();
listenToButtons();
place("unready").remove();
await keepWatch((await find()) ?? (await signIn(null)));
for (;;) await keepWatch(await signIn("signin.ended"));

/** The person of this browser's session, if there is one; until Vaka answers the page says that it does not. */
async function find() {
  for (;;) {
    try {
      const person = await whoAmI();
      showTrouble({ connected: true }, null);
      return person;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      showTrouble(NO_CONTACT, null);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

function signIn(reason) {
  setView("signin");
  return askToSignIn(reason, () => sound.enable());
}

/** Watches until the person is signed in no longer. */
async function keepWatch(person) {
  show(place("person"), person.name);
  setView("watch");
  await new Promise((ended) => {
    watch = new Watch(person, sound, ended);
    watch.start();
    useZoneOf(person.tenant);
    drawPush(renew(person));
    place("push").onclick = () => drawPush(enable(person));
  });
  watch.stop();
  watch = null;
  show(place("person"), null);
}

/** Without an answer the times stay in the zone of most municipalities. */
async function useZoneOf(tenant) {
  try {
    useZone((await ask("GET", `/tenants/${encodeURIComponent(tenant)}`)).timezone);
    watch?.draw();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
  }
}

function setView(view) {
  document.body.dataset.view = view;
  document.title = t("title");
  drawSound();
}

function drawSound() {
  document.body.dataset.sound = sound.isOn ? "on" : "off";
}

/** The button is there as long as this browser is not told for the person, and could be. */
async function drawPush(told) {
  document.body.dataset.push = isPossible() ? "off" : "none";
  try {
    if (await told) document.body.dataset.push = "on";
  } catch (error) {
    // A push service that cannot be reached: the button stays, and the page watches as before.
    console.warn("no push messages", error);
  }
}

function listenToButtons() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => chooseLanguage(button.dataset.language));
  }
  onLanguage(() => (watch ? watch.draw() : (document.title = t("title"))));
  place("sound").addEventListener("click", () => sound.chime());
  place("sound-enable").addEventListener("click", () => sound.enable());
  place("signout").addEventListener("click", signOut);
  document.addEventListener("visibilitychange", () => watch?.draw());
}

async function signOut() {
  try {
    await ask("DELETE", "/session");
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status !== 401) return show(place("news"), t("signout.failed"));
  }
  // A page that was loaded anew holds nothing of what the last person saw.
  return location.reload();
}
