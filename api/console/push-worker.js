// Shows push messages, also while no page is open, and says that they have come. A press opens Vaka.

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const { id, title, body, tag, url, priority } = event.data.json();
  const looks = { body, tag, renotify: true, requireInteraction: priority === 1, icon: "/console/favicon.svg", data: { url } };
  event.waitUntil(Promise.all([self.registration.showNotification(title, looks), arrived(id)]));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url ?? "/"));
});

/** Without this, whoever is told by it is told by the next way as well: nothing is lost when it does not get through. */
async function arrived(id) {
  const headers = { "Content-Type": "application/json" };
  try {
    await fetch("/api/v1/push/delivered", { method: "POST", body: JSON.stringify({ id }), headers });
  } catch (error) {
    console.warn("no receipt", error);
  }
}
