"""The installer's page: choose the device, start the test, press, and see it come through."""

from datetime import timedelta
from functools import partial

import pytest
from selenium.webdriver.common.keys import Keys

from events.devices import LifeCycle
from events.ids import DeviceId, ResidentId
from events.kinds import Technology
from store import assignments, devices
from store.pool import Connection
from store.proof import prove
from tests.browser.test_reading import PALE_TEXTS, SMALL_TARGETS
from tests.support.console_page import ConsolePage
from tests.support.console_server import NIGHT, TENANT, ConsoleServer

pytestmark = pytest.mark.browser

KNOB = DeviceId("knapp-7")


async def install(connection: Connection) -> None:
    """A button that Testa has got today, and that nobody has heard yet."""
    technology = Technology.SOCIAL_ALARM
    new = devices.Device(
        KNOB, TENANT, technology, "Provknapp", None, None, NIGHT, serial="0042", life_cycle=LifeCycle.INSTALLED
    )
    await devices.add_device(connection, new)
    lent = assignments.Assignment("lent", TENANT, KNOB, ResidentId("testa"), NIGHT, None, NIGHT, technology)
    await assignments.add_assignment(connection, lent)


@pytest.fixture
def installer(page: ConsolePage, vaka: ConsoleServer) -> ConsolePage:
    """Somebody of the staff, signed in, with the device before them."""
    vaka.do(install)
    page.url = f"{vaka.url}installation"
    page.sign_in("anna")
    page.until(lambda: page.is_shown("#choose"))
    page.find("[name=device]").send_keys(KNOB, Keys.ENTER)
    page.until(lambda: page.text("#device h1") == "Provknapp")
    return page


def state(page: ConsolePage) -> str:
    return str(page.find("#device").get_attribute("data-state"))


def says(page: ConsolePage, words: str) -> bool:
    return page.text(".result") == words


def test_the_press_turns_the_page_green(installer: ConsolePage, vaka: ConsoleServer) -> None:
    assert (state(installer), installer.text(".result")) == ("untested", "Inte testad")
    assert "Serienummer: 0042" in installer.text(".about")
    installer.find(".start").click()
    installer.until(lambda: state(installer) == "waiting")
    assert installer.text(".result") == "Tryck på larmet nu"
    assert "Till 03:22 är ett tryck ett test" in installer.text(".until")

    vaka.do(lambda connection: prove(connection, KNOB, vaka.clock(), "test_alarm"))
    installer.until(lambda: state(installer) == "proven")
    assert installer.text(".result") == "Fungerar. Testad 03:12"
    installer.find(".end").click()
    installer.until(lambda: installer.is_shown(".start"))
    assert state(installer) == "proven"
    assert vaka.rows("SELECT actor FROM device_history WHERE reason LIKE 'trial%%' ORDER BY id") == [
        {"actor": "anna"},
        {"actor": "anna"},
    ]
    assert installer.complaints() == []


def test_a_test_that_nobody_pressed_in_is_not_green(installer: ConsolePage, vaka: ConsoleServer) -> None:
    installer.find(".start").click()
    installer.until(lambda: state(installer) == "waiting")
    vaka.clock.advance(timedelta(minutes=11))
    installer.until(lambda: state(installer) == "untested")
    assert installer.is_shown(".start")
    assert not installer.is_shown(".until")


def test_an_old_proof_is_none_where_the_device_was_installed_anew(installer: ConsolePage, vaka: ConsoleServer) -> None:
    installer.find(".start").click()
    installer.until(lambda: state(installer) == "waiting")
    vaka.do(lambda connection: prove(connection, KNOB, vaka.clock(), "test_alarm"))
    installer.until(lambda: state(installer) == "proven")
    vaka.clock.advance(timedelta(days=30))
    vaka.rows("UPDATE devices SET life_cycle = 'installed' RETURNING id")
    installer.until(lambda: state(installer) == "untested")


def test_a_device_that_is_not_there_is_told(installer: ConsolePage) -> None:
    field = installer.find("[name=device]")
    field.clear()
    field.send_keys("ingen", Keys.ENTER)
    installer.until(lambda: installer.text("#refused") == "Det finns ingen sådan enhet.")
    assert not installer.is_shown("#device")


def test_it_can_be_read_in_both_languages_and_lights(installer: ConsolePage) -> None:
    installer.find(".start").click()
    installer.until(lambda: state(installer) == "waiting")
    for language, words in (("en", "Press the alarm now"), ("sv", "Tryck på larmet nu")):
        installer.find(f"[data-language={language}]").click()
        installer.until(partial(says, installer, words))
    for width, scheme in ((360, "light"), (1280, "dark")):
        installer.size(width, 740)
        installer.scheme(scheme)
        assert installer.run(PALE_TEXTS) == []
        assert installer.run(SMALL_TARGETS) == []
