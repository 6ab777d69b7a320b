// Push messages to this browser for whoever is signed in: asked for with a press, renewed whenever the page starts.

import { ask } from "./requests.js";

const WORKER = "/console/push-worker.js";
const OWNER = "push-owner";

/** Only browsers that can, and only over TLS or on the machine itself. */
export const isPossible = () => "serviceWorker" in navigator && "PushManager" in window;

/** Whether this browser is told for `person`. What it was told for somebody else ends. Throws Refusal. */
export async function renew(person) {
  const registration = isPossible() ? await navigator.serviceWorker.getRegistration(WORKER) : undefined;
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return false;
  if (localStorage.getItem(OWNER) === person.id) await subscribe(registration, person);
  else await subscription.unsubscribe();
  return localStorage.getItem(OWNER) === person.id;
}

/** Must be called while the person presses something. Whether they let the browser show messages. Throws Refusal. */
export async function enable(person) {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const registration = await navigator.serviceWorker.register(trusted(WORKER));
  await active(registration);
  await subscribe(registration, person);
  return true;
}

async function subscribe(registration, person) {
  const { key } = await ask("GET", "/push/key");
  const old = await registration.pushManager.getSubscription();
  const same = old && encoded(old.options.applicationServerKey) === key;
  if (old && !same) await old.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = same ? old : await registration.pushManager.subscribe(options);
  const { endpoint, keys } = subscription.toJSON();
  await ask("POST", "/push/subscriptions", { endpoint, p256dh: keys.p256dh, auth: keys.auth, key });
  localStorage.setItem(OWNER, person.id);
}

/** A new worker is there only after a moment. */
function active(registration) {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active || !worker) return undefined;
  return new Promise((resolve) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && resolve());
  });
}

/** The page's policy lets no text become a program; this one address may. */
function trusted(address) {
  if (!window.trustedTypes) return address;
  const policy = window.trustedTypes.createPolicy("vaka-push", { createScriptURL: () => address });
  return policy.createScriptURL(address);
}

function encoded(octets) {
  const text = btoa(String.fromCharCode(...new Uint8Array(octets)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
