"""Which times a correction of an assignment is about: all at which somebody else had the device than before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import DeviceId, ResidentId, TenantId
from events.kinds import Technology
from store.assignments import Assignment, changed_spans

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOURS = 8
LENT = Assignment("a", TenantId("prov"), DeviceId("lock"), ResidentId("anna"), NOON, None, NOON, Technology.LOCK)


def hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


@st.composite
def lendings(draw: st.DrawFn) -> Assignment | None:
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    start = draw(st.integers(0, HOURS - 1))
    end = draw(st.none() | st.integers(start + 1, HOURS).map(hour))
    return replace(LENT, resident=ResidentId(draw(st.sampled_from(["anna", "berta"]))), start=hour(start), end=end)


def holder(lent: Assignment | None, at: datetime) -> ResidentId | None:
    return lent.resident if lent is not None and lent.covers(at) else None


@given(old=lendings(), new=lendings())
def test_every_time_that_has_another_answer_is_in_a_span(old: Assignment | None, new: Assignment | None) -> None:
    spans = changed_spans(old, new)
    for number in range(HOURS + 1):
        at = hour(number) + timedelta(minutes=30)
        if holder(old, at) != holder(new, at):
            assert any(start <= at and (end is None or at < end) for start, end in spans), (at, spans)


@pytest.mark.parametrize(
    ("new", "spans"),
    [
        (LENT, []),
        (replace(LENT, shared_with=ResidentId("berta")), []),
        (replace(LENT, end=hour(3)), [(hour(3), None)]),
        (replace(LENT, start=hour(-2)), [(hour(-2), hour(0))]),
        (replace(LENT, resident=ResidentId("berta")), [(hour(0), None), (hour(0), None)]),
        (None, [(hour(0), None)]),
    ],
)
def test_no_more_is_asked_about_than_needed(
    new: Assignment | None, spans: list[tuple[datetime, datetime | None]]
) -> None:
    """To end an assignment now must not read all that the device has ever said."""
    assert changed_spans(LENT, new) == spans
