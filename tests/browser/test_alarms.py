"""Stories of staff at the console: an alarm comes, somebody takes it, and it is closed."""

from datetime import timedelta

import pytest
from selenium.webdriver.common.keys import Keys

from rules.alarm_lifecycle import Action
from rules.decisions import AlarmKind, Reason, Withdraw
from store.alarm_actions import Actor, act
from store.console_notifications import show_on_console
from tests.browser.conftest import ANNA, BO, LÅTSBERT, TESTA
from tests.support.alarms import add_notification
from tests.support.console_page import ConsolePage
from tests.support.console_server import OTHER_UNIT, ConsoleServer, raised

pytestmark = pytest.mark.browser


def test_a_press_is_seen_heard_taken_and_closed(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    page.until(lambda: page.text("#calm") == "Inga larm\n\nSenast kontrollerat 03:12:00")
    assert page.is_silent()

    alarm = vaka.press("testa", "press-1")
    card = page.until_card(TESTA)
    assert card.section == "open"
    assert card.why == "Tryckte på trygghetslarmet 03:12"
    for words in ("Liv · Trygghetslarm", "Norr", "Provgatan 12, 2 tr", "Nyckelskåp vid dörren.", "Får du inget svar"):
        assert words in card.text
    assert page.is_sounding()
    assert not page.is_shown("#calm")
    assert page.browser.title == "(1) Vaka – larm"
    assert page.run("return document.getElementById('announcement').textContent").startswith("Nytt larm: Trygghetslarm")

    page.button(TESTA, "accept").click()
    page.until_card(TESTA, lambda card: card.section == "taken" and "Du tog larmet 03:12" in card.text)
    assert page.is_silent()
    assert page.run("return document.activeElement.dataset.alarm") == alarm

    page.press(TESTA, "at_person")
    page.until_card(TESTA, lambda card: "På plats 03:12" in card.text and card.buttons == ["resolve"])

    page.press(TESTA, "resolve")
    page.until(lambda: page.is_shown("#resolve"))
    page.find("#resolve button.resolve").click()
    assert page.text("#resolve .message") == "Välj hur det gick."
    page.find("#resolve .choice").click()
    page.find("#resolve textarea").send_keys("Satt vid köksbordet.")
    page.find("#resolve button.resolve").click()
    page.until_card(TESTA, lambda card: f"{ANNA} avslutade 03:12: Personen fick hjälp" in card.text)
    page.until(lambda: page.text("#calm").startswith("Inga larm"))
    assert not page.is_shown("#resolve")

    journal = vaka.rows("SELECT actor, action, data FROM alarm_journal WHERE actor = 'anna' ORDER BY seq")
    assert [entry["action"] for entry in journal] == ["accepted", "at_person", "resolved"]
    assert journal[-1]["data"] == {"name": ANNA, "outcome": "helped", "note": "Satt vid köksbordet."}
    assert page.complaints() == []


def test_of_two_one_is_told_who_was_faster(vaka: ConsoleServer, page: ConsolePage, other_page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    other_page.watch_as("bo")
    # Bo's press is held on its way until Anna's has won.
    other_page.run(
        "const go = new Promise((resolve) => (window.letGo = resolve)), send = fetch;"
        "window.fetch = async (...request) => (await go, send(...request));"
    )
    other_page.press(TESTA, "accept")
    page.press(TESTA, "accept")
    other_page.until_card(TESTA, lambda card: card.section == "taken" and f"{ANNA} tog larmet 03:12" in card.text)
    assert other_page.is_silent()
    other_page.run("letGo()")
    lost = other_page.until_card(TESTA, lambda card: bool(card.message))
    assert lost.message == f"{ANNA} hann före och tog larmet 03:12."
    assert page.until_card(TESTA).message == ""


def test_a_dialog_does_not_close_what_somebody_else_has_changed(
    vaka: ConsoleServer, page: ConsolePage, other_page: ConsolePage
) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    other_page.watch_as("bo")
    page.press(TESTA, "resolve")
    page.until(lambda: page.is_shown("#resolve"))
    page.find("#resolve .choice").click()
    page.find("#resolve textarea").send_keys("Fel person", Keys.ESCAPE)
    page.until(lambda: not page.is_shown("#resolve"))

    page.press(TESTA, "resolve")
    page.until(lambda: page.is_shown("#resolve"))
    assert page.run("return new FormData(document.querySelector('#resolve form')).get('note')") == ""
    page.find("#resolve button.resolve").click()
    assert page.text("#resolve .message") == "Välj hur det gick."
    page.find("#resolve .choice").click()
    other_page.press(TESTA, "accept")
    page.until_card(TESTA, lambda card: card.section == "taken")
    page.find("#resolve button.resolve").click()
    page.until(lambda: page.text("#resolve .message") == f"{BO} hann före och tog larmet 03:12.")
    page.find("#resolve button.resolve").click()
    page.until_card(TESTA, lambda card: card.section == "closed")


def test_a_withdrawn_alarm_says_why_and_leaves(vaka: ConsoleServer, page: ConsolePage) -> None:
    page.watch_as("anna")
    window = {"window": "08:00-09:00", "dose": "08:00-09:00"}
    missed = raised("dose-1", "testa", AlarmKind.MISSED_DOSE, Reason.DOSE_NOT_TAKEN, vaka.clock(), **window)
    vaka.decide(missed)
    card = page.until_card(TESTA, lambda card: card.section == "open")
    assert card.why.replace("\u2060", "") == "Dosen 08:00–09:00 är inte tagen"
    taken = (vaka.clock() - timedelta(minutes=30)).isoformat()
    vaka.decide(
        Withdraw(
            id="withdraw-1",
            key=missed.key,
            at=vaka.clock(),
            reason=Reason.DOSE_TAKEN_LATE,
            episode="dose-1",
            detail={**window, "taken_at": taken, "reported_at": vaka.clock().isoformat()},
        )
    )
    card = page.until_card(TESTA, lambda card: card.section == "closed")
    assert "Drogs tillbaka 03:12: Dosen 08:00–09:00 togs 02:42" in card.text.replace("\u2060", "")
    assert card.buttons == []
    assert page.is_silent()


def test_one_alarm_is_muted_until_it_is_raised_again(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.until(page.is_sounding)
    page.press(TESTA, "mute")
    page.until(page.is_silent)
    assert "mute" not in page.until_card(TESTA).buttons

    vaka.press("latsbert", "press-2")
    page.until(page.is_sounding)
    page.press(LÅTSBERT, "mute")
    page.until(page.is_silent)

    vaka.press("testa", "press-3")
    page.until_card(TESTA, lambda card: "2 gånger, senast 03:12" in card.text)
    assert page.is_sounding()


def test_a_further_press_on_a_taken_alarm_chimes_once(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.press(TESTA, "accept")
    page.until_card(TESTA, lambda card: card.section == "taken")
    assert page.run("return chimes") == 0
    vaka.press("testa", "press-2")
    page.until_card(TESTA, lambda card: "2 gånger" in card.text)
    assert page.run("return chimes") == 1
    assert page.is_silent()


def test_a_page_that_was_loaded_anew_asks_for_a_press_before_it_can_sound(
    vaka: ConsoleServer, page: ConsolePage
) -> None:
    page.watch_as("anna")
    vaka.press("testa", "press-1")
    page.reload()
    page.until_card(TESTA)
    assert not page.is_sounding()
    assert "Ljudet är av" in page.text("#silent")
    page.find("#sound-enable").click()
    page.until(page.is_sounding)
    assert not page.is_shown("#silent")


def test_ones_own_alarms_stand_before_those_of_others(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    vaka.press("latsbert", "press-2")
    vaka.do(lambda connection: act(connection, "press-1", Action.ACCEPT, 1, Actor("bo", BO), vaka.clock(), {}))
    page.watch_as("anna")
    page.until_card(TESTA, lambda card: card.section == "taken")
    page.press(LÅTSBERT, "accept")
    page.until_card(LÅTSBERT, lambda card: card.section == "taken")
    assert page.names("taken") == [LÅTSBERT, TESTA]


def test_an_alarm_that_another_unit_got_leaves(vaka: ConsoleServer, page: ConsolePage) -> None:
    alarm = vaka.press("testa", "press-1")
    page.watch_as("anna")
    page.until(page.is_sounding)
    vaka.forward(alarm, OTHER_UNIT)
    card = page.until_card(TESTA, lambda card: card.section == "closed")
    assert "Skickades vidare till Söder" in card.text
    assert card.buttons == []
    assert page.is_silent()


def test_the_most_urgent_stands_first_and_then_the_oldest(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.add_resident("sagolina", "Sagolina Demolund")
    vaka.add_resident("fiktor", "Fiktor Påhittsdal")
    silence = {"since": vaka.clock().isoformat()}
    vaka.decide(raised("1", "latsbert", AlarmKind.INACTIVITY, Reason.NO_ACTIVITY, vaka.clock(), **silence))
    vaka.clock.advance(timedelta(minutes=1))
    vaka.press("testa", "2")
    vaka.clock.advance(timedelta(minutes=1))
    page.watch_as("anna")
    page.until(lambda: len(page.names()) == 2)
    vaka.press("sagolina", "3")
    page.until(lambda: len(page.names()) == 3)
    vaka.decide(raised("4", "fiktor", AlarmKind.RULE_FAILED, Reason.RULE_FAILED, vaka.clock(), rule="inactivity"))
    page.until(lambda: len(page.names()) == 4)
    assert page.names() == [TESTA, "Sagolina Demolund", LÅTSBERT, "Fiktor Påhittsdal"]


def test_a_card_that_jumps_under_the_finger_is_not_pressed(vaka: ConsoleServer, page: ConsolePage) -> None:
    silence = {"since": vaka.clock().isoformat()}
    vaka.decide(raised("1", "latsbert", AlarmKind.INACTIVITY, Reason.NO_ACTIVITY, vaka.clock(), **silence))
    page.watch_as("anna")
    page.until_card(LÅTSBERT)
    page.size(360, 2000)
    page.run("window.frozen = performance.now(); performance.now = () => frozen")
    vaka.press("testa", "2")
    page.until(lambda: page.names() == [TESTA, LÅTSBERT])
    # A press that does something has done so, to be seen, before the click returns.
    accept = page.button(LÅTSBERT, "accept")
    accept.click()
    assert (accept.get_attribute("aria-disabled"), accept.is_displayed()) == ("false", True)
    page.run("performance.now = () => frozen + 1000")
    accept.click()
    page.until_card(LÅTSBERT, lambda card: card.section == "taken")


def test_what_was_shown_is_receipted(vaka: ConsoleServer, page: ConsolePage) -> None:
    alarm = vaka.press("testa", "press-1")
    page.watch_as("anna")
    vaka.do(lambda connection: add_notification(connection, "to-anna", alarm, "anna", channel="console"))
    vaka.do(lambda connection: add_notification(connection, "to-bo", alarm, "bo", channel="console"))
    vaka.do(lambda connection: show_on_console(connection, vaka.clock(), 10))
    states = "SELECT receiver, state FROM notifications ORDER BY receiver"
    page.until(lambda: [row["state"] for row in vaka.rows(states)] == ["seen", "sent"])


def test_whoever_opens_the_link_of_a_message_has_seen_it(vaka: ConsoleServer, page: ConsolePage) -> None:
    alarm = vaka.press("testa", "press-1")
    vaka.do(lambda connection: add_notification(connection, "to-anna", alarm, "phone", channel="sms"))
    vaka.rows("UPDATE notifications SET state = 'sent', owner = 'staff', owner_id = 'anna' RETURNING id")
    page.url += "?notification=to-anna"
    page.watch_as("anna")
    page.until(lambda: vaka.rows("SELECT state FROM notifications") == [{"state": "seen"}])


def test_a_hostile_name_is_only_text(vaka: ConsoleServer, page: ConsolePage) -> None:
    name = "<img src=x onerror=\"document.body.dataset.hacked='1'\">"
    vaka.add_resident(
        "hostile", name, address="</dd><script>alert(1)</script>", instructions="{name} &amp; <b>nyckel</b>"
    )
    vaka.press("hostile", "press-1")
    page.watch_as("anna")
    card = page.until_card(name)
    assert "</dd><script>alert(1)</script>" in card.text
    assert "{name} &amp; <b>nyckel</b>" in card.text
    page.press(name, "resolve")
    page.until(lambda: name in page.text("#resolve h2"))
    assert page.run("return [document.images.length, document.scripts.length, document.body.dataset.hacked]") == [
        1,
        1,
        None,
    ]
    assert page.complaints() == []
