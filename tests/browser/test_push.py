"""Push messages in a real browser: the worker is registered by the page, shows what comes, and opens Vaka."""

import json

import pytest

from tests.support.console_page import ConsolePage

pytestmark = pytest.mark.browser

# The page's own program, but for the push service in the middle, which this browser cannot reach.
ENABLE = """
const done = arguments[arguments.length - 1];
PushManager.prototype.subscribe = async (options) => ({
  options, toJSON: () => ({ endpoint: "https://push.example/1", keys: { p256dh: arguments[0], auth: "A".repeat(22) } }),
});
Notification.requestPermission = async () => "granted";
document.getElementById("push").click();
new MutationObserver(() => done(document.body.dataset.push)).observe(document.body, { attributeFilter: ["data-push"] });
"""
SHOWN = """
const done = arguments[arguments.length - 1];
navigator.serviceWorker.getRegistration("/console/push-worker.js").then(async (registration) => {
  const shown = await registration.getNotifications();
  done(shown.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url })));
});
"""
KEY = "B" + "A" * 86
MESSAGE = {"id": "n-1", "title": "Larm", "body": "Öppna Vaka", "tag": "t", "url": "/?notification=n-1", "priority": 1}


def test_a_browser_is_registered_and_shows_what_comes(page: ConsolePage) -> None:
    page.watch_as("anna")
    page.until(lambda: page.is_shown("#push"))
    do = page.browser.execute_cdp_cmd
    do("Browser.grantPermissions", {"origin": page.url.rstrip("/"), "permissions": ["notifications"]})
    assert page.browser.execute_async_script(ENABLE, KEY) == "on"
    assert not page.is_shown("#push")
    do("ServiceWorker.enable", {})
    message = {"origin": page.url.rstrip("/"), "registrationId": "0", "data": json.dumps(MESSAGE)}
    do("ServiceWorker.deliverPushMessage", message)
    expected = [{name: MESSAGE[name] for name in ("title", "body", "tag", "url")}]
    page.until(lambda: page.browser.execute_async_script(SHOWN) == expected)
    assert page.complaints() == []
