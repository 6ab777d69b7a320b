"""Rules that count, against plain lists of all that ever happened: doses as needed, refused openings, presses."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property.one_home import Happening, OneHome, ago, clock, is_in, soon

SECOND = timedelta(seconds=1)


def most_together(times: list[datetime], at: datetime, within: timedelta) -> int:
    """How many of the times lie within such a span that has `at` in it."""
    spans = [[time for time in times if first <= time <= first + within] for first in times]
    return max((len(span) for span in spans if at in span), default=0)


class AsNeededHome(OneHome):
    """More than `at_most` within `hours` are an alarm, and so is each further one."""

    PLANS = (
        {"medicine": {"as_needed": [{"dose": "pain", "at_most": 2, "hours": 1}]}},
        {
            "medicine": {
                "as_needed": [
                    {"dose": "pain", "at_most": 1, "hours": 4},
                    {"dose": "sleep", "at_most": 3, "hours": 1},
                ]
            }
        },
    )

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, list[datetime]] = {}

    @rule(dose=st.sampled_from(("pain", "pain", "sleep", None)), after=soon, ago=ago)
    def take(self, dose: str | None, after: timedelta, ago: timedelta) -> None:
        self.say("dose_taken", after, ago, **({} if dose is None else {"dose": dose}))

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        for needed in self.plan["medicine"]["as_needed"]:
            if needed["dose"] == it.fields.get("dose"):
                times = self.taken.setdefault(needed["dose"], [])
                times.append(it.at)
                # At the very minute at which the time is up another one is allowed.
                within = timedelta(hours=needed["hours"]) - SECOND
                too_many = most_together(self.remembered(times, needed["at_most"] + 1), it.at, within)
                return [("raise", "dose_too_many")] if too_many > needed["at_most"] else []
        return []

    def remembered(self, times: list[datetime], count: int) -> list[datetime]:
        """What is reported so late that twice as many were taken since is of no use to anybody."""
        times[:] = sorted(times)[-2 * count :]
        return times


class LockHome(OneHome):
    """So many refused openings within the time are an alarm and count anew; so is an opening that nobody planned."""

    PLANS = (
        {"lock": {"refused_count": 3, "refused_minutes": 10, "planned": [{"from": "07:00", "to": "22:00"}]}},
        {"lock": {"refused_count": 2, "refused_minutes": 5}},
        {"lock": {"refused_count": 1, "planned": [{"from": "01:30", "to": "02:30"}, {"from": "23:00", "to": "00:00"}]}},
        {},
    )

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[datetime] = []

    @rule(
        kind=st.sampled_from(("unlock_denied", "unlock_denied", "unlocked", "unlocked", "locked")), after=soon, ago=ago
    )
    def turn(self, kind: str, after: timedelta, ago: timedelta) -> None:
        self.say(kind, after, ago)

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        lock = self.plan.get("lock")
        if lock is None:
            return []
        if it.kind == "unlocked":
            hours = lock.get("planned")
            planned = [is_in(clock(it.at), span["from"], span["to"]) for span in hours or ()]
            return [] if not hours or any(planned) else [("raise", "unplanned_opening")]
        if it.kind == "locked":
            return []
        count, within = lock["refused_count"], timedelta(minutes=lock.get("refused_minutes", 10))
        self.refused = sorted([*self.refused, it.at])[-2 * count :]
        if most_together(self.refused, it.at, within) < count:
            return []
        self.refused = []
        return [("raise", "refused_openings")]


class PressHome(OneHome):
    """Every press is an alarm, and five within five minutes are noted once, after the last of them."""

    def __init__(self) -> None:
        super().__init__()
        self.presses: list[datetime] = []

    @rule(after=soon, ago=ago)
    def press(self, after: timedelta, ago: timedelta) -> None:
        self.say("alarm_pressed", after, ago)

    @rule()
    def press_again_and_again(self) -> None:
        for _ in range(4):
            self.say("alarm_pressed", SECOND, timedelta(0))

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        self.presses = sorted([*self.presses, it.at])[-10:]
        if most_together(self.presses, it.at, timedelta(minutes=5)) < 5:
            return [("raise", "pressed")]
        self.presses = []
        return [("raise", "pressed"), ("annotate", "flood")]


SETTINGS = settings(max_examples=120, stateful_step_count=25)
AsNeededHome.TestCase.settings = LockHome.TestCase.settings = PressHome.TestCase.settings = SETTINGS
TestAsNeeded, TestLock, TestPresses = AsNeededHome.TestCase, LockHome.TestCase, PressHome.TestCase
