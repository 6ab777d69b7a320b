"""Coverage on the real database, and its gaps as alarms through the real log."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from events.address import MqttServer
from events.ids import StaffId, TenantId, UnitId
from events.kinds import Technology
from processors.coverage import CoverageChecker, CoverageMetrics
from rules.contact import Channel, Owner
from rules.coverage import LASTING
from store.contact_points import ContactPointRow, add_contact_point
from store.duty_shifts import SingleShift, add_shifts
from store.pool import Pool
from tests.support import village
from tests.support.engine import START, RunningEngine, running_engine
from tests.support.rows import row, rows
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio

TENANT, UNIT = TenantId(village.TENANT), UnitId(village.UNIT)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def checker(pool: Pool, clock: ManualClock, registry: CollectorRegistry) -> CoverageChecker:
    return CoverageChecker(pool, clock, CoverageMetrics(registry))


@pytest.fixture
async def engine(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, pool: Pool
) -> AsyncIterator[RunningEngine]:
    """Anna in the unit, with a button and a dispenser; a hub with her raises no alarm of hers."""
    async with pool.connection() as connection:
        await village.found(connection, clock())
        anna = await village.move_in(connection, "anna", clock())
        for device, technology in (
            ("button", Technology.SOCIAL_ALARM),
            ("dispenser", Technology.MEDICINE),
            ("hub", Technology.OTHER),
        ):
            await village.lend(connection, device, technology, anna, clock())
    async with running_engine(database_url, mqtt_server, clock) as running:
        await running.heed()
        yield running


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


async def hire(pool: Pool, id: str, *, telephone: bool = True, signed_in: bool = False) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO staff (id, tenant, unit, username, name, role, password_hash, created_at)"
            " VALUES (%s, %s, %s, %s, %s, 'staff', '', %s)",
            (id, TENANT, UNIT, id, f"Test {id.title()}", START),
        )
        if telephone:
            address: dict[str, Any] = {"url": "https://push.example/1"}
            point = ContactPointRow(
                f"point-{id}", TENANT, UNIT, Owner.STAFF, id, Channel.APPRISE, address, 1, START, "test"
            )
            assert await add_contact_point(connection, point)
            # Which channels need a provider of the tenant is not what is tested here.
            await connection.execute(
                "INSERT INTO channel_providers VALUES (%s, 'apprise', '{}', %s, 'test') ON CONFLICT DO NOTHING",
                (TENANT, START),
            )
        if signed_in:
            await connection.execute(
                "INSERT INTO sessions VALUES (%s, %s, now(), now() + interval '12 hours')", (id.encode(), id)
            )


async def work(pool: Pool, staff: str, start: float, end: float) -> None:
    async with pool.connection() as connection:
        shift = SingleShift(
            f"{staff} {start}", TENANT, StaffId(staff), [UNIT], None, at(start), at(end), None, None, START, "test"
        )
        assert await add_shifts(connection, [shift])


async def told(pool: Pool, engine: RunningEngine) -> list[tuple[Any, ...]]:
    """Kind, reason, state and unit of all alarms, once the log has taken what was told."""
    async with pool.connection() as connection:
        while await rows(connection, "SELECT FROM inbox WHERE applied_at IS NULL"):
            await connection.rollback()
            await engine.heed()
        return await rows(connection, "SELECT kind, reason, state, unit, tenant, count FROM alarms ORDER BY opened_at")


async def test_a_shift_that_nobody_works_is_an_alarm_in_time_and_taken_back_when_it_is_filled(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock, registry: CollectorRegistry
) -> None:
    await hire(pool, "bo")
    await work(pool, "bo", -1, 20)
    await work(pool, "bo", 21, 60)
    await checker.step()
    gap = ("coverage_gap", "only_last_resort", "open", UNIT, TENANT, 1)
    assert await told(pool, engine) == [gap]
    assert registry.get_sample_value("vaka_coverage_gaps", {"reason": "only_last_resort"}) == 1
    async with pool.connection() as connection:
        (priority, detail) = await row(connection, "SELECT priority, detail FROM alarms")
    assert priority == 3
    assert (detail["since"], detail["until"]) == (at(20).isoformat(), at(21).isoformat())
    assert detail["technologies"] == ["medicine", "social_alarm"]
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        await checker.step()
    assert await told(pool, engine) == [gap]
    await work(pool, "bo", 20, 21)
    await checker.step()
    assert await told(pool, engine) == [("coverage_gap", "only_last_resort", "withdrawn", UNIT, TENANT, 1)]
    assert registry.get_sample_value("vaka_coverage_gaps", {"reason": "only_last_resort"}) == 0


async def test_a_test_message_that_failed_is_a_gap(pool: Pool, engine: RunningEngine, checker: CoverageChecker) -> None:
    await hire(pool, "bo")
    await hire(pool, "carl")
    await work(pool, "bo", -1, 60)
    await checker.step()
    assert await told(pool, engine) == []
    async with pool.connection() as connection:
        await connection.execute("UPDATE contact_points SET last_test = 'failed' WHERE owner_id = 'bo'")
    await checker.step()
    async with pool.connection() as connection:
        assert await rows(connection, "SELECT reason, told_at FROM coverage_gaps") == [("only_last_resort", None)]


async def test_who_does_not_sign_in_to_work_is_told_of_when_it_lasts(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock
) -> None:
    await hire(pool, "bo", telephone=False)
    await work(pool, "bo", -1, 60)
    await checker.step()
    assert await told(pool, engine) == []
    clock.advance(LASTING)
    await checker.step()
    assert await told(pool, engine) == [("coverage_gap", "nobody_reachable", "open", UNIT, TENANT, 1)]
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO sessions VALUES ('x', 'bo', now(), now() + interval '12 hours')")
    await checker.step()
    assert [state for _, _, state, *_ in await told(pool, engine)] == ["withdrawn"]


async def test_a_new_installation_has_one_alarm_for_each_unit_at_most(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock
) -> None:
    """No duty is planned, nobody is signed in; the other unit has no residents."""
    for _ in range(12):
        await checker.step()
        clock.advance(timedelta(minutes=5))
    assert await told(pool, engine) == [("coverage_gap", "nobody_reachable", "open", UNIT, TENANT, 1)]
    await hire(pool, "bo", signed_in=True)
    await checker.step()
    assert [state for _, _, state, *_ in await told(pool, engine)] == ["withdrawn"]
    await checker.step()
    assert len(await told(pool, engine)) == 1


async def test_two_gaps_of_a_unit_are_one_alarm_until_the_last_is_filled(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock
) -> None:
    await hire(pool, "bo")
    await work(pool, "bo", -1, 20)
    async with pool.connection() as connection:
        await connection.execute(
            'INSERT INTO duty_needs (id, tenant, unit, skill, minimum, weekdays, start, "end", created_at, created_by)'
            " VALUES ('two', %s, %s, NULL, 2, '{}', '00:00', '00:00', %s, 'test')",
            (TENANT, UNIT, START - timedelta(days=1)),
        )
    await checker.step()
    clock.advance(LASTING)
    await checker.step()
    ((_, _, state, *_, count),) = await told(pool, engine)
    assert (state, count) == ("open", 2)
    async with pool.connection() as connection:
        await connection.execute("UPDATE duty_needs SET removed_at = %s, removed_by = 'test'", (clock(),))
    await checker.step()
    assert [alarm[2] for alarm in await told(pool, engine)] == ["open"]
    await work(pool, "bo", 20, 60)
    await checker.step()
    assert [alarm[2] for alarm in await told(pool, engine)] == ["withdrawn"]


async def test_two_checkers_tell_once(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock
) -> None:
    await hire(pool, "bo")
    await work(pool, "bo", -1, 20)
    other = CoverageChecker(pool, clock, CoverageMetrics(CollectorRegistry()))
    async with pool.connection() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(0x636f7665)")
        await other.step()
        assert await rows(connection, "SELECT FROM coverage_gaps") == []
    await checker.step()
    await other.step()
    async with pool.connection() as connection:
        assert len(await rows(connection, "SELECT FROM inbox WHERE kind = 'coverage_changed'")) == 1


async def test_a_unit_whose_residents_gave_back_their_devices_has_no_gap(
    pool: Pool, engine: RunningEngine, checker: CoverageChecker, clock: ManualClock
) -> None:
    await checker.step()
    clock.advance(LASTING)
    await checker.step()
    async with pool.connection() as connection:
        await connection.execute('UPDATE assignments SET "to" = %s', (clock(),))
    clock.advance(timedelta(minutes=5))
    await checker.step()
    assert [alarm[2] for alarm in await told(pool, engine)] == ["withdrawn"]
    async with pool.connection() as connection:
        assert await rows(connection, "SELECT FROM coverage_gaps") == []
