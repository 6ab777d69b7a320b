"""Commands against what runs: a real database and broker, each command in a process of its own."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest

from events.address import MqttServer
from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from rules.alarm_lifecycle import Action
from rules.coverage import Gap, GapReason, KnownGap
from store.alarm_actions import Acted, Actor, act
from store.coverage import keep_gaps
from store.people import Role, token_by_secret
from store.policies import PolicyRow, add_policy
from store.pool import Pool
from store.usage_count import Use, add_usage
from tests.support import village
from tests.support.alarms import OPENED, add_alarm, add_municipality
from tests.support.engine import running_engine
from vaka.clock import ManualClock, system_clock

pytestmark = pytest.mark.anyio


class Done(NamedTuple):
    code: int
    out: str
    err: str


Vaka = Callable[..., Awaitable[Done]]


@pytest.fixture
def vaka(database_url: str, mqtt_server: MqttServer, tmp_path: Path) -> Vaka:
    environment = {
        **os.environ,
        "VAKA_DATABASE_URL": database_url,
        "VAKA_MQTT_URL": f"mqtt://{mqtt_server.address}",
        "VAKA_DATA_DIR": str(tmp_path),
    }

    async def run(*arguments: str) -> Done:
        process = await asyncio.create_subprocess_exec(
            ".venv/bin/vaka",
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    return run


async def test_a_token_is_printed_last_and_works(vaka: Vaka, pool: Pool) -> None:
    async with pool.connection() as connection:
        await village.found(connection, datetime.now(UTC))
    done = await vaka("token", "--role", "staff", "--tenant", village.TENANT, "--unit", village.UNIT)
    assert done.code == 0
    async with pool.connection() as connection:
        token = await token_by_secret(connection, done.out.split()[-1])
    assert token is not None
    assert (token.role, token.tenant, token.unit) == (Role.STAFF, village.TENANT, village.UNIT)


async def test_a_token_for_nobody_is_refused(vaka: Vaka) -> None:
    done = await vaka("token", "--role", "staff", "--tenant", "nowhere")
    assert (done.code, done.out) == (1, "")
    assert "nowhere" in done.err


async def test_a_report_of_use_gives_the_same_bytes_each_time(vaka: Vaka, pool: Pool, tmp_path: Path) -> None:
    async with pool.connection() as connection:
        for day, count in ((1, 3), (2, 4)):
            use = Use(
                TenantId("prov"),
                UnitId("norr"),
                ResidentId("anna"),
                Technology.MEDICINE,
                "dose_taken",
                datetime(2026, 3, day, tzinfo=UTC).date(),
            )
            await add_usage(connection, Counter({use: count}))
    asked = ("report", "usage", "--from", "2026-03-01", "--to", "2026-03-31", "--by", "resident,day")
    as_csv = await vaka(*asked, "--format", "csv")
    assert as_csv.out == "resident,day,count\r\nanna,2026-03-01,3\r\nanna,2026-03-02,4\r\n"
    as_json = await vaka(*asked)
    assert [item["count"] for item in json.loads(as_json.out)["items"]] == [3, 4]
    assert (await vaka(*asked)).out == as_json.out
    file = tmp_path / "usage.csv"
    assert (await vaka(*asked, "--format", "csv", "--out", str(file))).out == ""
    assert file.read_bytes() == b"resident,day,count\r\nanna,2026-03-01,3\r\nanna,2026-03-02,4\r\n"


async def test_service_levels_are_reported_with_a_row_for_each_target(vaka: Vaka, pool: Pool, tmp_path: Path) -> None:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_alarm(connection)
        accepted = await act(
            connection, "alarm-1", Action.ACCEPT, 1, Actor("a", "A"), OPENED + timedelta(seconds=90), {}
        )
        assert isinstance(accepted, Acted)
    asked = ("report", "service-levels", "--from", "2026-03-02", "--to", "2026-03-02")
    lines = (await vaka(*asked, "--by", "unit", "--format", "csv")).out.splitlines()
    assert lines[0].startswith("unit,measure,alarms,open,withdrawn,reached,median_seconds")
    assert [line.split(",")[1:3] + line.split(",")[8:11] for line in lines[1:]] == [
        ["accept", "1", "60", "0.9750", "0"],
        ["accept", "1", "180", "0.9900", "1"],
        ["person", "1", "2700", "0.9000", "0"],
        ["resolve", "1", "", "", ""],
    ]
    book = tmp_path / "levels.xlsx"
    assert (await vaka(*asked, "--unit", "north", "--format", "xlsx", "--out", str(book))).code == 0
    assert openpyxl.load_workbook(book).sheetnames == ["service-levels", "codebook"]
    assert json.loads((await vaka(*asked, "--unit", "nowhere")).out)["items"] == []


async def test_policies_and_gaps_are_shown(vaka: Vaka, pool: Pool) -> None:
    assert (await vaka("policies")).out == "no policies are given: the built-in ladders hold\n"
    assert await vaka("coverage") == (0, "no gaps are known\n", "")
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    async with pool.connection() as connection:
        await village.found(connection, noon)
        rungs = [{"after_seconds": 0, "to": [{"who": "everybody"}]}]
        content = {"name": "Larmkedja", "rungs": rungs, "repeat_seconds": 300}
        row = PolicyRow("natt", village.TENANT, village.UNIT, 1, content, noon, "test")
        assert await add_policy(connection, row)
        gap = Gap(village.UNIT, GapReason.NOBODY_ON_DUTY, (Technology.SOCIAL_ALARM,), noon, noon + timedelta(hours=2))
        await keep_gaps(connection, village.TENANT, [KnownGap(gap, noon, None)], {village.UNIT: 3})
    assert (await vaka("policies")).out == f"natt  version 1  {village.TENANT}  {village.UNIT}  rungs: 1\n"
    (policy,) = json.loads((await vaka("policies", "--tenant", village.TENANT, "--format", "json")).out)["items"]
    assert policy["content"]["name"] == "Larmkedja"
    shown = await vaka("coverage")
    assert shown.code == 1
    assert shown.out == f"{village.UNIT}  2026-03-02 13:00 to 2026-03-02 15:00  nobody_on_duty  social_alarm\n"
    (told,) = json.loads((await vaka("coverage", "--unit", village.UNIT, "--format", "json")).out)["items"]
    assert (told["reason"], told["residents"]) == ("nobody_on_duty", 3)
    assert (await vaka("coverage", "--unit", village.OTHER_UNIT)).code == 0


async def test_indicators_are_reported_for_one_municipality(vaka: Vaka, pool: Pool, tmp_path: Path) -> None:
    async with pool.connection() as connection:
        await village.found(connection, system_clock())
        anna = await village.move_in(connection, "anna", system_clock())
        await village.lend(connection, "knapp", Technology.SOCIAL_ALARM, anna, system_clock())
    asked = ("report", "indicators", "--from", "2026-03-01", "--to", "2126-03-31")
    one = (*asked, "--tenant", village.TENANT, "--indicator", "persons_with_technology")
    as_csv = (await vaka(*one, "--by", "housing,unit", "--format", "csv")).out.splitlines()
    assert as_csv[0] == "indicator,version,series,unit,housing,persons,part,whole,share,hidden"
    assert all(line.startswith("persons_with_technology,1,") and line.endswith(",,,yes") for line in as_csv[1:])
    items = json.loads((await vaka(*one)).out)["items"]
    assert {item["hidden"] for item in items} == {True}
    book = tmp_path / "figures.xlsx"
    assert (await vaka(*one, "--format", "xlsx", "--out", str(book))).code == 0
    assert openpyxl.load_workbook(book).sheetnames == ["indicators", "codebook"]
    for wrong, says in (
        ((*one, "--format", "xlsx"), "--format xlsx needs --out"),
        (asked, "--tenant  is not a municipality"),
        ((*asked, "--tenant", village.TENANT, "--indicator", "none"), "--indicator none is none of"),
        ((*one, "--by", "name"), "--by name is none of"),
        ((*one, "--by", "unit,sex,housing"), "more than 2 dimensions"),
    ):
        refused = await vaka(*wrong)
        assert (refused.code, refused.out) == (1, "")
        assert says in refused.err


async def test_migrating_again_changes_nothing_and_says_where_it_stands(vaka: Vaka) -> None:
    assert (await vaka("migrate")) == (await vaka("migrate", "--phase", "before"))


async def test_the_doctor_finds_what_is_bad_and_what_is_well(
    vaka: Vaka, database_url: str, mqtt_server: MqttServer
) -> None:
    ill = await vaka("doctor", "--format", "json")
    found = {finding["what"]: finding for finding in json.loads(ill.out)}
    assert ill.code == 1
    assert not found["log"]["ok"]
    assert found["database"]["ok"]
    assert found["broker keeps a backlog"]["ok"], found
    async with running_engine(database_url, mqtt_server, ManualClock(system_clock())):
        well = await vaka("doctor")
    assert well.code == 0, well.out


async def test_devices_are_imported_from_a_list(vaka: Vaka, pool: Pool, tmp_path: Path) -> None:
    async with pool.connection() as connection:
        await village.found(connection, system_clock())
    file = tmp_path / "devices.csv"
    file.write_text("id,type,name\nknapp-1,button,Knapp\nhubb,hub,\n")
    command = ("import", "devices", str(file), "--tenant", village.TENANT)
    tried = await vaka(*command, "--dry-run")
    assert (tried.code, tried.out.splitlines()) == (
        0,
        ["row 2: knapp-1: new", "row 3: hubb: new", "2 new, 0 changed, 0 same, 0 wrong, nothing is changed"],
    )
    assert (await vaka(*command)).out.splitlines()[-1] == "2 new, 0 changed, 0 same, 0 wrong"
    file.write_text("id,type,name\nknapp-1,button,Ny knapp\nhubb,toaster,\n")
    wrong = await vaka(*command)
    assert (wrong.code, wrong.out.splitlines()) == (
        1,
        [
            "row 2: knapp-1: change: name 'Knapp' -> 'Ny knapp'",
            "row 3: hubb: error: type 'toaster' is not known",
            "0 new, 1 changed, 0 same, 1 wrong, nothing is changed",
        ],
    )
    nobody = await vaka("import", "devices", str(file), "--tenant", "nobody")
    assert (nobody.code, nobody.err) == (1, "vaka: there is no tenant 'nobody'\n")
