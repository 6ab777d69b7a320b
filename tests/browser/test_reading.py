"""What can be read: in two languages, by day and by night, on a telephone and a desk, and by whom."""

from datetime import timedelta

import pytest

from rules.decisions import AlarmKind, Annotate, Reason
from tests.browser.conftest import LÅTSBERT, TESTA
from tests.support.console_page import ConsolePage
from tests.support.console_server import ConsoleServer, raised

pytestmark = pytest.mark.browser

# WCAG 2.2, 1.4.3: relative luminance of text and of the nearest ground that is not transparent.
PALE_TEXTS = """
const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const parse = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (e) => {
  const color = parse(getComputedStyle(e).backgroundColor);
  return color[3] === 0 ? (e.parentElement ? ground(e.parentElement) : [255, 255, 255]) : color;
};
return [...document.querySelectorAll("body *")].flatMap((e) => {
  const words = [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim()).map((n) => n.textContent);
  if (words.length === 0 || !e.checkVisibility() || e.closest(".spoken")) return [];
  const [one, two] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))];
  const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
  return contrast < 4.5 ? [`${words[0]}: ${contrast.toFixed(2)}`] : [];
});
"""
SMALL_TARGETS = """
return [...document.querySelectorAll("button, summary, .choice, input, textarea")]
  .filter((e) => e.checkVisibility() && e.type !== "radio")
  .map((e) => [e.className || e.id || e.tagName, e.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44 || box.right > innerWidth)
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}, until ${box.right}`);
"""

SENTENCES = {
    "sv": [
        "Tryckte på trygghetslarmet 03:12",
        "Ett fall upptäcktes 03:12",
        "Rök upptäcktes 03:12",
        "Dosen Morgon (08:00–09:00) är inte tagen",
        "Läkemedelsautomaten sade 03:12 att en dos inte är tagen",
        "Ingen aktivitet sedan 21:40",
        "Bevakningen inactivity slutade fungera 03:12",
    ],
    "en": [
        "Pressed the social alarm 03:12",
        "A fall was detected 03:12",
        "Smoke was detected 03:12",
        "The dose Morgon (08:00–09:00) is not taken",
        "The dispenser said 03:12 that a dose is not taken",
        "No activity since 21:40",
        "The watch inactivity stopped working 03:12",
    ],
}


def raise_all_kinds(vaka: ConsoleServer) -> list[str]:
    """One alarm of each kind and reason; the names of their residents in the same order."""
    evening = (vaka.clock() - timedelta(hours=5, minutes=32)).isoformat()
    alarms: list[tuple[AlarmKind, Reason, dict[str, str]]] = [
        (AlarmKind.SOCIAL_ALARM, Reason.PRESSED, {}),
        (AlarmKind.FALL, Reason.FALL_DETECTED, {}),
        (AlarmKind.SMOKE, Reason.SMOKE_DETECTED, {}),
        (AlarmKind.MISSED_DOSE, Reason.DOSE_NOT_TAKEN, {"window": "08:00-09:00", "dose": "Morgon"}),
        (AlarmKind.MISSED_DOSE, Reason.DOSE_REPORTED_MISSED, {}),
        (AlarmKind.INACTIVITY, Reason.NO_ACTIVITY, {"since": evening}),
        (AlarmKind.RULE_FAILED, Reason.RULE_FAILED, {"rule": "inactivity"}),
    ]
    for number, (kind, reason, detail) in enumerate(alarms):
        vaka.add_resident(f"r{number}", f"Provina Påhitt {number}")
        vaka.decide(raised(f"a{number}", f"r{number}", kind, reason, vaka.clock(), **detail))
    return [f"Provina Påhitt {number}" for number in range(len(alarms))]


def test_every_kind_has_a_sentence_in_both_languages(vaka: ConsoleServer, page: ConsolePage) -> None:
    names = raise_all_kinds(vaka)
    page.watch_as("anna")
    for language, sentences in SENTENCES.items():
        page.run("document.querySelector(`[data-language=${arguments[0]}]`).click()", language)
        shown = [page.until_card(name).why.replace("\u2060", "") for name in names]
        assert shown == sentences


def test_the_language_is_switched_and_remembered_and_nothing_else_is(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1")
    page.watch_as("anna")
    assert page.run("return document.documentElement.lang") == "sv"
    page.find("[data-language=en]").click()
    assert page.run("return document.documentElement.lang") == "en"
    assert page.until_card(TESTA).why == "Pressed the social alarm 03:12"
    assert page.text(".accept") == "Take the alarm"
    assert page.browser.title == "(1) Vaka – alarms"
    page.reload()
    page.until_card(TESTA, lambda card: "Pressed the social alarm" in card.why)
    stored = "return [Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]"
    assert page.run(stored) == [[["vaka.language", "en"]], [], ""]


def test_a_late_press_says_how_late(vaka: ConsoleServer, page: ConsolePage) -> None:
    vaka.press("testa", "press-1", ago=timedelta(minutes=14))
    vaka.press("latsbert", "press-2", ago=timedelta(minutes=2))
    page.watch_as("anna")
    late = page.until_card(TESTA)
    assert late.why == "Tryckte på trygghetslarmet 02:58"
    assert "Kom fram först 03:12, 14 min senare" in late.text
    in_time = page.until_card(LÅTSBERT)
    assert "Kom fram först" not in in_time.text
    assert "Ingen adress är registrerad" in in_time.text


def test_what_happened_can_be_read_also_from_before_the_page_was_opened(vaka: ConsoleServer, page: ConsolePage) -> None:
    alarm = vaka.press("testa", "press-1")
    at = vaka.clock().isoformat()
    cancelled = Annotate(
        id="cancelled-1",
        key=raised("", "testa", AlarmKind.SOCIAL_ALARM, Reason.PRESSED, vaka.clock()).key,
        at=vaka.clock(),
        reason=Reason.CANCELLED_AT_DEVICE,
        kind=AlarmKind.SOCIAL_ALARM,
        detail={"occurred_at": at},
    )
    vaka.decide(cancelled)
    page.watch_as("anna")
    page.until_card(TESTA, lambda card: "Avbröts på larmet 03:12. Titta till personen ändå." in card.text)
    page.find(f"[data-alarm='{alarm}'] summary").click()
    page.until_card(TESTA, lambda card: "03:12 Tryckte på trygghetslarmet 03:12" in card.text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_by_day_and_by_night(vaka: ConsoleServer, page: ConsolePage, scheme: str) -> None:
    names = raise_all_kinds(vaka)
    vaka.press("testa", "press-1", ago=timedelta(minutes=14))
    page.scheme(scheme)
    page.sign_in("anna", "not the password")
    page.until(lambda: page.text("#signin .message"))
    assert page.run(PALE_TEXTS) == []
    page.watch_as("anna")
    page.press(names[0], "accept")
    page.until_card(names[0], lambda card: card.section == "taken")
    page.press(names[1], "resolve")
    page.find("#resolve button.resolve").click()
    assert page.run(PALE_TEXTS) == []
    page.find("#resolve .choice").click()
    page.find("#resolve button.resolve").click()
    page.until_card(names[1], lambda card: card.section == "closed")
    page.run("for (const animation of document.getAnimations()) animation.finish()")
    vaka.stop()
    page.until(lambda: page.is_shown("#banner"))
    assert page.run(PALE_TEXTS) == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 900)])
def test_everything_fits_and_can_be_hit(vaka: ConsoleServer, page: ConsolePage, width: int, height: int) -> None:
    vaka.add_resident("long", "Lång-Påhittad " * 6, address="Provgatan" * 12, instructions="Nyckel " * 40)
    vaka.press("long", "press-1")
    vaka.press("testa", "press-2")
    page.size(width, height)
    page.watch_as("anna")
    page.until_card(TESTA)
    assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.run(SMALL_TARGETS) == []
    box = page.run("return document.querySelector('.card .accept').getBoundingClientRect().toJSON()")
    assert box["height"] >= 56
    page.press(TESTA, "resolve")
    page.until(lambda: page.is_shown("#resolve"))
    assert page.run(SMALL_TARGETS) == []


def test_where_to_come_and_whom_to_ring(vaka: ConsoleServer, page: ConsolePage) -> None:
    """What the device said with the press, and what it knew only later, as links that a telephone follows."""
    said = {"place": "kök", "call_back": "sip:+46700000001@example.invalid", "button": "larmknapp"}
    press = raised("a1", "testa", AlarmKind.SOCIAL_ALARM, Reason.PRESSED, vaka.clock(), **said)
    vaka.decide(press)
    page.watch_as("anna")
    card = page.until_card(TESTA)
    assert "Från: larmknapp\nkök" in card.text
    call = page.find(".card .call")
    assert (call.text, call.get_attribute("href")) == ("Ring +46700000001", "tel:+46700000001")
    assert not page.is_shown(".card .position")
    known = {"occurred_at": press.at.isoformat(), "latitude": 59.3293, "longitude": 18.0686, "place": "trapphus"}
    later = Annotate(
        id="later", key=press.key, at=press.at, reason=Reason.CALL_UPDATED, kind=AlarmKind.SOCIAL_ALARM, detail=known
    )
    vaka.decide(later)
    page.until_card(TESTA, lambda card: "Från: larmknapp\ntrapphus" in card.text)
    assert page.find(".card .position").get_attribute("href") == "geo:59.32930,18.06860"
    assert call.text == "Ring +46700000001"
    assert "Nytt från larmet 03:12: trapphus, 59.32930, 18.06860" in page.until_card(TESTA).text
