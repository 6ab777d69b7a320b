"""The operators' page: what is down, how many devices are how, and which of them need looking at."""

from datetime import timedelta
from functools import partial

import pytest
from selenium.webdriver.support.ui import Select

from events.ids import DeviceId, StaffId, device_key, health_key
from events.kinds import Technology
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.device_state import Battery, DeviceState, Known, Silence
from rules.device_summary import summary
from store import devices, people
from store.device_health import save_health
from store.pool import Connection
from tests.browser.test_reading import PALE_TEXTS, SMALL_TARGETS
from tests.support.console_page import ConsolePage
from tests.support.console_server import NIGHT, TENANT, ConsoleServer, password_hash

pytestmark = pytest.mark.browser

HOUR = timedelta(hours=1)
TREND = ((NIGHT - timedelta(days=10), 30.0),)
STATES = {
    "knapp-1": Known(battery=Battery(10.0, NIGHT, TREND)),
    "knapp-2": Known(silence=Silence(NIGHT - 12 * HOUR, NIGHT)),
    "rorelse-1": Known(
        aspects={"mains": False, "fault:E7": True}, silence=Silence(NIGHT - 2 * HOUR, NIGHT, waits=True)
    ),
    "hubb": Known(silence=Silence(NIGHT - 3 * HOUR, NIGHT)),
}
HOURS = {"knapp-1": 1, "knapp-2": 12, "rorelse-1": 2, "hubb": 3}


async def register(connection: Connection) -> None:
    operator = people.Staff(StaffId("olle"), TENANT, None, "olle", "Olle Demoström", people.Role.OPERATOR, NIGHT)
    await people.add_staff(connection, operator, password_hash())
    for name in ("hubb", "knapp-1", "knapp-2", "rorelse-1", "ny"):
        technology = Technology.SOCIAL_ALARM if name.startswith("knapp") else Technology.PASSIVE_ALARM
        hub = DeviceId("hubb") if name == "rorelse-1" else None
        new = devices.Device(DeviceId(name), TENANT, technology, name.title(), None, None, NIGHT, hub=hub)
        await devices.add_device(connection, new)
    states = [
        DeviceState(health_key(DeviceId(name)), 1, None, NIGHT - HOURS[name] * HOUR, known)
        for name, known in STATES.items()
    ]
    await save_health(connection, [summary(state) for state in states], NIGHT)


def hub_down() -> Raise:
    hub = DeviceId("hubb")
    return Raise(
        id="down",
        key=device_key(hub),
        at=NIGHT,
        reason=Reason.NOT_HEARD,
        kind=AlarmKind.HUB_DOWN,
        priority=Priority.TECHNICAL,
        occurred_at=NIGHT,
        device=hub,
        detail={"since": (NIGHT - 3 * HOUR).isoformat()},
    )


@pytest.fixture
def operator(page: ConsolePage, vaka: ConsoleServer) -> ConsolePage:
    vaka.do(register)
    vaka.decide(hub_down())
    page.url = f"{vaka.url}fleet"
    page.sign_in("olle")
    page.until(lambda: len(listed(page)) == len(HOURS) + 1)
    return page


def listed(page: ConsolePage) -> list[str]:
    return list(page.run("return [...document.querySelectorAll('#devices tbody tr')].map((row) => row.dataset.device)"))


def are_listed(page: ConsolePage, *names: str) -> bool:
    return listed(page) == list(names)


def shows_battery(page: ConsolePage, words: str) -> bool:
    return page.text("[data-device=knapp-1] .battery") == words


def choose(page: ConsolePage, name: str, value: str) -> None:
    Select(page.find(f"[name={name}]")).select_by_value(value)


def test_an_operator_sees_what_needs_looking_at(operator: ConsolePage) -> None:
    assert listed(operator) == ["ny", "knapp-2", "hubb", "rorelse-1", "knapp-1"]
    assert operator.text("#outages li") == "hubb hörs inte sedan 00:12. 1 enheter bakom den: Rorelse-1"
    assert operator.text("#counts").split("\n") == [
        "Alla: 5", "Tyst: 2", "Aldrig hörd: 1", "Bortkopplad: 0", "Bakom hubb som är nere: 1", "Hörs: 1",
    ]  # fmt: skip
    assert operator.text("[data-device=knapp-1] .battery") == "10 %\nca 5 dagar kvar"
    assert operator.text("[data-device=knapp-2] .last_seen") == "12 h 0 min sedan"
    assert operator.text("[data-device=rorelse-1] .remarks") == "Ingen ström\nFel: E7"
    assert operator.complaints() == []


def test_the_list_is_what_is_asked_for(operator: ConsolePage) -> None:
    operator.find("#counts [data-status=silent]").click()
    operator.until(partial(are_listed, operator, "knapp-2", "hubb"))
    choose(operator, "technology", "social_alarm")
    operator.until(partial(are_listed, operator, "knapp-2"))
    operator.find("#counts [data-status='']").click()
    operator.until(partial(are_listed, operator, "knapp-2", "knapp-1"))
    choose(operator, "sort", "battery")
    operator.until(partial(are_listed, operator, "knapp-1", "knapp-2"))
    operator.find("#counts [data-status=offline]").click()
    operator.until(lambda: operator.text("#empty") == "Inga enheter")
    assert not operator.is_shown("#devices")


def test_it_can_be_read_in_both_languages_and_on_a_telephone(operator: ConsolePage) -> None:
    for language, words in (("en", "10 %\nabout 5 days left"), ("sv", "10 %\nca 5 dagar kvar")):
        operator.find(f"[data-language={language}]").click()
        operator.until(partial(shows_battery, operator, words))
    for width, scheme in ((360, "light"), (1280, "dark")):
        operator.size(width, 740)
        operator.scheme(scheme)
        assert operator.run(PALE_TEXTS) == []
        assert operator.run(SMALL_TARGETS) == []
        assert operator.run("return document.documentElement.scrollWidth <= innerWidth")
