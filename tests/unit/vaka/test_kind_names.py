"""What messages call an alarm, where a unit lets them say it."""

import pytest

from rules.decisions import AlarmKind
from rules.message_text import WORDS
from vaka.kind_names import kind_names


@pytest.mark.parametrize("language", WORDS)
def test_every_kind_of_alarm_has_a_name(language: str) -> None:
    names = kind_names()[language]
    assert [kind for kind in AlarmKind if not names.get(kind)] == []
    assert kind_names()["sv"]["social_alarm"] == "Trygghetslarm"
