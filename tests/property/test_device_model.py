"""One device against a plain model: when it is silent, by its beats alone; and a report that comes twice is one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.log import Entry
from events.messages import Message
from rules.decisions import Raise, Withdraw
from rules.device_facts import ASPECTS, heard
from rules.device_state import DeviceState
from rules.news import is_news
from tests.support.fleet import Fleet, minute
from tests.unit.rules.test_news import NEW, told

LIMIT = 60

gaps = st.lists(st.integers(0, 150), max_size=12)
reports = st.tuples(
    st.sampled_from((*ASPECTS, "battery", "signal", "heartbeat")),
    st.sampled_from((None, "left", "right")),
    st.integers(0, 100),
)


def silences(beats: list[int], end: int) -> list[tuple[int, int | None]]:
    """From when to when nothing was heard for too long, by the plainest of all rules."""
    found: list[tuple[int, int | None]] = []
    for beat, following in zip(beats, [*beats[1:], None], strict=True):
        silent = beat + LIMIT
        if silent <= (end if following is None else following):
            found.append((silent, following))
    return found


@given(gaps, st.lists(st.integers(1, 40), min_size=1, max_size=3), st.integers(0, 200))
def test_a_device_is_silent_when_the_model_says_so(gaps: list[int], ticks: list[int], rest: int) -> None:
    """However often time is looked at in between."""
    fleet = Fleet()
    fleet.device("button", 0, limit=LIMIT)
    beats = [0]
    now = 0
    for number, gap in enumerate(gaps):
        tick = ticks[number % len(ticks)]
        for passed in range(now + tick, now + gap, tick):
            fleet.pass_time(passed)
        now += gap
        fleet.say(now, "button", "heartbeat")
        beats.append(now)
    end = now + rest
    fleet.pass_time(end)
    raised = {d.id: d.at for d in fleet.decisions if isinstance(d, Raise)}
    over = {d.episode: d.at for d in fleet.decisions if isinstance(d, Withdraw)}
    assert [(at, over.get(id)) for id, at in raised.items()] == [
        (minute(since), minute(until) if until is not None else None) for since, until in silences(beats, end)
    ]


@given(st.lists(reports, min_size=1, max_size=20))
def test_the_same_report_again_is_no_news_and_changes_nothing(said: list[tuple[str, str | None, int]]) -> None:
    state = NEW
    for number, report in enumerate(said):
        entry = entry_of(number, report)
        if is_told(state, entry):
            state = heard(state, entry)
            assert heard(state, entry).known == state.known
        assert not is_told(state, entry)


def entry_of(number: int, report: tuple[str, str | None, int]) -> Entry:
    kind, place, level = report
    fields: dict[str, Any] = {"battery": {"percent": level}, "signal": {"quality": level}}.get(kind, {})
    field = ASPECTS[kind][2] if kind in ASPECTS else None
    if field is not None and place is not None:
        fields = {field: place}
    return told((number * 15, kind, fields))


def is_told(state: DeviceState, entry: Entry) -> bool:
    assert isinstance(entry.data, Message)
    return is_news(state, entry.kind, entry.data, entry.received_at)
