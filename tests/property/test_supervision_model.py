"""Planned look-ins against a plain list of windows: not made, failed, made after all, in whatever order it is heard."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property.one_home import ZONE, Happening, OneHome, ago, soon

DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)


class Check:
    """One window on one day. `status`: unwatched (it was over when the plan came), waiting, missed or done."""

    def __init__(self, start: datetime, end: datetime, status: str) -> None:
        self.start, self.end, self.status = start, end, status


def local(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def latest(checks: list[Check]) -> Check | None:
    return max(checks, key=lambda check: check.start, default=None)


class SupervisedHome(OneHome):
    """Every window of the days around; those that the plan came too late for are not watched."""

    PLANS: tuple[dict[str, Any], ...] = (
        {"supervision": {"checks": [{"from": "07:30", "to": "08:00"}, {"from": "08:30", "to": "11:00"}]}},
        {"supervision": {"checks": [{"from": "23:30", "to": "00:30"}, {"from": "01:00", "to": "05:00"}]}},
        {"supervision": {"checks": [{"from": "03:30", "to": "04:30"}, {"from": "06:59", "to": "07:01"}]}},
        {},
    )

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[Check] = []

    @rule(kind=st.sampled_from(("check_done", "check_done", "check_failed")), after=soon, ago=ago)
    def look_in(self, kind: str, after: timedelta, ago: timedelta) -> None:
        self.say(kind, after, ago)

    def watched(self) -> list[Check]:
        if not self.checks:
            begun = self.log[0].received_at
            for day in (begun.astimezone(ZONE).date() + days * DAY for days in range(-2, 7)):
                for window in self.plan.get("supervision", {}).get("checks", ()):
                    start = local(day, window["from"])
                    end = local(day if window["to"] > window["from"] else day + DAY, window["to"])
                    self.checks.append(Check(start, end, "waiting" if end > begun else "unwatched"))
        return self.checks

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        running = [check for check in self.watched() if check.start <= it.at < check.end]
        if it.kind == "check_done":
            open_before = [check for check in self.checks if check.status == "missed" and check.end <= it.at]
            reportable = [check for check in open_before if it.now < check.end + DAY]
            return self.done(latest(running or reportable), it)
        just_over = [c for c in self.checks if c.status != "unwatched" and c.end <= it.at <= c.end + TWO_HOURS]
        return self.failed(latest([*running, *just_over]))

    def done(self, check: Check | None, it: Happening) -> list[tuple[str, ...]]:
        if check is None:
            return []
        was, check.status = check.status, "done"
        if was != "missed":
            return []
        in_time = it.at < check.end <= it.now
        return [("withdraw", "check_reported_late" if in_time else "check_done_late")]

    def failed(self, check: Check | None) -> list[tuple[str, ...]]:
        """The camera is believed, also when nobody planned a check."""
        if check is not None:
            if check.status in ("missed", "done"):
                return []
            check.status = "missed"
        return [("raise", "check_failed")]

    def passed(self, now: datetime) -> list[tuple[str, ...]]:
        due = [check for check in self.watched() if check.status == "waiting" and check.end <= now]
        for check in due:
            check.status = "missed"
        return [("raise", "check_not_done")] * len(due)


SupervisedHome.TestCase.settings = settings(max_examples=80, stateful_step_count=25)
TestSupervision = SupervisedHome.TestCase
