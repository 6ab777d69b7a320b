"""Service levels against a plain count of the same alarms in Python, and the cases that one could judge otherwise."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import NamedTuple

import pytest

from events.ids import TenantId, UnitId
from rules.alarm_lifecycle import Action
from rules.service_levels import DEFAULT_TARGETS, Measure, Target
from store.alarm_actions import Acted, Actor, act
from store.alarms import WITHDRAW_ALARM
from store.pool import Connection, Pool
from store.select import EVERYTHING, Scope
from store.service_level_targets import add_target_version
from store.service_levels import Level, ServiceLevels, TargetLevel, service_levels
from tests.support.alarms import OPENED, TENANT, UNIT, add_alarm, add_municipality, add_staff

pytestmark = pytest.mark.anyio

DAY = date(2026, 3, 2)
NOW = OPENED + timedelta(hours=4)
SOUTH = UnitId("south")


@pytest.fixture
async def db(pool: Pool) -> Pool:
    async with pool.connection() as connection:
        await add_municipality(connection, SOUTH)
        await add_staff(connection, "astrid", signed_in=False)
    return pool


async def happened(
    connection: Connection, id: str, *, at: datetime = OPENED, unit: str = UNIT, priority: int = 1, **after: float
) -> None:
    """An alarm, and so many seconds after it was opened each of what people or rules did."""
    await add_alarm(connection, id, unit=unit, priority=priority, at=at)
    version = 1
    for action, seconds in sorted(after.items(), key=lambda pair: pair[1]):
        when = at + timedelta(seconds=seconds)
        if action == "withdraw":
            await connection.execute(WITHDRAW_ALARM, (when, id))
            continue
        data = {"receiver": f"unit:{SOUTH}"} if action == "forward" else {}
        acted = await act(connection, id, Action(action), version, Actor("astrid", "Astrid"), when, data)
        assert isinstance(acted, Acted)
        version = acted.alarm["version"]


async def only(pool: Pool) -> ServiceLevels:
    (found,) = await counted(pool, by=())
    return found


async def counted(
    pool: Pool,
    *,
    by: Sequence[str] = ("unit", "priority"),
    scope: Scope = EVERYTHING,
    first: date = DAY,
    last: date = DAY,
    now: datetime = NOW,
    **asked: str | int,
) -> list[ServiceLevels]:
    async with pool.connection() as connection:
        return await service_levels(
            connection,
            scope,
            now,
            first_day=first,
            last_day=last,
            by=by,  # type: ignore[arg-type]
            **asked,  # type: ignore[arg-type]
        )


def hits(level: Level) -> list[tuple[int, int, int]]:
    return [(target.within_seconds, target.met, target.missed) for target in level.targets]


async def test_each_is_judged_by_when_it_happened_first(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "quick", accept=60, at_person=45 * 60, resolve=3000)
        await happened(connection, "slow", accept=60.001, at_person=45 * 60 + 1, resolve=4000)
        await happened(connection, "late", accept=181, resolve=190)
    found = await only(db)
    accept, person, resolve = (found.measures[measure] for measure in Measure)
    assert (found.alarms, found.open, found.withdrawn) == (3, 0, 0)
    assert hits(accept) == [(60, 1, 2), (180, 2, 1)]
    assert (accept.alarms, accept.median_seconds, accept.p90_seconds) == (3, 60.001, 181)
    assert [target.reached_share for target in accept.targets] == [1 / 3, 2 / 3]
    assert hits(person) == [(2700, 1, 1)]
    assert (resolve.alarms, resolve.median_seconds, hits(resolve)) == (3, 3000, [])


async def test_an_open_alarm_counts_against_a_target_once_it_is_past_it(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "open")
    for seconds, expected in ((60, [(60, 0, 0), (180, 0, 0)]), (61, [(60, 0, 1), (180, 0, 0)])):
        (found,) = await counted(db, by=(), now=OPENED + timedelta(seconds=seconds))
        assert hits(found.measures[Measure.ACCEPT]) == expected
        assert (found.open, found.measures[Measure.ACCEPT].median_seconds) == (1, None)


async def test_what_was_withdrawn_or_resolved_without_a_visit_counts_when_it_had_waited_too_long(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "nothing", withdraw=30)
        await happened(connection, "unanswered", withdraw=100)
        await happened(connection, "telephone", accept=10, resolve=300)
        await happened(connection, "for hours", accept=10, resolve=3600)
    found = await only(db)
    assert (found.alarms, found.withdrawn) == (4, 2)
    assert hits(found.measures[Measure.ACCEPT]) == [(60, 2, 1), (180, 2, 0)]
    assert hits(found.measures[Measure.PERSON]) == [(2700, 0, 1)]
    assert found.measures[Measure.RESOLVE].alarms == 2


async def test_who_settles_it_or_goes_there_at_once_has_accepted(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "settled", resolve=20)
        await happened(connection, "gone to", at_person=50)
    found = await only(db)
    assert hits(found.measures[Measure.ACCEPT])[0] == (60, 2, 0)
    assert found.measures[Measure.PERSON].alarms == 1


async def test_a_forwarded_alarm_counts_where_it_was_opened_and_from_its_first_answer(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "forwarded", accept=30, forward=50, at_person=900)
    (found,) = await counted(db)
    assert (found.unit, found.priority) == (UNIT, 1)
    assert hits(found.measures[Measure.ACCEPT])[0] == (60, 1, 0)
    assert hits(found.measures[Measure.PERSON]) == [(2700, 1, 0)]
    assert await counted(db, unit=SOUTH) == []


async def test_technical_alarms_have_no_targets_of_their_own(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "technical", priority=3, accept=4000)
    found = await only(db)
    assert found.measures[Measure.ACCEPT] == Level(1, 4000, 4000, [])


async def test_days_are_local_also_on_the_night_when_clocks_change(db: Pool) -> None:
    """On 29 March 2026 Stockholm's day has 23 hours: it begins at 23:00 UTC and ends at 22:00 UTC."""
    begin, end = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
    async with db.connection() as connection:
        for number, at in enumerate((begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end)):
            await happened(connection, f"a{number}", at=at, accept=1)
    sunday = date(2026, 3, 29)
    (found,) = await counted(db, by=("day",), first=sunday, last=sunday, now=end + timedelta(hours=1))
    assert (found.day, found.alarms) == (sunday, 2)
    days = await counted(db, by=("day",), first=date(2026, 3, 28), last=date(2026, 3, 30), now=end)
    assert [(level.day, level.alarms) for level in days] == [
        (date(2026, 3, day), n) for day, n in ((28, 1), (29, 2), (30, 1))
    ]


async def test_every_alarm_is_judged_by_the_targets_that_held_when_it_was_opened(db: Pool) -> None:
    strict = Target(measure=Measure.ACCEPT, within_seconds=10, share=1.0, priorities=(1,))
    calm = Target(measure=Measure.ACCEPT, within_seconds=600, share=0.5)
    hour = timedelta(hours=1)
    async with db.connection() as connection:
        for number, (unit, targets) in enumerate(((None, (strict,)), (UnitId(UNIT), (calm,)), (UnitId(UNIT), None))):
            at = OPENED + hour * (number + 1)
            assert await add_target_version(connection, f"v{number}", TenantId(TENANT), unit, targets, at, "manager")
        for number in range(4):
            at = OPENED + hour * number
            await happened(connection, f"north{number}", at=at, accept=30)
            await happened(connection, f"south{number}", at=at, accept=30, unit=SOUTH)
        assert not await add_target_version(connection, "v0", TenantId(TENANT), None, None, OPENED, "manager")
    found = await counted(db, by=("unit",))
    accept = {level.unit: hits(level.measures[Measure.ACCEPT]) for level in found}
    assert accept == {
        UNIT: [(10, 0, 2), (60, 1, 0), (180, 1, 0), (600, 1, 0)],
        SOUTH: [(10, 0, 3), (60, 1, 0), (180, 1, 0)],
    }


async def test_nobody_sees_the_levels_of_others(db: Pool) -> None:
    async with db.connection() as connection:
        await happened(connection, "north", accept=1)
        await happened(connection, "south", accept=1, unit=SOUTH)
    own = Scope(TenantId(TENANT), SOUTH)
    assert [level.unit for level in await counted(db, scope=own)] == [SOUTH]
    assert await counted(db, scope=own, unit=UNIT) == []
    assert await counted(db, scope=Scope(TenantId("elsewhere"))) == []
    assert await counted(db, scope=Scope(TenantId("elsewhere")), tenant=TENANT) == []
    assert await counted(db, by=(), unit="nowhere") == []


class Life(NamedTuple):
    """One alarm as the model knows it; seconds after it was opened, None: it did not happen."""

    unit: str
    priority: int
    at: datetime
    accept: float | None
    person: float | None
    resolve: float | None
    withdraw: float | None

    def took(self, measure: Measure) -> float | None:
        answers = [seconds for seconds in (self.accept, self.person, self.resolve) if seconds is not None]
        return {
            Measure.ACCEPT: min(answers, default=None),
            Measure.PERSON: self.person,
            Measure.RESOLVE: self.resolve,
        }[measure]

    @property
    def waited(self) -> float:
        ends = [end for end in (self.resolve, self.withdraw) if end is not None]
        return min(ends, default=(NOW - self.at).total_seconds())


def any_life(rng: random.Random) -> Life:
    steps = sorted(rng.choice((5, 59, 60, 61, 120, 180, 181, 600, 2699, 2700, 2701, 5000)) + n / 10 for n in range(3))
    accept, person, end = (seconds if rng.random() < 0.7 else None for seconds in steps)
    withdrawn = end if rng.random() < 0.2 and person is None else None
    at = OPENED + timedelta(seconds=rng.randrange(3 * 3600))
    return Life(rng.choice((UNIT, SOUTH)), rng.randint(1, 3), at, accept, person, None if withdrawn else end, withdrawn)


def modelled(lives: Iterable[Life], measure: Measure) -> Level:
    alarms = list(lives)
    times = sorted(took for life in alarms if (took := life.took(measure)) is not None)
    targets = []
    for target in DEFAULT_TARGETS:
        judged = [life for life in alarms if target.measure is measure and life.priority in target.priorities]
        if judged:
            within = target.within_seconds
            met = sum((took := life.took(measure)) is not None and took <= within for life in judged)
            late = sum((life.waited if (took := life.took(measure)) is None else took) > within for life in judged)
            targets.append(TargetLevel(within, target.share, met, late))
    median, p90 = (times[ceil(part * len(times)) - 1] if times else None for part in (0.5, 0.9))
    return Level(len(times), median, p90, targets)


@pytest.mark.parametrize("seed", range(3))
async def test_it_counts_as_a_plain_count_does(db: Pool, seed: int) -> None:
    rng = random.Random(seed)
    lives = [any_life(rng) for _ in range(150)]
    async with db.connection() as connection:
        for number, life in enumerate(lives):
            steps = {
                "accept": life.accept,
                "at_person": life.person,
                "resolve": life.resolve,
                "withdraw": life.withdraw,
            }
            given = {action: seconds for action, seconds in steps.items() if seconds is not None}
            await happened(connection, f"a{number}", at=life.at, unit=life.unit, priority=life.priority, **given)
    found = await counted(db)
    assert sum(level.alarms for level in found) == len(lives)
    for level in found:
        same = [life for life in lives if (life.unit, life.priority) == (level.unit, level.priority)]
        for measure in Measure:
            assert level.measures[measure] == modelled(same, measure), (level.unit, level.priority, measure)
