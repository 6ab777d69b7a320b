// Who is at this screen.

import { show } from "./dom.js";
import { ask, Refusal } from "./requests.js";
import { t } from "./texts.js";

const form = document.getElementById("signin");
const message = form.querySelector(".message");
const button = form.querySelector("button");

/** The person whose session this browser has, or null when somebody must sign in. Throws Refusal. */
export async function whoAmI() {
  try {
    return await ask("GET", "/session");
  } catch (refusal) {
    if (refusal instanceof Refusal && refusal.status === 401) return null;
    throw refusal;
  }
}

/** Shows the form, and why it is there again, until somebody has signed in. `pressed` is called at the press. */
export function askToSignIn(reason, pressed) {
  show(message, reason && t(reason));
  form.elements.username.focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      pressed();
      const person = await attempt();
      if (person) resolve(person);
    };
  });
}

async function attempt() {
  if (button.ariaDisabled === "true") return null;
  button.ariaDisabled = "true";
  show(message, null);
  try {
    await ask("POST", "/session", Object.fromEntries(new FormData(form)));
    const person = await whoAmI();
    form.reset();
    return person;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    show(message, explanation(refusal));
    return null;
  } finally {
    button.ariaDisabled = "false";
  }
}

function explanation({ status, message: detail }) {
  if (status === 401) return t("signin.wrong");
  if (status === 429) return t("signin.later");
  if (status === 0 || status >= 500) return t("signin.failed");
  return t("error.refused", { detail });
}
