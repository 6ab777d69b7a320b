"""Planned look-ins against a plain list of windows: not made, failed, made after all, in whatever order it is heard."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property.lives import minutes
from tests.property.one_home import ZONE, Happening, OneHome, ago, soon

DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)


class Check:
    """One window on one day. `status`: unwatched (it was over when the plan came), waiting, missed or done."""

    def __init__(self, start: datetime, end: datetime, status: str) -> None:
        self.start, self.end, self.status = start, end, status


def local(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def checks(*windows: str) -> dict[str, Any]:
    return {"supervision": {"checks": [{"from": window[:5], "to": window[6:]} for window in windows]}}


def latest(checks: list[Check]) -> Check | None:
    return max(checks, key=lambda check: check.start, default=None)


class SupervisedHome(OneHome):
    """Every window of the days around; those that the plan came too late for are not watched."""

    PLANS: tuple[dict[str, Any], ...] = (
        checks("07:00-07:05", "07:10-07:11", "07:30-08:00", "08:30-11:00"),
        checks("23:00-23:10", "23:30-04:00"),
        checks("23:04-23:05", "23:40-00:30", "01:00-05:00", "06:59-07:10"),
        {},
    )

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[Check] = []

    @rule(kind=st.sampled_from(("check_done", "check_done", "check_failed")), after=soon | minutes(150), ago=ago)
    def look_in(self, kind: str, after: timedelta, ago: timedelta) -> None:
        self.say(kind, after, ago)

    @rule(kind=st.sampled_from(("check_done", "check_failed")))
    def look_in_as_a_window_ends(self, kind: str) -> None:
        ends = [check.end for check in self.watched() if check.end >= self.now]
        self.say(kind, min(ends, default=self.now) - self.now, timedelta(0))

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


SupervisedHome.TestCase.settings = settings(max_examples=150, stateful_step_count=25)
TestSupervision = SupervisedHome.TestCase
