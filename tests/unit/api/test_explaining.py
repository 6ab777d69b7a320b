"""The words of an explanation: both languages, times as they are read there, nothing left open."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from api.explaining import ALWAYS, PREVENTED, Language, Words, language_of
from events.ids import Key
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.step import DETECTORS

AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""00:30 on the third in Stockholm."""


def raised(reason: Reason = Reason.DOOR_OPEN_TOO_LONG, **detail: object) -> Raise:
    return Raise(
        id="1", key=Key("r:testa"), at=AT, reason=reason, kind=AlarmKind.DOOR_OPEN, priority=Priority.CARE,
        occurred_at=AT, detail={"rule": "doors", **detail},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "sv"),
        ("", "sv"),
        ("de", "sv"),
        ("en", "en"),
        ("en-GB;q=0.9", "en"),
        ("de, en;q=0.5, sv;q=0.3", "en"),
        ("sv-SE,en", "sv"),
    ],
)
def test_the_language_is_the_first_of_ours(accepted: str | None, language: str) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.SWEDISH, "Dörren har stått öppen sedan 00:20"),
        (Language.ENGLISH, "The door has been open since 00:20"),
    ],
)
def test_a_sentence_has_the_time_of_the_place(language: Language, told: str) -> None:
    since = datetime(2026, 3, 2, 23, 20, tzinfo=UTC).isoformat()
    assert Words(language, "Europe/Stockholm").sentence(raised(since=since)) == told


def test_a_time_of_another_day_has_its_day() -> None:
    since = datetime(2026, 3, 2, 20, 0, tzinfo=UTC).isoformat()
    assert Words(Language.ENGLISH, "Europe/Stockholm").sentence(raised(since=since)).endswith("since 2026-03-02 21:00")


@pytest.mark.parametrize(
    ("language", "detail", "told"),
    [
        (
            Language.SWEDISH,
            {"late_minutes": 120, "reported_at": AT.isoformat()},
            " – kom fram först 00:30, 120 minuter senare",
        ),
        (
            Language.ENGLISH,
            {"late_minutes": 120, "reported_at": AT.isoformat()},
            " – arrived only 00:30, 120 minutes later",
        ),
        (
            Language.SWEDISH,
            {"time": "received", "device_time": "1970-01-01T00:00:00+00:00"},
            " – enhetens klocka visade 1970-01-01 01:00 och går inte att lita på: tiden är när det kom fram",
        ),
        (
            Language.ENGLISH,
            {"time": "corrected", "device_time": "2026-03-02T21:30:00+00:00"},
            " – the clock of the device said 2026-03-02 22:30, corrected by how far off it is",
        ),
    ],
)
def test_a_sentence_says_that_it_came_late_and_what_was_made_of_the_clock(
    language: Language, detail: dict[str, Any], told: str
) -> None:
    words = Words(language, "Europe/Stockholm")
    assert words.sentence(raised(**detail)) == words.sentence(raised()) + told


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_without_open_places(reason: Reason, language: Language) -> None:
    sentence = Words(language, "UTC").sentence(raised(reason))
    assert sentence
    assert not re.search(r"[{}]", sentence)


@pytest.mark.parametrize("language", Language)
def test_what_would_have_prevented_it_is_told_for_every_rule(language: Language) -> None:
    words = Words(language, "UTC")
    for detector in DETECTORS:
        told = words.prevented(raised(rule=detector.name, absent=["motion"]), AT)
        assert told.endswith(".")
        assert not re.search(r"[{}]", told)
    assert words.prevented(raised(rule="social_alarm"), None) == ALWAYS[language is Language.ENGLISH]
    assert words.prevented(raised(), AT).count("23:30") == 1


def test_it_speaks_of_rules_that_there_are() -> None:
    assert set(PREVENTED) <= {detector.name for detector in DETECTORS}
