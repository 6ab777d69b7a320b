"""Whom an alarm of the past would have told: by policies and duty as they were recorded then."""

from datetime import datetime, timedelta

import pytest

from events.ids import Key, StaffId, TenantId, UnitId
from processors.would_tell import Ladders
from rules.backtest import Episode
from rules.decisions import AlarmKind, Priority, Reason
from rules.policy import CARE_LADDER, Group, Policy, Rung, Whom, write_policy
from store.policies import PolicyRow, add_policy, add_version, followed, retire
from store.pool import Pool
from tests.support.alarms import OPENED, TENANT, UNIT, add_municipality, add_staff

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
NORTH = UnitId(UNIT)
ON_DUTY, EVERYBODY = Whom(Group.ON_DUTY), Whom(Group.EVERYBODY)


def policy(repeat_seconds: int) -> Policy:
    """Told apart by how often it repeats."""
    return Policy("P", (Rung(0, (ON_DUTY,)), Rung(3600, (ON_DUTY, EVERYBODY))), repeat_seconds)


def row(version: int, at: datetime, repeat_seconds: int) -> PolicyRow:
    return PolicyRow("p", TenantId(TENANT), NORTH, version, write_policy(policy(repeat_seconds)), at, "test")


def missed_dose(at: datetime) -> Episode:
    return Episode("e", Key("r:anna"), AlarmKind.MISSED_DOSE, Priority.CARE, at, Reason.DOSE_NOT_TAKEN, {})


@pytest.fixture
async def town(pool: Pool) -> Pool:
    """A policy from OPENED on, changed after two hours, retired after four; astrid works until 13:00, bo from then."""
    async with pool.connection() as connection:
        await add_municipality(connection)
        for id in ("astrid", "bo"):
            await add_staff(connection, id, signed_in=False)
        await add_policy(connection, row(1, OPENED, 300))
        await add_version(connection, row(2, OPENED + 2 * HOUR, 600))
        await retire(connection, "p", OPENED + 4 * HOUR, "test")
    return pool


async def shift(pool: Pool, staff: str, start: datetime, end: datetime, recorded: datetime) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            'INSERT INTO duty_shifts (id, tenant, staff, units, "from", "to", created_at, created_by)'
            " VALUES (%s, %s, %s, %s, %s, %s, %s, 'test')",
            (staff, TENANT, staff, [UNIT], start, end, recorded),
        )
        await connection.execute(
            "INSERT INTO duty_planned VALUES (%s, %s, NULL, %s, %s) ON CONFLICT DO NOTHING",
            (TENANT, [UNIT], OPENED - HOUR, end),
        )


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(-1, ("vaka:care", 1)), (0, ("p", 1)), (1.9, ("p", 1)), (2, ("p", 2)), (3.9, ("p", 2)), (4, ("vaka:care", 1))],
)
async def test_the_policy_of_that_time(town: Pool, hours: float, expected: tuple[str, int]) -> None:
    async with town.connection() as connection:
        version = await Ladders(connection).policy(TenantId(TENANT), NORTH, missed_dose(OPENED + hours * HOUR))
    assert (version.id, version.version) == expected


async def test_who_was_planned_to_work_when_each_rung_would_have_come(town: Pool) -> None:
    await shift(town, "astrid", OPENED - HOUR, OPENED + HOUR, OPENED - HOUR)
    await shift(town, "bo", OPENED + HOUR, OPENED + 9 * HOUR, OPENED - HOUR)
    began = OPENED + HOUR / 2
    async with town.connection() as connection:
        ladders = Ladders(connection)
        version = await ladders.policy(TenantId(TENANT), NORTH, missed_dose(began))
        tells = await ladders.tells(TenantId(TENANT), NORTH, version, began)
    assert [(tell.at, tell.to, tell.on_duty) for tell in tells] == [
        (began, (ON_DUTY,), (StaffId("astrid"),)),
        (began + HOUR, (ON_DUTY, EVERYBODY), (StaffId("bo"),)),
    ]


async def test_a_shift_that_was_recorded_later_was_not_known(town: Pool) -> None:
    await shift(town, "astrid", OPENED - HOUR, OPENED + 9 * HOUR, OPENED + 5 * HOUR)
    async with town.connection() as connection:
        ladders = Ladders(connection)
        version = await ladders.policy(TenantId(TENANT), NORTH, missed_dose(OPENED))
        (first, _) = await ladders.tells(TenantId(TENANT), NORTH, version, OPENED)
    assert first.on_duty == ()


async def test_a_version_that_cannot_be_read_is_vakas_own_ladder(town: Pool, caplog: pytest.LogCaptureFixture) -> None:
    """Written by another version of Vaka, say: alarms must be told all the same."""
    async with town.connection() as connection:
        await connection.execute(
            "INSERT INTO policy_versions VALUES ('p', 3, '{\"name\": \"P\", \"telepathy\": true}', %s, 'test')",
            (OPENED,),
        )
        found = await followed(connection, [("p", 3), ("p", 2), ("vaka:care", 1)])
    assert found["p", 3].policy.rungs == CARE_LADDER.rungs
    assert found["p", 2].policy == policy(600)
    assert "cannot be read" in caplog.text


async def test_versions_are_kept_as_they_were(town: Pool) -> None:
    async with town.connection() as connection:
        with pytest.raises(Exception, match="only ever added to"):
            await connection.execute("UPDATE policy_versions SET content = '{}'")
