// The operators' page: what is down, how many devices are how, and a list of them with filters.

import { arrange, element, show } from "./dom.js";
import { Live } from "./live.js";
import { ask, askAll, Refusal } from "./requests.js";
import { askToSignIn, whoAmI } from "./signin.js";
import { chooseLanguage, loadTexts, onLanguage, t, tOf } from "./texts.js";
import { age, clock, clockSeconds, useZone } from "./times.js";

const AGAIN = 15_000;
const PAGE = 100;
const COLUMNS = ["name", "status", "last_seen", "battery", "signal", "remarks"];
const FILTERS = ["technology", "type", "life_cycle"];
const SORTS = ["last_seen", "battery_days_left", "battery", "id"];
const STATUSES = ["silent", "never_heard", "offline", "behind_hub", "ok"];
const DOWN = [["kind", "hub_down"], ["state", "open"], ["state", "accepted"], ["state", "at_person"]];
const WORDS = {
  technology: (value) => t(`fleet.technology.${value}`),
  type: (value) => value,
  life_cycle: (value) => tOf("life_cycle", value, { state: value }),
  sort: (value) => t(`fleet.sort.${value}`),
};
const LOW_DAYS = 14;
const LOW_PERCENT = 15;
const place = (id) => document.getElementById(id);
const filters = place("filters");
const live = new Live({ hello: draw, pulse: draw, change() {}, lost: draw, refused: read });

let status = "";
let known = null;
let limit = PAGE;
let reading = 0;
let trouble = null;

addEventListener("error", (event) => fail(() => event.message));
addEventListener("unhandledrejection", (event) => fail(() => String(event.reason)));
await loadTexts();
listen();
place("unready").remove();
await begin((await find()) ?? (await signIn()));

async function find() {
  for (;;) {
    try {
      return await whoAmI();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, AGAIN / 5));
    }
  }
}

function signIn() {
  document.body.dataset.view = "signin";
  return askToSignIn(null, () => {});
}

async function begin(person) {
  show(place("person"), person.name);
  document.body.dataset.view = "fleet";
  if (person.tenant) useZone((await ask("GET", `/tenants/${encodeURIComponent(person.tenant)}`)).timezone);
  live.start();
  await read();
  setInterval(read, AGAIN);
}

function listen() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => chooseLanguage(button.dataset.language));
  }
  onLanguage(draw);
  filters.addEventListener("change", askAnew);
  place("more").addEventListener("click", () => {
    limit += PAGE;
    read();
  });
  place("signout").addEventListener("click", async () => {
    await ask("DELETE", "/session");
    location.reload();
  });
}

function askAnew() {
  limit = PAGE;
  return read();
}

/** Everything that is shown, of one moment; an answer that another question has overtaken is left. */
async function read() {
  const mine = ++reading;
  const asked = FILTERS.map((name) => [name, filters.elements[name].value]).filter(([, value]) => value);
  const wanted = [...asked, ...(status ? [["status", status]] : []), ["sort", filters.elements.sort.value || SORTS[0]]];
  try {
    const [page, outages, counts, choices] = await Promise.all([
      devices(wanted),
      askAll("/alarms", DOWN),
      ask("GET", `/devices/counts?${new URLSearchParams([...asked, ["by", "status"]])}`),
      ask("GET", `/devices/counts?by=${FILTERS}`),
    ]);
    if (mine !== reading) return;
    known = { ...page, outages, counts: counts.items, choices: choicesIn(choices.items) };
    trouble = null;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.status === 401) return location.reload();
    if (mine !== reading) return;
    trouble = () => (refusal.status === 403 ? t("error.not_allowed") : t("fleet.unread"));
  }
  draw();
}

/** The first `limit` devices, and whether there are more. */
async function devices(wanted) {
  const page = await ask("GET", `/devices?${new URLSearchParams([...wanted, ["limit", Math.min(limit, 1000)]])}`);
  return { devices: page.items, next: page.next };
}

function choicesIn(counts) {
  const values = (name) => [...new Set(counts.map((count) => count[name]).filter(Boolean))].sort();
  return Object.fromEntries(FILTERS.map((name) => [name, values(name)]));
}

function fail(words) {
  trouble = words;
  draw();
}

function draw() {
  document.title = t("fleet.title");
  show(place("trouble"), trouble?.() ?? null);
  place("contact").dataset.on = String(live.connected);
  show(place("contact"), live.connected ? t("contact.on", { time: clockSeconds(live.now) }) : t("contact.off"));
  if (known === null || live.now === null) return;
  drawOutages();
  drawCounts();
  drawChoices();
  arrange(place("devices").tBodies[0], known.devices.map(row));
  place("devices").hidden = known.devices.length === 0;
  place("empty").hidden = known.devices.length > 0;
  place("more").hidden = known.next === null;
}

function drawOutages() {
  place("outages").hidden = known.outages.length === 0;
  arrange(place("outages").querySelector("ul"), known.outages.map((alarm) => element("li", {}, outage(alarm))));
}

function outage({ device, detail, opened_at: opened }) {
  const names = (detail.devices ?? []).slice(0, 5).map((one) => one.name ?? one.id);
  const values = { device, n: detail.device_count ?? 0, since: clock(detail.since ?? opened, live.now) };
  return [t("fleet.outage", values), names.join(", ")].filter(Boolean).join(" ");
}

function drawCounts() {
  const number = Object.fromEntries(known.counts.map((count) => [count.status, count.count]));
  const all = known.counts.reduce((sum, count) => sum + count.count, 0);
  const buttons = [["", all], ...STATUSES.map((name) => [name, number[name] ?? 0])].map(([name, n]) => count(name, n));
  const focused = document.activeElement?.dataset?.status;
  arrange(place("counts"), buttons);
  if (focused !== undefined) place("counts").querySelector(`[data-status="${focused}"]`)?.focus();
}

function count(name, n) {
  const text = `${name ? t(`fleet.status.${name}`) : t("fleet.all")}: ${n}`;
  const pressed = String(status === name);
  const button = element("button", { type: "button", "data-status": name, "aria-pressed": pressed }, text);
  button.addEventListener("click", () => {
    status = name;
    askAnew();
  });
  return button;
}

function drawChoices() {
  for (const name of FILTERS) choose(name, ["", ...(known.choices[name] ?? [])]);
  choose("sort", SORTS);
}

/** The choices of a filter in today's language; what is chosen stays. */
function choose(name, values) {
  const select = filters.elements[name];
  const chosen = select.value;
  arrange(select, values.map((value) => element("option", { value }, value ? WORDS[name](value) : t("fleet.all"))));
  select.value = values.includes(chosen) ? chosen : values[0];
}

function row(device) {
  const { health } = device;
  const { battery: percent, battery_days_left: days } = health;
  const isLow = percent !== null && (percent <= LOW_PERCENT || (days !== null && days < LOW_DAYS));
  const made = element("tr", { "data-device": device.id, "data-status": health.status, "data-low": String(isLow) });
  const values = [
    device.name ? `${device.name}\n${device.id}` : device.id,
    t(`fleet.status.${health.status}`),
    health.last_seen ? t("fleet.ago", { age: age(health.last_seen, live.now) }) : "",
    battery(health),
    signal(health),
    remarks(health),
  ];
  values.forEach((value, index) => {
    const heading = index === 0 ? "" : t(`fleet.${COLUMNS[index]}`);
    made.append(element("td", { class: COLUMNS[index], "data-heading": heading }, value));
  });
  return made;
}

function battery({ battery: percent, battery_days_left: days }) {
  if (percent === null) return "";
  const left = days === null ? "" : `\n${t("fleet.days", { n: Math.round(days) })}`;
  return `${Math.round(percent)} %${left}`;
}

function signal({ signal_quality: quality, signal_rssi_dbm: rssi }) {
  const words = [quality !== null && `${Math.round(quality)} %`, rssi !== null && `${Math.round(rssi)} dBm`];
  return words.filter(Boolean).join("\n");
}

function remarks(health) {
  const minutes = Math.round((health.clock_behind_seconds ?? 0) / 60);
  return [
    health.mains === false && t("fleet.mains_lost"),
    health.tampered && t("fleet.tampered"),
    health.faults.length > 0 && t("fleet.faults", { codes: health.faults.join(", ") }),
    Math.abs(minutes) >= 5 && t("fleet.clock", { n: minutes }),
  ].filter(Boolean).join("\n");
}
