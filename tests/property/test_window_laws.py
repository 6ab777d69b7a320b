"""Planned checks against a plain dict of windows: one alarm for each that nobody did in time, and what came later."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.control import PlanChanged
from events.ids import ResidentId, resident_key
from events.log import Entry
from rules.decisions import Raise, Reason, Withdraw
from rules.partition import Partition

KEY = resident_key(ResidentId("testa"))
ZONE = ZoneInfo("Europe/Stockholm")
HOUR = timedelta(hours=1)
SPANS = {("03:00", "04:00"): (3, 4), ("10:00", "12:00"): (10, 12), ("22:00", "23:30"): (22, 23.5)}
PLAN = {"supervision": {"checks": [{"from": start, "to": end} for start, end in SPANS]}}
FIRST = date(2026, 3, 27)
"""Three days before and after the night that skips an hour; no window lies in it."""

minute = st.integers(0, 6 * 24 * 60 - 1)
done = st.tuples(minute, st.sampled_from((0, 0, 5, 90, 600)))


def local(day: date, hour: float) -> datetime:
    clock = datetime(day.year, day.month, day.day, int(hour), int(hour % 1 * 60), tzinfo=ZONE)
    return clock.astimezone(UTC)


@settings(max_examples=200)
@given(st.lists(done, max_size=14))
def test_a_check_that_nobody_made_in_time_is_one_alarm_until_it_is_made(reports: list[tuple[int, int]]) -> None:
    begin = local(FIRST, 0)
    slots = {
        (start, FIRST + timedelta(days=n)): (local(FIRST + timedelta(days=n), a), local(FIRST + timedelta(days=n), b))
        for n in range(7)
        for (start, _), (a, b) in SPANS.items()
    }
    times = sorted((begin + timedelta(minutes=m + late), begin + timedelta(minutes=m)) for m, late in reports)
    partition = Partition()
    plan = PlanChanged(resident=ResidentId("testa"), version=1, timezone=str(ZONE), plan=PLAN)
    decisions = [*partition.apply(Entry(0, KEY, "plan_changed", plan, begin, begin))]
    status: dict[tuple[str, date], str] = {}
    told: list[tuple[str, datetime]] = []
    for position, (received, at) in enumerate([*times, (begin + timedelta(days=6), None)], 1):
        for over, (_, end) in sorted(slots.items(), key=lambda slot: slot[1]):
            if end <= received and over not in status:
                status[over] = "missed"
                told.append(("raise", end))
        if at is None:
            decisions += partition.fire(received)
            continue
        running = [name for name, (start, end) in slots.items() if start <= at < end]
        missed = [
            name
            for name, (_, end) in slots.items()
            if end <= at and status.get(name) == "missed" and received < end + 24 * HOUR
        ]
        name = running[0] if running else max(missed, key=lambda name: slots[name], default=None)
        forgotten = running and status.get(running[0]) is not None and received >= slots[running[0]][1] + 24 * HOUR
        if name is not None and not forgotten:
            if status.get(name) == "missed":
                told.append(("withdraw", received))
            status[name] = "done"
        message = decode_message("check_done", f'{{"at": "{at.isoformat()}"}}'.encode())
        decisions += partition.apply(Entry(position, KEY, "check_done", message, at, received))
        decisions += partition.fire(received)
    assert [("raise" if isinstance(d, Raise) else "withdraw", d.at) for d in decisions] == told
    assert {d.reason for d in decisions} <= {Reason.CHECK_NOT_DONE, Reason.CHECK_DONE_LATE, Reason.CHECK_REPORTED_LATE}
    raised = {d.id for d in decisions if isinstance(d, Raise)}
    assert {d.episode for d in decisions if isinstance(d, Withdraw)} <= raised
