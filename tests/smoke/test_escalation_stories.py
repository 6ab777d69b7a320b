"""Full ladders with duty that changes on the way, and what people do with them: stories, with the clock set by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_client import CollectorRegistry

from processors.escalator import Escalator
from processors.reach_metrics import ReachMetrics
from rules.contact import Channel
from tests.support.api import Api, got, made, open_api
from tests.support.delivery import add_point, open_notifier

pytestmark = pytest.mark.anyio

STOCKHOLM = ZoneInfo("Europe/Stockholm")
PEOPLE = {"anna": "staff", "bert": "staff", "cia": "staff", "boss": "manager"}
ON_DUTY, UNIT, EVERYBODY = {"who": "on_duty"}, {"who": "unit", "off_duty": True}, {"who": "everybody"}


def ladder(*to: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A rung every three minutes."""
    rungs = [{"after_seconds": 180 * number, "to": [whom]} for number, whom in enumerate(to)]
    return {"name": "Larmkedja", "rungs": rungs, "repeat_seconds": 300} | fields


def local(text: str) -> datetime:
    """`2026-03-02 23:58` by the clock on the wall; of two such times, the first."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


class Ward:
    """Unit `north` with four people who can be reached by push wherever they are, and the loops of escalation."""

    def __init__(self, api: Api, admin: httpx.AsyncClient) -> None:
        self.api = api
        self.admin = admin
        self.clients: dict[str, httpx.AsyncClient] = {}
        self.escalator = Escalator(api.pool, api.clock, ReachMetrics(CollectorRegistry()))

    async def furnish(self) -> None:
        await made(self.admin, "tenants", id="west", name="West")
        for unit in ("north", "south"):
            await made(self.admin, "units", id=unit, tenant="west", name=unit.title())
        for name, role in PEOPLE.items():
            self.clients[name] = await self.api.staff(name, role)
            async with self.api.pool.connection() as connection:
                await add_point(connection, name, Channel.PUSH, owner_id=name, tenant="west", address={})

    async def plan(self, **shifts: tuple[str, str]) -> None:
        """Each person's shift of every day, in local time, from now on."""
        for name, (start, end) in shifts.items():
            await made(
                self.admin,
                "duty/rotations",
                tenant="west",
                id=f"rotation-{name}",
                name=f"Test {name}",
                units=["north"],
                first_day=(self.api.clock().date() - timedelta(days=7)).isoformat(),
                days=1,
                step=0,
                shifts=[{"day": 1, "from": start, "to": end}],
                teams=[[name]],
            )

    async def press(self, id: str = "a", at: datetime | None = None) -> None:
        """The time is `at` now, and an alarm begins."""
        self.api.clock.time = at or self.api.clock.time
        now = self.api.clock()
        await self.api.execute(
            "INSERT INTO alarms (id, tenant, unit, key, opened_at, occurred_at, escalate_at, kind, priority, state,"
            " reason) VALUES (%s, 'west', 'north', %s, %s, %s, %s, 'social_alarm', 1, 'open', 'pressed')",
            (id, f"r:{id}", now, now, now),
        )
        await self.escalator.step()

    async def pass_time(self, **step: float) -> None:
        """As the loop does: woken whenever something is due."""
        end = self.api.clock() + timedelta(**step)
        while (due := await self.escalator.step()) is not None and due <= end:
            self.api.clock.time = max(self.api.clock(), due)
        self.api.clock.time = end

    async def do(self, who: str, action: str, id: str = "a", **body: Any) -> dict[str, Any]:
        alarm = await got(self.admin, f"alarms/{id}")
        body = {"version": alarm["version"], **body}
        answer = await self.clients[who].post(f"/api/v1/alarms/{id}/{action}", json=body)
        assert answer.status_code == 200, answer.text
        await self.escalator.step()
        return dict(answer.json())

    async def told(self, id: str = "a") -> list[tuple[str, list[str]]]:
        """The local times at which somebody was told, and whom."""
        rows = await self.api.execute(
            "SELECT created_at, round, rung, receiver FROM notifications WHERE alarm = %s"
            " ORDER BY created_at, round, rung, receiver",
            (id,),
        )
        return [
            (f"{time.astimezone(STOCKHOLM):%H:%M:%S}", [str(row[3]) for row in group])
            for (time, *_), group in groupby(rows, key=lambda row: row[:3])
            if isinstance(time, datetime)
        ]

    async def reasons(self, id: str = "a") -> list[str]:
        entries = (await got(self.admin, f"alarms/{id}/journal"))["items"]
        return [entry["data"]["reason"] for entry in entries if entry["action"] == "escalated"]


@pytest.fixture
async def ward(database_url: str) -> AsyncIterator[Ward]:
    async with open_api(database_url) as api:
        ward = Ward(api, await api.client())
        await ward.furnish()
        yield ward


async def test_a_ladder_over_midnight_tells_who_works_when_each_rung_comes(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.plan(anna=("14:00", "00:00"), bert=("00:00", "07:00"))
    await made(ward.admin, "policies", unit="north", policy=ladder(ON_DUTY, ON_DUTY, UNIT, EVERYBODY))
    await ward.press(at=local("2026-03-02 23:58"))
    await ward.pass_time(minutes=15)
    everybody = ["anna", "bert", "boss", "cia"]
    assert await ward.told() == [
        ("23:58:00", ["anna"]),
        ("00:01:00", ["bert"]),
        ("00:04:00", everybody),
        ("00:07:00", everybody),
        ("00:12:00", everybody),
    ]


async def test_a_ladder_over_the_night_when_clocks_go_forward(ward: Ward) -> None:
    """At 02:00 it is 03:00: anna's shift ends and bert's begins, an hour sooner than any other night."""
    ward.api.clock.time = local("2026-03-28 12:00")
    await ward.plan(anna=("21:00", "03:00"), bert=("03:00", "07:00"))
    await made(ward.admin, "policies", unit="north", policy=ladder(ON_DUTY, ON_DUTY, EVERYBODY))
    await ward.press(at=local("2026-03-29 01:58"))
    await ward.pass_time(minutes=4)
    assert await ward.told() == [("01:58:00", ["anna"]), ("03:01:00", ["bert"])]


async def test_ladders_over_the_night_when_clocks_go_back(ward: Ward) -> None:
    """The hour from 02:00 comes twice, and anna works both; the night's policy holds in both."""
    ward.api.clock.time = local("2026-10-24 12:00")
    await ward.plan(anna=("21:00", "03:00"), bert=("03:00", "07:00"))
    await made(ward.admin, "policies", id="day", unit="north", policy=ladder(ON_DUTY, ON_DUTY, EVERYBODY))
    night = ladder(ON_DUTY, ON_DUTY, EVERYBODY, hours=[{"from": "22:00", "to": "03:00"}])
    await made(ward.admin, "policies", id="night", unit="north", policy=night)
    first = local("2026-10-25 02:58")
    await ward.press("first", at=first)
    await ward.pass_time(minutes=4)
    await ward.press("second", at=first + timedelta(hours=1))
    await ward.pass_time(minutes=4)
    assert (await ward.told("first"))[:2] == [("02:58:00", ["anna"]), ("02:01:00", ["anna"])]
    assert (await ward.told("second"))[:2] == [("02:58:00", ["anna"]), ("03:01:00", ["bert"])]
    await ward.press("third")
    policies = {id: (await got(ward.admin, f"alarms/{id}"))["policy"] for id in ("first", "second", "third")}
    assert policies == {"first": "night", "second": "night", "third": "day"}


async def test_who_has_swapped_a_shift_is_told(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.plan(anna=("14:00", "22:00"), bert=("22:00", "07:00"))
    await made(
        ward.admin,
        "duty/exceptions",
        tenant="west",
        kind="swap",
        staff="anna",
        instead="bert",
        **{
            "from": local("2026-03-02 14:00").isoformat(),
            "to": local("2026-03-02 22:00").isoformat(),
            "back": {"from": local("2026-03-02 22:00").isoformat(), "to": local("2026-03-03 07:00").isoformat()},
        },
    )
    await made(ward.admin, "policies", unit="north", policy=ladder(ON_DUTY, ON_DUTY, EVERYBODY))
    await ward.press(at=local("2026-03-02 21:58"))
    await ward.pass_time(minutes=4)
    assert await ward.told() == [("21:58:00", ["bert"]), ("22:01:00", ["anna"])]


async def test_a_skill_that_nobody_on_duty_has_gives_way_at_once(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.admin.patch("/api/v1/staff/cia", json={"skills": ["nurse"]})
    await ward.plan(anna=("07:00", "22:00"))
    nurse = {"who": "on_duty", "skill": "nurse"}
    await made(ward.admin, "policies", unit="north", policy=ladder(nurse, ON_DUTY, EVERYBODY))
    await ward.press()
    assert await ward.told() == [("12:00:00", ["anna"])]
    assert await ward.reasons() == ["earlier_rung_reached_nobody"]


async def test_accepted_but_nobody_comes(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.plan(anna=("07:00", "22:00"), cia=("07:00", "22:00"))
    policy = ladder(ON_DUTY, UNIT, EVERYBODY, at_person_seconds=15 * 60)
    await made(ward.admin, "policies", unit="north", policy=policy)
    await ward.press()
    await ward.pass_time(minutes=1)
    accepted = await ward.do("anna", "accept")
    assert accepted["escalate_at"] == "2026-03-02T11:16:00Z"
    await ward.pass_time(minutes=18.5)
    assert await ward.told() == [
        ("12:00:00", ["anna", "cia"]),
        ("12:16:00", ["cia"]),
        ("12:19:00", ["bert", "boss", "cia"]),
    ]
    overdue = await got(ward.admin, "alarms/a")
    kept = (overdue["state"], overdue["version"], overdue["accepted_by"], overdue["overdue_at"])
    assert kept == ("accepted", accepted["version"], "anna", "2026-03-02T11:16:00Z")
    assert await ward.reasons() == ["rung_due", "nobody_at_person", "rung_due"]

    taken = await ward.do("cia", "take-over")
    assert (taken["accepted_by"], taken["overdue_at"]) == ("cia", None)
    await ward.pass_time(minutes=15)
    assert (await ward.told())[-1] == ("12:34:30", ["anna"])
    await ward.do("cia", "at-person")
    await ward.pass_time(hours=2)
    assert len(await ward.told()) == 4
    journal = (await got(ward.admin, "alarms/a/journal"))["items"]
    assert [entry["data"].get("from") for entry in journal if entry["action"] == "taken_over"] == ["anna"]


async def test_who_accepts_before_anybody_was_told_must_be_there_in_time_as_well(ward: Ward) -> None:
    """The policy is chosen by who is first, the escalator or the person."""
    ward.api.clock.time = local("2026-03-02 12:00")
    await made(ward.admin, "policies", id="p", unit="north", policy=ladder(UNIT, EVERYBODY, at_person_seconds=600))
    await ward.api.alarm("a", "north")
    accepted = await ward.do("anna", "accept")
    assert (accepted["policy"], accepted["policy_version"]) == ("p", 1)
    await ward.pass_time(minutes=10)
    assert [who for _, who in await ward.told()] == [["bert", "boss", "cia"]]


async def test_one_after_the_other_declines(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.plan(anna=("07:00", "22:00"), bert=("07:00", "22:00"))
    await made(
        ward.admin, "policies", unit="north", policy=ladder(ON_DUTY, {"who": "person", "person": "cia"}, EVERYBODY)
    )
    await ward.press()
    await ward.pass_time(seconds=20)
    await ward.do("anna", "decline", reason="Hos en annan brukare")
    assert await ward.told() == [("12:00:00", ["anna", "bert"])]
    await ward.pass_time(seconds=20)
    await ward.do("bert", "decline", reason="För långt bort")
    assert (await ward.told())[1:] == [("12:00:40", ["cia"])]
    await ward.do("cia", "decline", reason="Inte i tjänst")
    assert (await ward.told())[2:] == [("12:00:40", ["boss"])]
    await ward.do("boss", "decline", reason="Utomlands")
    await ward.pass_time(minutes=5)
    assert (await ward.told())[3:] == [("12:05:40", ["anna", "bert", "boss", "cia"])]
    assert await ward.reasons() == ["rung_due", "all_declined", "all_declined", "nobody_else"]


async def test_a_forwarded_alarm_follows_the_policy_of_its_new_unit(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await made(ward.admin, "policies", id="north", unit="north", policy=ladder(UNIT, EVERYBODY))
    await made(ward.admin, "policies", id="south", unit="south", policy=ladder(UNIT, EVERYBODY))
    await ward.press()
    await ward.do("anna", "decline", reason="Upptagen")
    await ward.do("anna", "accept")
    await ward.do("bert", "join")
    forwarded = await ward.do("anna", "forward", to="south")
    assert (forwarded["policy"], forwarded["declined"], forwarded["helpers"]) == (None, [], [])
    alarm = await got(ward.admin, "alarms/a")
    assert (alarm["policy"], alarm["policy_version"]) == ("south", 1)


async def test_an_open_alarm_keeps_the_version_that_it_follows(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    cia, bert = ({"who": "person", "person": name} for name in ("cia", "bert"))
    await made(ward.admin, "policies", id="p", unit="north", policy=ladder(cia, cia, EVERYBODY))
    await ward.press("old")
    changed = {"version": 1, "policy": ladder(bert, bert, EVERYBODY)}
    assert (await ward.admin.put("/api/v1/policies/p", json=changed)).status_code == 200
    await ward.press("new")
    await ward.admin.delete("/api/v1/policies/p")
    await ward.pass_time(minutes=3)
    assert [who for _, who in await ward.told("old")] == [["cia"], ["cia"]]
    assert [who for _, who in await ward.told("new")] == [["bert"], ["bert"]]


async def test_two_escalators_and_two_notifiers_tell_nothing_twice_and_miss_nothing(ward: Ward) -> None:
    ward.api.clock.time = local("2026-03-02 12:00")
    await ward.api.execute("UPDATE sessions SET expires_at = now() + interval '1 hour'")
    await made(ward.admin, "policies", unit="north", policy=ladder(UNIT, UNIT, EVERYBODY, at_person_seconds=60))
    alarms = [f"a{number}" for number in range(40)]
    for id in alarms:
        await ward.api.alarm(id, "north")
    pool, clock = ward.api.pool, ward.api.clock

    async def until_nothing_is_due(escalator: Escalator) -> None:
        """An alarm that somebody else has in hand is looked at again soon."""
        while (due := await escalator.step()) is not None and due <= clock():
            pass

    clock.time = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    escalators = [Escalator(pool, clock, ReachMetrics(CollectorRegistry())) for _ in range(2)]
    async with open_notifier(pool, clock) as one, open_notifier(pool, clock) as other:
        for minutes in (0, 3, 6, 11):
            clock.time = datetime(2026, 3, 2, 12, minutes, tzinfo=UTC)
            await asyncio.gather(*map(until_nothing_is_due, escalators), one.step(), other.step())
            await asyncio.gather(one.step(), other.step())
        for notifier in (one, other):
            await notifier.finish()
    rungs = await ward.api.execute(
        "SELECT alarm, count(*), count(DISTINCT (data->>'round', data->>'rung')) FROM alarm_journal"
        " WHERE action = 'escalated' GROUP BY alarm ORDER BY alarm"
    )
    assert rungs == [(id, 4, 4) for id in sorted(alarms)]
    console = await ward.api.execute("SELECT count(*) FROM notifications WHERE channel = 'console'")
    shown = await ward.api.execute(
        "SELECT count(*), count(DISTINCT data->>'notification') FROM alarm_journal WHERE action = 'notified'"
    )
    assert console == [(len(alarms) * 4 * len(PEOPLE),)]
    assert shown == [(len(alarms) * 4 * len(PEOPLE),) * 2]
