"""Where somebody is against plain notes of it: outside for too long, and outside and not heard of any more."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from rules.decisions import AnyDecision
from tests.property.one_home import Happening, OneHome, clock, is_in, soon, word

NOW = timedelta(0)
HOME = {"name": "home", "latitude": 59.0, "longitude": 18.0, "radius_m": 300}
SHOP = {"name": "shop", "latitude": 59.0, "longitude": 18.1, "radius_m": 100}
INSIDE = ((59.0, 18.0, 0), (59.002, 18.0, 150), (59.0, 18.1, 200))
OUTSIDE = ((59.1, 18.0, 0), (59.0, 18.05, 200), (59.004, 18.0, 100))
NEITHER = ((59.1, 18.0, 201), (59.004, 18.0, 150), (59.0, 18.0, 999))
"""Latitude, longitude and accuracy: too vague to count, or a circle over the edge (300 m are 0.0027 degrees)."""


class Wearer(OneHome):
    """`since`: when an absence, or the wait for a position, began; `told`: it is an alarm."""

    PLANS = (
        {"geofence": {"zones": [HOME, SHOP], "dwell_minutes": 10, "silent_minutes": 30}},
        {"geofence": {"zones": [HOME, SHOP], "hours": [{"from": "23:30", "to": "02:30"}]}},
        {
            "geofence": {
                "zones": [HOME, SHOP],
                "silent_minutes": 5,
                "hours": [{"from": "08:00", "to": "09:00"}, {"from": "03:00", "to": "04:00"}],
            }
        },
    )

    def __init__(self) -> None:
        super().__init__()
        self.since: dict[str, datetime] = {}
        self.told: set[str] = set()
        self.last: datetime | None = None

    @rule(where=st.sampled_from((*INSIDE, *OUTSIDE, *OUTSIDE, *NEITHER)), after=soon)
    def wear(self, where: tuple[float, float, int], after: timedelta) -> None:
        latitude, longitude, accuracy = where
        self.say("position", after, NOW, latitude=latitude, longitude=longitude, accuracy_m=accuracy)

    @property
    def limits(self) -> dict[str, timedelta | None]:
        fence: dict[str, Any] = self.plan["geofence"]
        silent = fence.get("silent_minutes")
        return {
            "geofence": timedelta(minutes=fence.get("dwell_minutes", 5)),
            "gps_silent": timedelta(minutes=silent) if silent else None,
        }

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        where = it.fields["latitude"], it.fields["longitude"], it.fields["accuracy_m"]
        if where in NEITHER or (self.last is not None and it.at <= self.last):
            return []
        if where in INSIDE:
            self.last = it.at
            return [*self.ended("geofence", it.at), *self.ended("gps_silent", it.at)]
        told = self.ended("gps_silent", it.at)
        if self.limits["gps_silent"]:
            self.since["gps_silent"] = it.at
        hours = self.plan["geofence"].get("hours")
        if not hours or any(is_in(clock(it.at), span["from"], span["to"]) for span in hours):
            self.since.setdefault("geofence", it.at)
        return told

    def ended(self, alarm: str, at: datetime) -> list[tuple[str, ...]]:
        """Its verdict, if it was told."""
        since, limit = self.since.pop(alarm, None), self.limits[alarm]
        if since is None or limit is None or alarm not in self.told:
            return []
        self.told.remove(alarm)
        return [("withdraw", "ended_in_time") if at <= since + limit else ("annotate", "ended")]

    def passed(self, now: datetime) -> list[tuple[str, ...]]:
        due = [
            (since + limit, alarm)
            for alarm, since in self.since.items()
            if alarm not in self.told and (limit := self.limits[alarm]) is not None and since + limit <= now
        ]
        due.sort(key=lambda one: one[0])
        self.told |= {alarm for _, alarm in due}
        return [("raise", "left_area" if alarm == "geofence" else "gps_silent") for _, alarm in due]

    def words(self, decisions: list[AnyDecision]) -> list[tuple[str, ...]]:
        """Each at the time when it was due."""
        for decision in decisions:
            assert word(decision) != "raise" or decision.detail["position_at"] <= decision.at.isoformat()
        return super().words(decisions)


Wearer.TestCase.settings = settings(max_examples=80, stateful_step_count=25)
TestGeofence = Wearer.TestCase
