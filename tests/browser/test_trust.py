"""The page never looks calm when it does not know: lost connections, a pipeline behind, sessions that end, bugs."""

import pytest

from api.health import Problem
from store.people import Role
from tests.browser.conftest import TESTA
from tests.support.console_page import ConsolePage
from tests.support.console_server import ConsoleServer

pytestmark = pytest.mark.browser

MEANING = "Du kanske inte ser nya larm. Ring larmcentralen."


def test_a_server_that_goes_away_is_seen_and_what_came_meanwhile_is_shown(
    vaka: ConsoleServer, page: ConsolePage
) -> None:
    page.watch_as("anna")
    # The error of the connection must do it, not that nothing was heard for a while.
    page.stop_time()
    vaka.stop()
    page.until(lambda: page.is_shown("#banner"))
    assert page.text("#banner").split("\n\n") == ["Ingen kontakt med Vaka sedan 03:12.", MEANING]
    assert page.text("#calm") == "Vet inte om det finns larm"
    assert page.text("#contact") == "Ingen kontakt"

    vaka.press("testa", "press-1")
    vaka.start()
    page.until_card(TESTA)
    page.until(lambda: not page.is_shown("#banner"))
    assert page.is_sounding()


def test_an_alarm_that_was_closed_meanwhile_is_not_shown_as_open(
    vaka: ConsoleServer, page: ConsolePage, other_page: ConsolePage
) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.until_card(TESTA)
    other_page.watch_as("bo")
    page.run("window.isDeaf = true")
    page.pass_time(seconds=60)
    page.until(lambda: page.is_shown("#banner"))
    other_page.press(TESTA, "resolve")
    other_page.find("#resolve .choice").click()
    other_page.find("#resolve button.resolve").click()
    other_page.until_card(TESTA, lambda card: card.section == "closed")
    assert page.until_card(TESTA).section == "open"
    page.run("window.isDeaf = false")
    page.pass_time(seconds=60)
    page.until_card(TESTA, lambda card: card.section == "closed" and "Bo Demoström avslutade" in card.text)
    page.until(lambda: not page.is_shown("#banner"))


def test_silence_without_any_error_is_seen(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    page.run("window.isDeaf = true")
    page.pass_time(seconds=13)
    page.until(lambda: "Ingen kontakt med Vaka sedan 03:12." in page.text("#banner"))
    page.run("window.isDeaf = false")
    page.pass_time(seconds=13)
    page.until(lambda: not page.is_shown("#banner"))
    page.until(lambda: page.text("#calm").startswith("Inga larm"))


def test_a_pipeline_that_is_behind_is_seen(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    vaka.health.problems = [Problem("log", "614 messages wait")]
    page.until(lambda: page.is_shown("#banner"))
    assert page.text("#banner").split("\n\n") == [
        "Vaka ligger efter sedan 03:12.",
        MEANING,
        "log: 614 messages wait",
    ]
    assert page.text("#calm") == "Vet inte om det finns larm"
    vaka.health.problems = []
    page.until(lambda: not page.is_shown("#banner"))
    page.until(lambda: page.text("#calm").startswith("Inga larm"))


def test_a_press_that_got_no_answer_says_so(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.until_card(TESTA)
    vaka.stop()
    page.press(TESTA, "accept")
    card = page.until_card(TESTA, lambda card: bool(card.message))
    assert card.message == "Vaka svarade inte. Larmet kanske inte är taget eller ändrat: försök igen."
    assert card.section == "open"
    vaka.start()
    page.until(lambda: not page.is_shown("#banner"))
    page.press(TESTA, "accept")
    card = page.until_card(TESTA, lambda card: card.section == "taken")
    assert card.message == ""


def test_a_session_that_has_ended_leaves_nothing_on_the_screen(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.until_card(TESTA)
    vaka.do(lambda connection: connection.execute("DELETE FROM sessions"))
    page.until(lambda: page.is_shown("#signin"))
    assert page.text("#signin .message") == "Din inloggning har gått ut. Logga in igen för att se larm."
    assert page.is_silent()
    assert TESTA not in page.run("return document.body.textContent")


def test_signing_out_ends_the_session(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    page.find("#signout").click()
    page.until(lambda: page.is_shown("#signin"))
    assert vaka.rows("SELECT * FROM sessions") == []


def test_a_wrong_password_is_refused(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.sign_in("anna", "not the password")
    page.until(lambda: page.text("#signin .message") == "Fel användarnamn eller lösenord.")
    assert not page.is_shown("#watch")


def test_a_role_that_may_not_see_alarms_is_told_so(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.add_staff("uno", "Uno Uppföljare", Role.FOLLOWUP)
    page.sign_in("uno")
    page.until(lambda: "Din roll får inte se larm." in page.text("#banner"))
    assert page.text("#calm") == "Vet inte om det finns larm"


def test_who_may_only_look_has_no_buttons(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.add_staff("ove", "Ove Driftsson", Role.OPERATOR)
    vaka.press("testa", "press-1")
    page.watch_as("ove")
    assert page.until_card(TESTA).buttons == []
    assert page.is_silent()


def test_an_error_in_the_page_itself_is_not_hidden(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    page.run("JSON.parse = () => null")
    page.until(lambda: "Något gick fel på den här sidan." in page.text("#banner"))
    assert "Cannot read properties of null" in page.text("#banner")
    assert page.text("#calm") == "Vet inte om det finns larm"


def test_a_page_whose_program_does_not_start_says_that_nothing_is_seen(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/console/watch.js"]})
    try:
        page.open()
        assert "Du ser inga larm. Ring larmcentralen." in page.text("#unready")
        assert not page.is_shown("main")
    finally:
        page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
