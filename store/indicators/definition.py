"""What an indicator is, as its file says."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The same in Swedish and English."""

    sv: str
    en: str


class Indicator(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`counts`: whether its numerator is persons or something that happens to them.

    `query` gives a row for each `resident` and `series` (a technology, an outcome): of what happens `part` and `whole`,
    of persons nothing more, for they are part of all who were cared for. It may use `span` (tenant, start, stop) and
    `people` (resident, tenant and what they are grouped by); see `store.indicators.figures`.
    """

    id: str
    version: int
    name: Words
    question: Words
    numerator: Words
    denominator: Words
    source: Words
    caveat: Words
    counts: Literal["persons", "events"]
    query: str


@cache
def indicators() -> dict[str, Indicator]:
    """All definitions, by id."""
    found = (
        _read(file.name, file.read_text("utf-8")) for file in files("store.indicators").iterdir() if _is_one(file.name)
    )
    return {indicator.id: indicator for indicator in sorted(found, key=lambda indicator: indicator.id)}


def _is_one(name: str) -> bool:
    return name.endswith(".toml")


def _read(name: str, text: str) -> Indicator:
    return msgspec.convert({"id": name.removesuffix(".toml"), **tomllib.loads(text)}, Indicator)
