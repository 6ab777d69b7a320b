"""Pauses against a plain dict of them: what is watched at any time, who is away, and what is never paused."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from events.control import PauseChanged
from events.kinds import Technology
from rules.decisions import AnyDecision, Raise
from tests.property.lives import minutes
from tests.property.one_home import RESIDENT, Happening, OneHome, ago, soon

PARTS = {
    "medicine": {"medicine"},
    "passive_alarm": {"inactivity", "doors", "night"},
    "gps_alarm": {"geofence"},
    "supervision": {"supervision"},
    "lock": {"lock"},
}
AWAY = {"medicine", "inactivity", "night", "geofence", "supervision", "conditions"}
WHOLE = {
    "medicine": {"windows": [{"from": "08:00", "to": "09:00"}, {"from": "02:15", "to": "02:45"}]},
    "inactivity": {"limits": [{"minutes": 60}]},
    "doors": {"open_minutes": 10},
    "night": {"from": "22:00", "to": "06:00", "bed_minutes": 20},
    "supervision": {"checks": [{"from": "23:00", "to": "01:00"}]},
    "geofence": {"zones": [{"name": "home", "latitude": 59, "longitude": 18, "radius_m": 300}]},
    "lock": {"refused_count": 1},
    "conditions": [{"name": "wet", "when": {"kind": "wet_detected"}}],
}
CALLS = ("alarm_pressed", "fall_detected", "leak_detected", "dispenser_jammed")
PART_OF = {"missed_dose": "medicine", "inactivity": "inactivity", "supervision": "supervision"}
"""What time alone brings, and by which part of the plan."""
technologies = st.lists(st.sampled_from(tuple(PARTS)), unique=True, max_size=2)


class PausedHome(OneHome):
    """From when until when, and what."""

    PLANS = (WHOLE, WHOLE, {"medicine": WHOLE["medicine"], "lock": WHOLE["lock"]})

    def __init__(self) -> None:
        super().__init__()
        self.pauses: dict[str, tuple[datetime, datetime, list[str]]] = {}

    @rule(
        name=st.sampled_from("xyz"),
        begins=minutes(-60, 0, 0, 1, 30, 240),
        length=minutes(-120, 0, 1, 5, 60, 90, 720),
        technologies=technologies,
    )
    def pause(self, name: str, begins: timedelta, length: timedelta, technologies: list[str]) -> None:
        """Also a change of it, and its end before its time."""
        start = self.now + begins
        named = [Technology(technology) for technology in technologies]
        changed = PauseChanged(pause=name, resident=RESIDENT, start=start, end=start + length, technologies=named)
        assert self.words(self.control(changed)) == []
        self.pauses[name] = start, start + length, technologies
        assert self.words(self.partition.fire(self.now)) == []

    @rule(kind=st.sampled_from(CALLS), after=soon, ago=ago)
    def call(self, kind: str, after: timedelta, ago: timedelta) -> None:
        self.say(kind, after, ago)

    @rule(kind=st.sampled_from(("unlock_denied", "wet_detected")), after=soon)
    def say_what_may_be_paused(self, kind: str, after: timedelta) -> None:
        self.say(kind, after, timedelta(0))

    def active(self) -> list[tuple[datetime, list[str]]]:
        return [(end, named) for start, end, named in self.pauses.values() if start <= self.now < end]

    def watched(self) -> set[str]:
        paused = [set().union(*(PARTS[name] for name in named)) if named else AWAY for _, named in self.active()]
        return set(self.plan).difference(*paused)

    def paused_before(self, at: datetime) -> set[str]:
        """What is due as a pause begins is still told."""
        running = [named for start, end, named in self.pauses.values() if start < at < end]
        return set().union(
            *(PARTS[name] for named in running for name in named), *(AWAY for named in running if not named)
        )

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        away = max((end.isoformat() for end, named in self.active() if not named), default="at home")
        watched = {"unlock_denied": "lock", "wet_detected": "conditions"}
        told = {"alarm_pressed": "social_alarm", "fall_detected": "fall", "leak_detected": "leak"}
        if it.kind in watched:
            alarm = {"unlock_denied": "lock_refused", "wet_detected": "condition"}[it.kind]
            more = [("wetness", away)] if it.kind == "wet_detected" else []
            return [*more, *([(alarm, away)] if watched[it.kind] in self.watched() else [])]
        return [(told.get(it.kind, it.kind), away)]

    def words(self, decisions: list[AnyDecision]) -> list[tuple[str, ...]]:
        """Without what time alone brings: that has models of its own, but it does not come while it is paused."""
        for decision in decisions:
            if isinstance(decision, Raise) and decision.kind.value in PART_OF:
                assert PART_OF[decision.kind.value] not in self.paused_before(decision.at)
        return [
            (decision.kind.value, decision.detail.get("away_until", "at home"))
            for decision in decisions
            if isinstance(decision, Raise) and decision.kind.value not in PART_OF
        ]

    @invariant()
    def what_is_not_paused_is_watched(self) -> None:
        if not self.log:
            return
        assert self.words(self.partition.fire(self.now)) == []
        plan = self.state.plan
        assert {part for part in WHOLE if getattr(plan, part) is not None} == self.watched()


PausedHome.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestPauses = PausedHome.TestCase
