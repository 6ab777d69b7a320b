"""Who is not watched can be seen, and until when; it goes by itself when that time comes."""

from datetime import timedelta

import pytest

from events.ids import ResidentId
from events.kinds import Technology
from rules.decisions import AlarmKind, Reason
from store import pauses
from tests.browser.conftest import LÅTSBERT, TESTA
from tests.support.console_page import ConsolePage
from tests.support.console_server import TENANT, UNIT, ConsoleServer, raised

pytestmark = pytest.mark.browser


def pause(vaka: ConsoleServer, resident: str, name: str, hours: int, technologies: list[Technology]) -> None:
    """From an hour ago on."""
    now = vaka.clock()
    new = pauses.Pause(
        id=f"pause-{resident}",
        tenant=TENANT,
        unit=UNIT,
        resident=ResidentId(resident),
        resident_name=name,
        start=now - timedelta(hours=1),
        end=now + timedelta(hours=hours),
        technologies=technologies,
        life_critical=True,
        reason="Prov",
        created_at=now,
        created_by="anna",
    )
    vaka.do(lambda connection: pauses.add_pause(connection, new))


def test_staff_see_who_is_not_watched_and_until_when(vaka: ConsoleServer, page: ConsolePage) -> None:
    pause(vaka, "testa", TESTA, 30, [])
    pause(vaka, "latsbert", LÅTSBERT, 2, [Technology.GPS_ALARM])
    page.watch_as("anna")
    page.until(lambda: page.is_shown("#paused"))
    told = page.text("#paused").splitlines()
    assert told[0] == "Inte bevakade"
    assert any(line.startswith(f"{TESTA}: borta, till ") for line in told)
    assert any(line.startswith(f"{LÅTSBERT}: GPS-larm, till ") for line in told)
    vaka.clock.advance(timedelta(hours=3))
    page.until(lambda: LÅTSBERT not in page.text("#paused"))
    assert TESTA in page.text("#paused")
    vaka.clock.advance(timedelta(hours=30))
    page.until(lambda: not page.is_shown("#paused"))


def test_whoever_is_called_to_somebody_who_is_away_is_told(vaka: ConsoleServer, page: ConsolePage) -> None:
    until = (vaka.clock() + timedelta(days=2)).isoformat()
    vaka.decide(raised("1", "testa", AlarmKind.SOCIAL_ALARM, Reason.PRESSED, vaka.clock(), away_until=until))
    page.watch_as("anna")
    page.until_card(TESTA)
    assert "Anmäld bortrest till" in page.text("#open")
