"""Which reports of a state are events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from events.codec import decode_message
from events.ids import DeviceId, health_key
from events.log import Entry
from events.messages import Message
from rules.device_facts import ASPECTS, heard
from rules.device_state import DeviceState
from rules.news import is_due_heartbeat, is_news

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
NEW = DeviceState(health_key(DeviceId("device-1")))

Report = tuple[int, str] | tuple[int, str, dict[str, Any]]


def told(report: Report) -> Entry:
    """`report`: minutes after START, kind, fields."""
    minute, kind = report[:2]
    at = START + timedelta(minutes=minute)
    fields = report[2] if len(report) == 3 else {}
    message = decode_message(kind, msgspec.json.encode({"at": at, **fields}))
    return Entry(minute, NEW.key, kind, message, at, at, device=NEW.device)


def after(*reports: Report) -> DeviceState:
    state = NEW
    for report in reports:
        state = heard(state, told(report))
    return state


def is_new(state: DeviceState | None, report: Report) -> bool:
    entry = told(report)
    assert isinstance(entry.data, Message)
    return is_news(state, entry.kind, entry.data, entry.received_at)


@pytest.mark.parametrize("kind", [kind for kind in ASPECTS if kind != "online"])
def test_a_state_is_news_once(kind: str) -> None:
    assert is_new(None, (0, kind))
    assert is_new(NEW, (0, kind))
    assert not is_new(after((0, kind)), (10_000, kind))


@pytest.mark.parametrize("kind", [kind for kind in ASPECTS if kind != "online"])
def test_a_state_is_news_again_after_the_opposite(kind: str) -> None:
    aspect, value, _ = ASPECTS[kind]
    opposite = next(other for other, row in ASPECTS.items() if row[0] == aspect and row[1] is not value)
    assert is_new(after((0, kind), (1, opposite)), (2, kind))


@pytest.mark.parametrize(
    ("said", "report", "news"),
    [
        ([(0, "door_opened", {"door": "left"})], (1, "door_opened", {"door": "right"}), True),
        ([(0, "door_opened", {"door": "left"})], (1, "door_closed", {"door": "right"}), True),
        ([(0, "door_opened", {"door": "left"}), (1, "door_closed", {"door": "right"})],
         (2, "door_opened", {"door": "left"}), False),
        ([(0, "fault", {"code": "E1"})], (1, "fault", {"code": "E2"}), True),
        ([(0, "battery", {"percent": 80})], (1, "battery", {"percent": 79.5}), False),
        ([(0, "battery", {"percent": 80})], (1, "battery", {"percent": 79}), True),
        ([(0, "battery", {"percent": 80})], (1, "battery", {"percent": 81}), True),
        ([(0, "battery", {"percent": 80})], (24 * 60, "battery", {"percent": 80}), True),
        ([(0, "battery", {"percent": 80})], (24 * 60 - 1, "battery", {"percent": 80}), False),
        ([(0, "signal", {"quality": 60})], (1, "signal", {"quality": 41}), False),
        ([(0, "signal", {"quality": 60})], (1, "signal", {"quality": 40}), True),
        ([(0, "signal", {"quality": 60})], (6 * 60, "signal", {"quality": 60}), True),
        ([(0, "signal", {"quality": 60})], (1, "signal", {"rssi_dbm": -90}), True),
        ([(0, "signal", {"rssi_dbm": -90})], (1, "signal", {"rssi_dbm": -100}), False),
        ([(0, "heartbeat")], (9, "heartbeat"), False),
        ([(0, "heartbeat")], (10, "heartbeat"), True),
        ([(0, "motion")], (9, "heartbeat"), False),
        ([(0, "motion")], (9, "online"), False),
        ([(0, "motion")], (10, "online"), True),
        ([(0, "motion"), (1, "offline")], (2, "online"), True),
        ([(0, "alarm_pressed")], (0, "alarm_pressed"), True),
        ([(0, "dose_taken")], (0, "dose_taken"), True),
    ],
)  # fmt: skip
def test_what_is_news(said: list[Report], report: Report, news: bool) -> None:
    assert is_new(after(*said), report) is news


def test_a_device_that_makes_up_names_does_not_fill_the_memory() -> None:
    state = after(*((number, "motion", {"room": f"room {number}"}) for number in range(100)))
    assert len(state.known.aspects) == 40
    assert not is_new(state, (200, "motion", {"room": "room 99"}))


@pytest.mark.parametrize(("minute", "due"), [(9, False), (10, True)])
def test_a_heartbeat_is_due_after_ten_minutes(minute: int, due: bool) -> None:
    assert is_due_heartbeat(after((0, "motion")), START + timedelta(minutes=minute)) is due


def test_a_heartbeat_is_due_of_a_device_that_was_never_heard() -> None:
    assert is_due_heartbeat(None, START)
    assert is_due_heartbeat(after((0, "offline")), START)
