"""docs/scaip.md has the tables of codes, as they are."""

import re
from pathlib import Path

import pytest

from ingest.scaip.codes import BY_TYPE, STATES, TYPES

PAGE = Path(__file__).parents[4] / "docs" / "scaip.md"


def type_table() -> list[str]:
    rows = [
        f"| {code} | {one.name} | {one.word} | `{one.alarm}` | {'yes' if one.pressed else ''} |"
        for code, one in TYPES.items()
    ]
    return ["| `dty` | type | staff read | its alarm | calls for a person |", "|---|---|---|---|---|", *rows]


def state_table() -> list[str]:
    words = {"alarm": "alarm", "reset": "reset", "normal": "normal"}
    rows = [
        f"| {code} | {one.name} | {words.get(one.means, f'`{one.means}`')} |" for code, one in sorted(STATES.items())
    ]
    return ["| `stc` | state | becomes |", "|---|---|---|", *rows]


def exception_table() -> list[str]:
    rows = []
    for dty, states in BY_TYPE.items():
        told = ", ".join(f"{code} `{kind}`" for code, kind in sorted(states.items()))
        rows.append(f"| {dty} | {TYPES[dty].name} | {told} |")
    return ["| `dty` | type | states |", "|---|---|---|", *rows]


TABLES = {"types": type_table, "states": state_table, "by type": exception_table}


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_table(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\n\n((?:\|.*\n)+)", text)
    assert found is not None
    assert found[1].splitlines() == TABLES[name]()
