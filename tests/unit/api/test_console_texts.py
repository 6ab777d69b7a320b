"""The words of the console: both languages say everything, for all that rules and people can bring forth."""

import json
import re
from typing import get_args

import pytest

from api.console import FOLDER
from rules.alarm_lifecycle import DONE
from rules.decisions import AlarmKind, Priority, Reason
from rules.escalation import EscalationReason
from store.alarms_query import Outcome

LANGUAGES = ("sv", "en")
SOURCES = "\n".join(path.read_text() for path in sorted(FOLDER.iterdir()) if path.suffix in (".js", ".html"))
DRAWN = re.compile(r'\bt\("([^"]+)"|data-(?:text|label)="([^"]+)"')
FAMILY = re.compile(r'tOf\("([^"]+)"|`([a-z.]+)\.\$\{')
PLACE = re.compile(r"\{(\w+)\}")


def texts(language: str) -> dict[str, str]:
    pairs = json.loads((FOLDER / f"{language}.json").read_text(), object_pairs_hook=list)
    assert len(pairs) == len(dict(pairs)), "a key is there twice"
    return dict(pairs)


def families() -> set[str]:
    return {name for match in FAMILY.finditer(SOURCES) for name in match.groups() if name}


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    swedish, english = (texts(language) for language in LANGUAGES)
    assert list(swedish) == list(english)
    for key, text in swedish.items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_used(language: str) -> None:
    unused = [
        key
        for key in texts(language)
        if f'"{key}"' not in SOURCES and not any(key.startswith(f"{family}.") for family in families())
    ]
    assert unused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_is_asked_for_is_there(language: str) -> None:
    wanted = {name for match in DRAWN.finditer(SOURCES) for name in match.groups() if name}
    assert wanted
    assert wanted - texts(language).keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_can_stand_on_an_alarm_has_words(language: str) -> None:
    needed = [
        *(f"kind.{kind}" for kind in AlarmKind),
        *(f"do.{kind}" for kind in AlarmKind),
        *(f"reason.{reason}" for reason in Reason),
        *(f"priority.{int(priority)}" for priority in Priority),
        *(f"outcome.{outcome}" for outcome in get_args(Outcome)),
        *(f"event.{action}" for action in (*DONE.values(), "opened", "counted", "annotated", "escalated")),
    ]
    assert [key for key in needed if key not in texts(language)] == []


def test_what_the_page_tells_apart_is_what_escalation_says() -> None:
    told_apart = re.findall(r'"escalated\.(\w+)"', SOURCES)
    assert told_apart
    assert set(told_apart) <= {reason.value for reason in EscalationReason}


@pytest.mark.parametrize("language", LANGUAGES)
def test_families_have_words_for_what_the_page_does_not_know(language: str) -> None:
    for family in re.findall(r'tOf\("([^"]+)"', SOURCES):
        assert family == "priority" or f"{family}.other" in texts(language), family
