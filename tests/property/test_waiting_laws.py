"""What began and did not end in time, against a plain list of when it began and ended: doors, beds, nights out.

However late the reports are, once all of them are heard exactly the spans that were too long stand as alarms, if
every one of them was heard of while it ran.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.control import PlanChanged
from events.ids import DeviceId, ResidentId, resident_key
from events.log import Entry
from rules.decisions import Annotate, AnyDecision, Raise, Withdraw
from rules.partition import Partition

MIDNIGHT = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
"""In Stockholm, before the night that skips an hour."""
KEY = resident_key(ResidentId("testa"))
LIMIT = timedelta(minutes=10)
ALL_DAY = {"from": "00:00", "to": "00:00"}


class Rule(NamedTuple):
    """`outside`, `inside`: the latitudes of positions that begin and end it."""

    plan: dict[str, Any]
    begins: str
    ends: str
    outside: float | None = None
    inside: float | None = None


RULES = {
    "door": Rule({"doors": {"open_minutes": 10}}, "door_opened", "door_closed"),
    "ajar": Rule({"doors": {"open_minutes": 10}}, "door_ajar", "locked"),
    "bed": Rule({"night": {**ALL_DAY, "bed_minutes": 10}}, "bed_left", "bed_entered"),
    "gone": Rule(
        {
            "geofence": {
                "zones": [{"name": "home", "latitude": 59, "longitude": 18, "radius_m": 300}],
                "dwell_minutes": 10,
            }
        },
        "position",
        "position",
        outside=59.1,
        inside=59.0,
    ),
    "out": Rule({"night": {**ALL_DAY, "door_minutes": 10}}, "door_opened", "motion"),
}


class Span(NamedTuple):
    """It began so long after the one before had ended, took so long, and is reported so much later."""

    pause: timedelta
    length: timedelta
    late_beginning: timedelta
    late_end: timedelta


def minutes(*values: int) -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(minutes=value) for value in values])


lengths = minutes(1, 5, 9, 10, 11, 30, 300)
spans = st.lists(st.builds(Span, minutes(1, 5, 60, 400), lengths, minutes(0, 0, 0, 3, 15), minutes(0, 0, 5, 90)))


class Heard(NamedTuple):
    received: datetime
    kind: str
    at: datetime
    is_end: bool
    latitude: float | None


def heard(rule: Rule, spans: list[Span]) -> tuple[list[Heard], dict[datetime, tuple[datetime, datetime]]]:
    """Reports in the order of happening, none before the one before it; and each span with when its end is heard."""
    reports: list[Heard] = []
    truth = {}
    now = received = MIDNIGHT
    for span in spans:
        began = now + span.pause
        received = max(received, began + span.late_beginning)
        reports.append(Heard(received, rule.begins, began, False, rule.outside))
        now = began + span.length
        received = max(received, now + span.late_end)
        reports.append(Heard(received, rule.ends, now, True, rule.inside))
        truth[began] = now, reports[-2].received
    return reports, truth


def run(rule: Rule, reports: list[Heard]) -> list[AnyDecision]:
    partition = Partition()
    plan = PlanChanged(resident=ResidentId("testa"), version=1, timezone="Europe/Stockholm", plan=rule.plan)
    decisions = [*partition.apply(Entry(0, KEY, "plan_changed", plan, MIDNIGHT, MIDNIGHT))]
    for position, (received, kind, at, _, latitude) in enumerate(reports, 1):
        fields = {} if latitude is None else {"latitude": latitude, "longitude": 18.0}
        message = decode_message(kind, msgspec.json.encode({"at": at, **fields}))
        decisions += partition.apply(Entry(position, KEY, kind, message, at, received, device=DeviceId("d")))
        decisions += partition.fire(received)
    return [*decisions, *partition.fire(MIDNIGHT + timedelta(days=30))]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@settings(max_examples=150)
@given(spans)
def test_what_stands_when_all_is_heard_is_what_was_too_long(rule: Rule, spans: list[Span]) -> None:
    reports, truth = heard(rule, spans)
    decisions = run(rule, reports)
    raised = {d.id: datetime.fromisoformat(d.detail["since"]) for d in decisions if isinstance(d, Raise)}
    withdrawn = {d.episode for d in decisions if isinstance(d, Withdraw)}
    standing = {since for id, since in raised.items() if id not in withdrawn}
    assert len(raised) == sum(isinstance(d, Raise) for d in decisions)
    assert withdrawn <= raised.keys()
    ends = [(report.received, report.at) for report in reports if report.is_end]
    for since, (ended, known) in truth.items():
        over_when_heard = any(received <= known + timedelta(minutes=1) and at >= ended for received, at in ends)
        if not over_when_heard:
            assert (since in standing) == (ended - since > LIMIT), since
        else:
            assert since not in standing or ended - since > LIMIT, since
    assert standing <= truth.keys()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@settings(max_examples=75)
@given(spans)
def test_an_alarm_comes_when_the_time_is_up_and_its_end_is_told(rule: Rule, spans: list[Span]) -> None:
    reports, truth = heard(rule, spans)
    for decision in run(rule, reports):
        if isinstance(decision, Raise):
            since = datetime.fromisoformat(decision.detail["since"])
            _, known = truth[since]
            assert decision.at == max(since + LIMIT, known + timedelta(minutes=1))
            assert decision.occurred_at == since + LIMIT
        elif isinstance(decision, Annotate):
            ended = datetime.fromisoformat(decision.detail["ended_at"])
            assert any(end == ended and end - since > LIMIT for since, (end, _) in truth.items())
