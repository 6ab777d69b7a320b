"""Flapping against a plain dict of counts: one alarm for thirty changes in ten minutes, another when it was calm."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.property.lives import minutes
from tests.property.one_home import Happening, OneHome

TEN = timedelta(minutes=10)
KINDS = ("door_opened", "door_closed", "bed_left", "bed_entered", "mat_on", "mat_off")


class FlappingHome(OneHome):
    """Changes are counted from one of them on, for ten minutes; when told, until ten minutes are calm."""

    def __init__(self) -> None:
        super().__init__()
        self.began: dict[str, datetime] = {}
        self.changes: dict[str, int] = {}
        self.last_of_told: dict[str, datetime] = {}

    @rule(
        device=st.sampled_from("ab"),
        changes=st.integers(1, 33),
        kind=st.sampled_from((*KINDS, "motion")),
        after=minutes(0, 1, 9, 10, 11),
        ago=minutes(0, 0, 0, 5, 12, -3),
        seconds=st.sampled_from((0, 1, 15, 20, 30)),
    )
    def change(self, device: str, changes: int, kind: str, after: timedelta, ago: timedelta, seconds: int) -> None:
        self.now += after
        for _ in range(changes):
            self.say(kind, timedelta(seconds=seconds), ago, device)

    @rule(device=st.sampled_from("ab"), ago=minutes(0, 0, 5), then=minutes(0, 1, 9, 11), late=minutes(0, 2, 8, 12))
    def flap_and_be_late(self, device: str, ago: timedelta, then: timedelta, late: timedelta) -> None:
        self.change(device, 30, "mat_on", timedelta(0), ago, 1)
        self.change(device, 1, "mat_off", then, late, 0)

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        name, at = it.device, it.at
        if it.kind not in KINDS:
            return []
        if name in self.last_of_told:
            if at <= self.last_of_told[name] + TEN:
                self.last_of_told[name] = max(at, self.last_of_told[name])
                return []
            del self.last_of_told[name]
        elif name in self.began and at <= self.began[name] + TEN:
            self.changes[name] += 1
            if self.changes[name] < 30:
                return []
            self.last_of_told[name] = max(at, self.began.pop(name))
            return [("raise", "flapping")]
        # Nothing is kept of sensors that are calm by then.
        self.began = {other: began for other, began in self.began.items() if at <= began + TEN}
        self.last_of_told = {other: last for other, last in self.last_of_told.items() if at <= last + TEN}
        self.began[name], self.changes[name] = at, 1
        return []


FlappingHome.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestFlapping = FlappingHome.TestCase
