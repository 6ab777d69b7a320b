"""The guide for manufacturers tells what Vaka does."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from events.codec import decode_message
from events.delivery import SAME_EVENT_WITHIN, Observation, Rejected
from events.kinds import KINDS, URGENT
from events.messages import AlarmPressed
from ingest.adapters.canonical import read
from ingest.reader import MAX_PAYLOAD
from processors.resolve import FUTURE
from rules.health import CLOCK_WRONG

PAGE = (Path(__file__).parents[2] / "docs/manufacturers.md").read_text(encoding="utf-8")
TOPIC = "vaka/v1/demo/d-1/alarm_pressed"


def test_its_messages_are_understood() -> None:
    commands = re.findall(r"mosquitto_pub -q 1 -t (\S+) -m '(.*)'", PAGE)
    bodies = [(TOPIC, body) for body in re.findall(r"^```json\n(.*)\n```", PAGE, re.MULTILINE)]
    assert len(commands) == len(bodies) == 1
    for topic, body in (*commands, *bodies):
        seen = read(topic, body.encode())
        assert isinstance(seen, Observation), seen
        assert seen.message.id


def test_fields_that_it_shows_are_those_of_the_kind() -> None:
    (body,) = re.findall(r"^```json\n(.*)\n```", PAGE, re.MULTILINE)
    shown = set(re.findall(r'"(\w+)": ', body))
    assert shown <= set(AlarmPressed.__struct_fields__)
    message = decode_message("alarm_pressed", body.encode())
    assert all(getattr(message, name) is not None for name in shown)


WRONG_INPUT = re.findall(r"^\| `(.+)` \| (.+) \|$", PAGE.partition("## When something is wrong")[2], re.MULTILINE)


def test_it_shows_bad_input() -> None:
    assert len(WRONG_INPUT) == 6


@pytest.mark.parametrize(("payload", "reason"), WRONG_INPUT)
def test_bad_input_is_told_as_it_says(payload: str, reason: str) -> None:
    seen = read(TOPIC, payload.encode())
    assert isinstance(seen, Rejected)
    assert reason in seen.detail


def test_the_urgent_kinds_are_named() -> None:
    (line,) = re.findall(r"\*\*Urgent kinds at once and alone\*\*: (.+?) have a lane", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", line)) == URGENT


def test_the_kinds_that_it_names_are_there() -> None:
    named = {word for word in re.findall(r"`([a-z]+_[a-z]+)`", PAGE) if "_" in word}
    assert {word for word in named if word not in KINDS} <= {"call_back"}


def test_its_figures_are_those_of_the_programs() -> None:
    assert timedelta(hours=24) == SAME_EVENT_WITHIN
    assert "for 24 hours" in PAGE
    assert timedelta(days=1) == FUTURE
    assert "more than a day ahead" in PAGE
    assert timedelta(minutes=5) == CLOCK_WRONG
    assert "from five minutes" in PAGE
    assert MAX_PAYLOAD == 2**20
    assert "more than 1 MiB" in PAGE
