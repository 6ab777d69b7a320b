"""The console in a real Chromium, as a person uses it."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.console_server import PASSWORD
from tests.support.requirements import require

PATIENCE = 30
OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=sv",
)

# Before the page's own program: knows what sounds, whatever the machine has for a loudspeaker, and can be made deaf
# to the stream.
LISTEN = """
window.sounding = new Set();
window.chimes = 0;
const { start, stop } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (...args) {
  if (this.loop) window.sounding.add(this);
  else window.chimes++;
  return start.apply(this, args);
};
AudioBufferSourceNode.prototype.stop = function (...args) {
  window.sounding.delete(this);
  return stop.apply(this, args);
};
const { addEventListener } = EventSource.prototype;
EventSource.prototype.addEventListener = function (name, hear) {
  addEventListener.call(this, name, (message) => (this.isDeaf ||= window.isDeaf) || hear(message));
};
"""
CARD = """
const card = [...document.querySelectorAll(".card")].find((c) => c.querySelector(".name").textContent === arguments[0]);
return card && {
  id: card.dataset.alarm,
  section: card.closest("section").id,
  text: card.innerText,
  why: card.querySelector(".why").innerText,
  message: card.querySelector(".message").innerText,
  buttons: [...card.querySelectorAll("button")].filter((b) => b.checkVisibility()).map((b) => b.className),
};
"""

KNOWS = """
const { view } = document.body.dataset, { hidden, dataset } = document.getElementById("calm");
return view === "watch" && (hidden || dataset.state === "none") && document.getElementById("banner").hidden;
"""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Card:
    """What the card of a resident shows; `section` is `open`, `taken` or `closed`, `buttons` those to be seen."""

    id: str
    section: str
    text: str
    why: str
    message: str
    buttons: list[str]


def start_chromium(profile: Path) -> webdriver.Chrome:
    chromium, driver = (require(name, shutil.which(name)) for name in ("chromium", "chromedriver"))
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LISTEN})
    return browser


class ConsolePage:
    """One browser that looks at the console at `url`."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser = browser
        self.url = url

    def forget_everything(self) -> None:
        """As a browser that has never been here."""
        self.browser.get("about:blank")
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        self.complaints()

    def complaints(self) -> list[str]:
        """What the browser has said against the page since it was last asked; answers of the API are not meant."""
        log = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if "Failed to load resource" not in entry["message"]]

    def open(self) -> None:
        self.browser.get(self.url)

    def reload(self) -> None:
        """Waits until the old page is gone and the new one has found out who is here."""
        self.run("window.isOld = true")
        self.browser.refresh()
        self.until(lambda: self.run("return !window.isOld && document.body?.dataset.view === 'watch'"))

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        """Opens the page and presses the button of its form."""
        self.open()
        self.until(lambda: self.is_shown("#signin"))
        self.find("[name=username]").send_keys(username)
        self.find("[name=password]").send_keys(password)
        self.find("#signin button").click()

    def watch_as(self, username: str) -> None:
        """Signs in, and waits until the page knows how things are, and that they are well."""
        self.sign_in(username)
        self.until(lambda: self.run(KNOWS))

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """What can be read there; empty when it is hidden."""
        found = self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        return str(found) if self.is_shown(selector) else ""

    def is_shown(self, selector: str) -> bool:
        return bool(self.run("return !!document.querySelector(arguments[0])?.checkVisibility()", selector))

    def names(self, section: str = "open") -> list[str]:
        """The names on the cards of a section, from top to bottom."""
        script = "return [...document.querySelectorAll(`#${arguments[0]} .name`)].map((name) => name.textContent)"
        return list(self.run(script, section))

    def card(self, name: str) -> Card | None:
        found = self.run(CARD, name)
        return Card(**found) if found else None

    def until(self, condition: Callable[[], Seen | None]) -> Seen:
        """Waits for it to be true, and returns it."""
        return WebDriverWait(self.browser, PATIENCE, 0.05).until(lambda _: condition())  # type: ignore[return-value]

    def until_card(self, name: str, condition: Callable[[Card], object] = lambda card: True) -> Card:
        return self.until(lambda: card if (card := self.card(name)) and condition(card) else None)

    def button(self, name: str, action: str) -> WebElement:
        card = self.until_card(name, lambda card: action in card.buttons)
        return self.find(f".card[data-alarm='{card.id}'] button.{action}")

    def press(self, name: str, action: str) -> None:
        """Presses a button of somebody's card, with the keyboard."""
        self.button(name, action).send_keys(Keys.ENTER)

    def is_sounding(self) -> bool:
        """Whether the alarm sound runs and the browser lets it be heard."""
        return bool(self.run("return sounding.size === 1 && document.body.dataset.sound === 'on'"))

    def is_silent(self) -> bool:
        return bool(self.run("return sounding.size === 0"))

    def stop_time(self) -> None:
        """For the page's own clock only."""
        self.run("const now = Date.now(); Date.now = () => now")

    def pass_time(self, seconds: int) -> None:
        """For the page's own clock only."""
        self.run(f"const was = Date.now; Date.now = () => was() + 1000 * {seconds}")

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, scheme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
