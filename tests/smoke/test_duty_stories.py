"""Stories of duty: who hears an alarm at three in the night, when the schedule came from elsewhere and then changed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_client import CollectorRegistry

from processors.escalator import Escalator
from processors.reach_metrics import ReachMetrics
from rules.contact import Channel
from tests.support.api import Api, got, ids, made, open_api, problem
from tests.support.calendars import calendar, event
from tests.support.delivery import add_point, open_notifier

pytestmark = pytest.mark.anyio

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NIGHT_TEAM = {"who": "on_duty"}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Api]:
    """Two units of one municipality; everybody can be told by push message, wherever they are."""
    async with open_api(database_url) as api:
        admin = await api.client()
        await made(admin, "tenants", id="west", name="West")
        for unit in ("north", "south"):
            await made(admin, "units", id=unit, tenant="west", name=unit.title())
            await made(admin, "residents", id=f"{unit}-1", unit=unit, name=f"Test {unit.title()}")
        for name, role in {"anna": "staff", "bert": "staff", "carl": "staff", "rita": "relative"}.items():
            await api.staff(name, role, unit=None)
            async with api.pool.connection() as connection:
                await add_point(connection, f"push-{name}", Channel.PUSH, owner_id=name, tenant="west", address={})
        await api.execute("DELETE FROM sessions")
        yield api


@pytest.fixture
async def admin(town: Api) -> httpx.AsyncClient:
    return await town.client("admin", "west")


async def policy(admin: httpx.AsyncClient, *to: dict[str, Any]) -> None:
    """A rung every three minutes."""
    rungs = [{"after_seconds": 180 * number, "to": [whom]} for number, whom in enumerate(to)]
    await made(
        admin, "policies", policy={"name": "Natt", "rungs": rungs, "repeat_seconds": 900, "at_person_seconds": 1800}
    )


async def alarm(town: Api, id: str, at: datetime, unit: str = "north") -> list[str]:
    """An alarm begins at that time; whom its first rung tells."""
    town.clock.time = at
    await town.alarm(id, unit)
    await town.execute("UPDATE alarms SET opened_at = %s, escalate_at = %s WHERE id = %s", (at, at, id))
    return await tick(town, id)


async def tick(town: Api, id: str) -> list[str]:
    """Escalation looks at what is due; who is told of the alarm by it."""
    before = await town.execute("SELECT id FROM notifications")
    await Escalator(town.pool, town.clock, ReachMetrics(CollectorRegistry())).step()
    told = await town.execute("SELECT id, receiver FROM notifications WHERE alarm = %s ORDER BY receiver", (id,))
    return [str(receiver).removeprefix("push-") for key, receiver in told if (key,) not in before]


NIGHTS = calendar(
    *event(
        "nights-anna",
        "DTSTART;TZID=Europe/Stockholm:20260323T210000",
        "DTEND;TZID=Europe/Stockholm:20260324T070000",
        "RRULE:FREQ=DAILY;COUNT=7",
        "SUMMARY:anna",
    ),
    *event(
        "nights-bert",
        "DTSTART;TZID=Europe/Stockholm:20260330T210000",
        "DTEND;TZID=Europe/Stockholm:20260331T070000",
        "RRULE:FREQ=DAILY;COUNT=7",
        "SUMMARY:bert",
    ),
)


async def test_a_swap_changes_who_hears_the_alarm_at_three(town: Api, admin: httpx.AsyncClient) -> None:
    """On the night on which two o'clock becomes three; the night team works for both units."""
    town.clock.time = local("2026-03-20 12:00")
    done = await admin.post("/api/v1/duty/import", content=NIGHTS, headers={"Content-Type": "text/calendar"})
    assert (done.json()["new"], done.json()["imported"]) == (14, True)
    await policy(admin, NIGHT_TEAM, NIGHT_TEAM, {"who": "everybody"})
    assert await alarm(town, "before", local("2026-03-28 03:00")) == ["anna"]

    await made(
        admin,
        "duty/exceptions",
        kind="swap",
        staff="anna",
        instead="bert",
        **{
            "from": local("2026-03-28 21:00").isoformat(),
            "to": local("2026-03-29 07:00").isoformat(),
            "back": {"from": local("2026-03-30 21:00").isoformat(), "to": local("2026-03-31 07:00").isoformat()},
        },
    )
    changing = local("2026-03-29 03:00")
    assert changing == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert await alarm(town, "north", changing) == ["bert"]
    assert await alarm(town, "south", changing + timedelta(minutes=1), unit="south") == ["bert"]

    # Bert falls ill on the way, and carl comes; of three minutes later he is told.
    await made(admin, "duty/exceptions", kind="absence", staff="bert", instead="carl")
    town.clock.time = changing + timedelta(minutes=3)
    assert await tick(town, "north") == ["carl"]
    assert await alarm(town, "back", local("2026-03-31 03:00")) == ["anna"]

    then = await got(admin, "duty", unit="north", at=changing.isoformat(), as_of=local("2026-03-28 12:00").isoformat())
    assert [each["staff"] for each in then["items"]] == ["bert"]


async def test_whose_account_was_closed_hears_nothing(town: Api, admin: httpx.AsyncClient) -> None:
    town.clock.time = local("2026-03-20 12:00")
    await admin.post("/api/v1/duty/import", content=NIGHTS, headers={"Content-Type": "text/calendar"})
    await policy(admin, NIGHT_TEAM, {"who": "person", "person": "carl"}, {"who": "everybody"})
    town.clock.time = local("2026-03-25 12:00")
    await admin.delete("/api/v1/staff/anna")
    assert await alarm(town, "a", local("2026-03-26 03:00")) == ["carl"]
    town.clock.time += timedelta(minutes=6)
    assert await tick(town, "a") == ["bert", "carl"]


async def test_a_relative_is_told_goes_there_and_staff_close_it(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "relatives", resident="north-1", staff="rita")
    await policy(admin, {"who": "relatives"}, {"who": "everybody"})
    assert await alarm(town, "theirs", local("2026-03-26 03:00")) == ["rita"]
    # Nobody is a relative of the other resident, so that rung gives way at once.
    assert await alarm(town, "others", local("2026-03-26 03:00"), unit="south") == ["anna", "bert", "carl"]
    async with open_notifier(town.pool, town.clock) as notifier:
        await notifier.step()

    rita = town.anybody()
    rita.headers["Origin"] = str(rita.base_url)
    await rita.post("/api/v1/session", json={"username": "rita", "password": "a password for tests"})
    assert await ids(rita, "relative-alarms") == ["theirs"]
    version = (await got(rita, "relative-alarms/theirs"))["version"]
    taken = await rita.post("/api/v1/relative-alarms/theirs/accept", json={"version": version})
    assert taken.json()["state"] == "accepted"
    town.clock.time += timedelta(minutes=29)
    assert await tick(town, "theirs") == []
    town.clock.time += timedelta(minutes=1)
    assert await tick(town, "theirs") == ["anna", "bert", "carl"]

    version = (await got(rita, "relative-alarms/theirs"))["version"]
    there = await rita.post("/api/v1/relative-alarms/theirs/at-person", json={"version": version})
    assert there.json()["state"] == "at_person"
    problem(await rita.post("/api/v1/alarms/theirs/resolve", json={"version": version + 1, "outcome": "helped"}), 403)
    closed = await admin.post("/api/v1/alarms/theirs/resolve", json={"version": version + 1, "outcome": "helped"})
    assert closed.json()["accepted_by_name"] == "Test Rita"
