"""`vaka duty`: shifts from a file, tried out first, and who is on duty."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from events.ids import StaffId
from rules.duty import Skill
from store import people
from store.people import Role, Staff
from store.pool import Pool
from tests.support import village
from vaka.cli import parser
from vaka.clock import system_clock
from vaka.commands import Refused, duty
from vaka.settings import Settings

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[int]]
TOMORROW = (system_clock() + timedelta(days=1)).astimezone(ZoneInfo("Europe/Stockholm")).date()
NIGHT = f"{TOMORROW}T22:00:00+01:00"


@pytest.fixture
async def vaka(pool: Pool, database_url: str, tmp_path: Path) -> Run:
    """The command against a village with a nurse and an assistant."""
    async with pool.connection() as connection:
        await village.found(connection, system_clock())
        for name, skill in {"anna": Skill.NURSE, "bert": Skill.ASSISTANT}.items():
            person = Staff(
                StaffId(name), village.TENANT, village.UNIT, name, f"{name.title()} Prov", Role.STAFF, system_clock(),
                skills=[skill],
            )  # fmt: skip
            await people.add_staff(connection, person, "")

    async def run(*arguments: str) -> int:
        options = parser().parse_args(["duty", *arguments])
        return await duty.run(options, Settings(database_url=database_url, data_dir=tmp_path))

    return run


@pytest.fixture
def nights(tmp_path: Path) -> str:
    """A list with one shift of each."""
    file = tmp_path / "nights.csv"
    rows = [f"{name};{TOMORROW};21:00;07:00" for name in ("anna", "bert")]
    file.write_text("\n".join(["staff;date;from;to", *rows]), encoding="utf-8")
    return str(file)


async def test_shifts_are_tried_out_imported_and_shown(
    vaka: Run, nights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("import", nights, "--tenant", village.TENANT, "--unit", village.UNIT)
    assert await vaka("show", village.UNIT, "--at", NIGHT) == 0
    assert "no duty is planned" in capsys.readouterr().out
    assert await vaka(*command, "--dry-run") == 0
    assert capsys.readouterr().out.endswith("2 new, 0 removed, 0 same, 0 wrong, nothing is changed\n")
    assert await vaka(*command, "--format", "json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["imported"], done["new"], done["rows"][0]["staff"]) == (True, 2, "anna")
    assert await vaka(*command) == 0
    assert capsys.readouterr().out == "0 new, 0 removed, 2 same, 0 wrong\n"
    assert await vaka("show", village.UNIT, "--at", NIGHT) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[2:] for line in shown[1:]] == [
        ["Anna Prov (anna)", "nurse"],
        ["Bert Prov (bert)", "assistant"],
    ]
    assert await vaka("show", village.UNIT, "--at", NIGHT, "--skill", "nurse", "--format", "json") == 0
    assert [each["staff"] for each in json.loads(capsys.readouterr().out)["items"]] == ["anna"]
    assert await vaka("show", village.UNIT, "--at", NIGHT, "--skill", "nurse", "--as-of", "2026-01-01T00:00:00Z") == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["nobody"]


async def test_what_is_wrong_is_told_by_row_and_nothing_is_imported(
    vaka: Run, nights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    list_of_all = Path(nights)
    list_of_all.write_text(f"{list_of_all.read_text()}\nnobody;{TOMORROW};21:00;07:00", encoding="utf-8")
    assert await vaka("import", nights, "--tenant", village.TENANT) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("row 4: ")
    assert told[0].endswith("error: staff 'nobody' is nobody's username, alias or name")
    assert told[-1] == "2 new, 0 removed, 0 same, 1 wrong, nothing is changed"
    assert await vaka("import", nights, "--tenant", village.TENANT, "--partly") == 1
    assert capsys.readouterr().out.endswith("2 new, 0 removed, 0 same, 1 wrong\n")


async def test_what_cannot_be_done_says_why(vaka: Run, nights: str, tmp_path: Path) -> None:
    calendar = tmp_path / "broken.ics"
    calendar.write_bytes(b"BEGIN:VCALENDAR\r\n")
    for arguments, told in (
        (("import", nights), "--tenant is needed"),
        (("import", nights, "--tenant", "nowhere"), "nowhere"),
        (("import", nights, "--tenant", village.TENANT, "--unit", "nowhere"), "units 'nowhere': is not known"),
        (("import", str(tmp_path / "none.csv"), "--tenant", village.TENANT), "none.csv"),
        (("import", str(calendar), "--tenant", village.TENANT), "not a whole calendar"),
        (("show", "nowhere"), "there is no unit 'nowhere'"),
    ):
        with pytest.raises(Refused, match=told):
            await vaka(*arguments)
