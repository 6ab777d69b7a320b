"""Service levels for Prometheus, on the real journal."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from events.ids import TenantId
from processors.service_levels import ServiceLevelMeter, ServiceLevelMetrics
from rules.alarm_lifecycle import Action
from rules.service_levels import Measure, Target
from store.alarm_actions import Acted, Actor, act
from store.pool import Pool
from store.service_level_targets import add_target_version
from tests.support.alarms import OPENED, TENANT, UNIT, add_alarm, add_municipality
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(pool: Pool) -> Pool:
    async with pool.connection() as connection:
        await add_municipality(connection, "south")
    return pool


async def do(pool: Pool, action: Action, version: int, seconds: float, alarm: str = "alarm-1") -> None:
    data = {"receiver": "unit:south"} if action is Action.FORWARD else {}
    at = OPENED + timedelta(seconds=seconds)
    async with pool.connection() as connection:
        assert isinstance(await act(connection, alarm, action, version, Actor("a", "A"), at, data), Acted)


async def test_each_first_time_is_counted_once_for_the_unit_that_had_the_alarm_first(town: Pool) -> None:
    registry = CollectorRegistry()
    meter = ServiceLevelMeter(town, ManualClock(OPENED), ServiceLevelMetrics(registry))

    def counted(measure: str, unit: str = UNIT, **labels: str) -> float | None:
        name = f"vaka_alarm_{measure}_seconds_{'bucket' if labels else 'count'}"
        return registry.get_sample_value(name, {"unit": unit, "priority": "1", **labels})

    async with town.connection() as connection:
        await add_alarm(connection, "before")
        await add_alarm(connection)
    await do(town, Action.ACCEPT, 1, 10, "before")
    await meter.step()
    assert counted("accept") is None
    await do(town, Action.ACCEPT, 1, 60)
    await meter.step()
    assert (counted("accept"), counted("accept", le="60.0"), counted("accept", le="30.0")) == (1, 1, 0)
    await do(town, Action.FORWARD, 2, 70)
    await do(town, Action.ACCEPT, 3, 80)
    await do(town, Action.AT_PERSON, 4, 2700)
    await do(town, Action.RESOLVE, 5, 3000)
    await meter.step()
    await meter.step()
    assert (counted("accept"), counted("person"), counted("resolve")) == (1, 1, 1)
    assert (counted("person", le="2700.0"), counted("person", le="1800.0")) == (1, 0)
    assert counted("accept", "south") is None


async def test_alarms_that_nobody_takes_are_seen_all_the_same(town: Pool) -> None:
    registry, clock = CollectorRegistry(), ManualClock(OPENED)
    meter = ServiceLevelMeter(town, clock, ServiceLevelMetrics(registry))

    def late(measure: Measure, priority: int = 1) -> float | None:
        labels = {"measure": measure, "priority": str(priority)}
        return registry.get_sample_value("vaka_alarms_overdue", labels)

    async with town.connection() as connection:
        await add_alarm(connection)
        await add_alarm(connection, "technical", priority=3)
    for seconds, expected in ((180, 0), (181, 1)):
        clock.time = OPENED + timedelta(seconds=seconds)
        await meter.step()
        assert (late(Measure.ACCEPT), late(Measure.PERSON), late(Measure.ACCEPT, 3)) == (expected, 0, 0)
    await do(town, Action.ACCEPT, 1, 200)
    clock.time = OPENED + timedelta(seconds=2701)
    await meter.step()
    assert (late(Measure.ACCEPT), late(Measure.PERSON)) == (0, 1)
    await do(town, Action.AT_PERSON, 2, 2800)
    await meter.step()
    assert late(Measure.PERSON) == 0


async def test_targets_of_the_unit_say_when_it_is_late(town: Pool) -> None:
    registry, clock = CollectorRegistry(), ManualClock(OPENED + timedelta(minutes=5))
    async with town.connection() as connection:
        target = Target(measure=Measure.ACCEPT, within_seconds=600, share=0.9)
        await add_target_version(connection, "t", TenantId(TENANT), None, (target,), OPENED, "manager")
        await add_alarm(connection)
    await ServiceLevelMeter(town, clock, ServiceLevelMetrics(registry)).step()
    labels = {"measure": "accept", "priority": "1"}
    assert registry.get_sample_value("vaka_alarms_overdue", labels) == 0
