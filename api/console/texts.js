// Every text in both languages; Swedish unless somebody has chosen otherwise.

const CHOICE = "vaka.language";
const LANGUAGES = ["sv", "en"];
const texts = {};
const listeners = new Set();
let language = "sv";

/** Reads both languages, so that switching works without a connection too. */
export async function loadTexts() {
  await Promise.all(LANGUAGES.map(async (name) => {
    const response = await fetch(`/console/${name}.json`);
    if (!response.ok) throw new Error(`${name}.json: ${response.status}`);
    texts[name] = await response.json();
  }));
  speak(remembered());
}

/** The text `key` with its {places} filled. */
export function t(key, values = {}) {
  return texts[language][key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** The text `family.name`, or `family.other` for a name that this page does not know. */
export function tOf(family, name, values = {}) {
  const key = `${family}.${name}`;
  return t(key in texts[language] ? key : `${family}.other`, values);
}

export function locale() {
  return language === "sv" ? "sv-SE" : "en-GB";
}

export function onLanguage(listener) {
  listeners.add(listener);
}

export function chooseLanguage(name) {
  try {
    localStorage.setItem(CHOICE, name);
  } catch {
    // A browser that keeps nothing still switches, until the page is closed.
  }
  speak(name);
}

function remembered() {
  try {
    const choice = localStorage.getItem(CHOICE);
    return LANGUAGES.includes(choice) ? choice : "sv";
  } catch {
    return "sv";
  }
}

function speak(name) {
  language = name;
  document.documentElement.lang = name;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = t(element.dataset.label);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.ariaPressed = String(button.dataset.language === name);
  }
  for (const listener of listeners) listener();
}
