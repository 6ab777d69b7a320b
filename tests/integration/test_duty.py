"""Duty as the database keeps it: read around a moment, as it is recorded now and as it was recorded then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import msgspec
import pytest
from psycopg.types.json import Jsonb

from events.ids import ResidentId, StaffId, TenantId, UnitId
from rules.duty import Duty, Skill, Use, on_duty, planned
from rules.rotation import Pattern, PatternShift
from store.duty import duties, relatives
from store.pool import Connection, Pool

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEST, NORTH, SOUTH = TenantId("west"), UnitId("north"), UnitId("south")
ALWAYS = PatternShift(1, "00:00", "00:00", 1)


async def run(connection: Connection, statement: LiteralString, *values: object) -> None:
    await connection.execute(statement, values)


@pytest.fixture
async def connection(pool: Pool) -> Any:
    """Tenant `west` with two units, the people anna (nurse), bert and carl, and a relative."""
    async with pool.connection() as connection:
        await run(connection, "INSERT INTO tenants (id, name, created_at) VALUES ('west', 'West', %s)", NOON)
        for unit in ("north", "south"):
            await run(connection, "INSERT INTO units VALUES (%s, 'west', %s, %s)", unit, unit, NOON)
        for id, role in {"anna": "staff", "bert": "staff", "carl": "staff", "rita": "relative"}.items():
            await run(
                connection,
                "INSERT INTO staff (id, tenant, username, name, role, password_hash, created_at, skills)"
                " VALUES (%s, 'west', %s, %s, %s, '', %s, %s)",
                *(id, id, f"Test {id.title()}", role, NOON, ["nurse"] if id == "anna" else []),
            )
        yield connection


async def rotation(
    connection: Connection, version: int, since: datetime, *people: str, recorded: datetime | None = None
) -> None:
    """A version of the rotation `r` of `north`, in which `people` work all day; without anybody, its end."""
    pattern = Pattern(date(2026, 1, 1), 1, 1, (ALWAYS,), (tuple(map(StaffId, people)),))
    await run(connection, "INSERT INTO rotations VALUES ('r', 'west', %s) ON CONFLICT DO NOTHING", NOON)
    await run(
        connection,
        """INSERT INTO rotation_versions (rotation, version, "from", name, units, pattern, created_at, created_by)
        VALUES ('r', %s, %s, 'Test', '{north}', %s, %s, 'test')""",
        *(version, since, Jsonb(msgspec.to_builtins(pattern)) if people else None, recorded or since),
    )


async def shift(connection: Connection, id: str, staff: str, start: datetime, end: datetime, **more: Any) -> None:
    await run(
        connection,
        """INSERT INTO duty_shifts (id, tenant, staff, units, "from", "to", created_at, created_by, removed_at)
        VALUES (%s, 'west', %s, '{north}', %s, %s, %s, 'test', %s)""",
        *(id, staff, start, end, more.get("recorded", start), more.get("removed")),
    )


async def exception(connection: Connection, id: str, kind: str, staff: str, start: datetime, **more: Any) -> None:
    await run(
        connection,
        """INSERT INTO duty_exceptions
        (id, tenant, kind, staff, instead, "from", "to", back_from, back_to, created_at, created_by, withdrawn_at)
        VALUES (%s, 'west', %s, %s, %s, %s, %s, %s, %s, %s, 'test', %s)""",
        *(id, kind, staff, more.get("instead"), start, more.get("end"), *more.get("back", (None, None))),
        *(more.get("recorded", start), more.get("withdrawn")),
    )


async def of_west(connection: Connection, at: datetime, as_of: datetime | None = None) -> Duty:
    return (await duties(connection, [WEST], at, as_of=as_of))[WEST]


async def at(connection: Connection, when: datetime, as_of: datetime | None = None) -> tuple[StaffId, ...]:
    return on_duty(await of_west(connection, when, as_of), NORTH, when)


async def test_without_any_duty_nobody_is_on_it_and_nothing_is_planned(connection: Connection) -> None:
    duty = await of_west(connection, NOON)
    assert (duty.zone, on_duty(duty, NORTH, NOON), planned(duty, NORTH)) == ("Europe/Stockholm", (), False)
    assert await duties(connection, [TenantId("nowhere")], NOON) == {}


async def test_a_version_holds_from_its_time_until_the_next_one_does(connection: Connection) -> None:
    await rotation(connection, 1, NOON, "anna")
    await rotation(connection, 2, NOON + 2 * HOUR, "bert", recorded=NOON)
    await rotation(connection, 3, NOON + 4 * HOUR)
    hours = {hour: await at(connection, NOON + hour * HOUR) for hour in (-1, 0, 1, 2, 3, 4)}
    assert hours == {-1: (), 0: ("anna",), 1: ("anna",), 2: ("bert",), 3: ("bert",), 4: ()}


async def test_a_later_version_may_begin_before_the_one_that_was_to_come(connection: Connection) -> None:
    await rotation(connection, 1, NOON, "anna")
    await rotation(connection, 2, NOON + 8 * HOUR, "bert", recorded=NOON)
    await rotation(connection, 3, NOON + 4 * HOUR, "carl", recorded=NOON + HOUR)
    assert [await at(connection, NOON + hour * HOUR) for hour in (3, 4, 9)] == [("anna",), ("carl",), ("carl",)]
    assert await at(connection, NOON + 9 * HOUR, as_of=NOON) == ("bert",)


async def test_who_plans_duty_is_known_for_four_weeks_after_it_ended(connection: Connection) -> None:
    await rotation(connection, 1, NOON, "anna")
    await rotation(connection, 2, NOON + HOUR)
    for days, expected in {-1: False, 0: True, 27: True, 29: False}.items():
        duty = await of_west(connection, NOON + timedelta(days=days))
        assert (planned(duty, NORTH), planned(duty, SOUTH)) == (expected, False), days


async def test_single_shifts_plan_duty_from_the_first_to_some_weeks_after_the_last(connection: Connection) -> None:
    await run(
        connection,
        "INSERT INTO duty_planned VALUES ('west', '{south}', 'nurse', %s, %s)",
        *(NOON, NOON + HOUR),
    )
    for days, expected in {-1: frozenset(), 27: frozenset({Use(SOUTH, Skill.NURSE)}), 29: frozenset()}.items():
        assert (await of_west(connection, NOON + timedelta(days=days))).in_use == expected, days


async def test_a_shift_that_was_removed_counts_until_then(connection: Connection) -> None:
    await shift(connection, "s", "anna", NOON, NOON + 8 * HOUR, removed=NOON + 2 * HOUR)
    assert [await at(connection, NOON + hour * HOUR) for hour in (0, 1, 2, 3)] == [("anna",), ("anna",), (), ()]
    assert await at(connection, NOON + 3 * HOUR, as_of=NOON + HOUR) == ("anna",)


async def test_what_is_recorded_late_was_not_known_before(connection: Connection) -> None:
    await shift(connection, "s", "anna", NOON, NOON + 8 * HOUR, recorded=NOON + HOUR)
    assert await at(connection, NOON) == ("anna",)
    assert await at(connection, NOON, as_of=NOON) == ()


async def test_a_substitute_stands_in_until_it_is_withdrawn(connection: Connection) -> None:
    await rotation(connection, 1, NOON - HOUR, "anna")
    await exception(
        connection, "e", "substitution", "anna", NOON, end=NOON + 8 * HOUR, instead="bert", withdrawn=NOON + 2 * HOUR
    )
    assert [await at(connection, NOON + hour * HOUR) for hour in (-1, 0, 1, 2)] == [
        ("anna",),
        ("bert",),
        ("bert",),
        ("anna",),
    ]
    assert await at(connection, NOON + 3 * HOUR, as_of=NOON + HOUR) == ("bert",)


async def test_a_swap_has_two_legs_which_lie_apart(connection: Connection) -> None:
    tomorrow = NOON + timedelta(days=1)
    await shift(connection, "s-1", "anna", NOON, NOON + 2 * HOUR)
    await shift(connection, "s-2", "bert", tomorrow, tomorrow + 2 * HOUR)
    back = (tomorrow, tomorrow + 2 * HOUR)
    await exception(connection, "e", "swap", "anna", NOON, end=NOON + 2 * HOUR, instead="bert", back=back)
    assert (await at(connection, NOON), await at(connection, tomorrow)) == (("bert",), ("anna",))


async def test_who_is_away_until_further_notice_is_on_no_duty(connection: Connection) -> None:
    await rotation(connection, 1, NOON - HOUR, "anna", "bert")
    await exception(connection, "e", "absence", "anna", NOON)
    assert await at(connection, NOON + timedelta(days=400)) == ("bert",)


async def test_whose_account_is_closed_is_on_no_duty_from_then_on(connection: Connection) -> None:
    await rotation(connection, 1, NOON - HOUR, "anna", "bert")
    await run(connection, "UPDATE staff SET closed_at = %s WHERE id = 'anna'", NOON + HOUR)
    assert [await at(connection, NOON + hour * HOUR) for hour in (0, 1)] == [("anna", "bert"), ("bert",)]
    assert await at(connection, NOON + HOUR, as_of=NOON) == ("anna", "bert")


async def test_skills_are_those_of_the_person(connection: Connection) -> None:
    await rotation(connection, 1, NOON, "anna", "bert")
    assert on_duty(await of_west(connection, NOON), NORTH, NOON, Skill.NURSE) == ("anna",)


async def test_relatives_are_those_who_are_tied_now_and_have_an_account(connection: Connection) -> None:
    for id in ("r-1", "r-2"):
        await run(
            connection,
            "INSERT INTO residents (id, tenant, unit, name, created_at) VALUES (%s, 'west', 'north', 'Test', %s)",
            *(id, NOON),
        )
        await run(
            connection,
            "INSERT INTO relatives (id, tenant, resident, staff, created_at, created_by)"
            " VALUES (%s, 'west', %s, 'rita', %s, 'test')",
            *(f"tie-{id}", id, NOON),
        )
    await run(connection, "UPDATE relatives SET ended_at = %s WHERE resident = 'r-2'", NOON)
    both = [ResidentId("r-1"), ResidentId("r-2")]
    assert await relatives(connection, both) == {"r-1": ("rita",)}
    await run(connection, "UPDATE staff SET closed_at = %s WHERE id = 'rita'", NOON)
    assert await relatives(connection, both) == {}
