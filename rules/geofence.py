"""Geofence: outside every allowed area for too long, or outside and not heard of any more.

A position is outside only when all of its circle of accuracy is, and inside when its centre is; between the two it
changes nothing. So a receiver that wavers at the edge of an area neither alarms nor calms.
"""

from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any

from msgspec.structs import replace

from events.log import Entry
from events.messages import Position
from rules import waiting
from rules.decisions import AlarmKind, AnyDecision, Reason
from rules.detector import NOTHING, Detector, Result
from rules.localtime import is_between
from rules.plan import GeofencePlan, Plan, Zone
from rules.state import Place, ResidentState, Wait

OUTSIDE, SILENT = "outside", "silent"
_ALARMS = {OUTSIDE: (AlarmKind.GEOFENCE, Reason.LEFT_AREA), SILENT: (AlarmKind.GPS_SILENT, Reason.GPS_SILENT)}
EARTH_M = 6_371_008.8
"""Mean radius of the earth (IUGG)."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    plan, position = state.plan.geofence, entry.data
    if plan is None or not isinstance(position, Position):
        return state, NOTHING
    outside = is_outside(plan, position)
    if outside is None:
        return state, NOTHING
    return _outside(state, plan, entry, position) if outside else _inside(state, plan, entry)


def is_outside(plan: GeofencePlan, position: Position) -> bool | None:
    """Whether it is outside all areas; None when the position cannot tell."""
    accuracy = position.accuracy_m or 0.0
    if accuracy > plan.accuracy_m:
        return None
    nearest = None
    for zone in plan.zones:
        edge = distance_m(zone, position) - zone.radius_m
        if edge <= 0:
            return False
        nearest = edge if nearest is None else min(nearest, edge)
    return True if nearest is not None and nearest > accuracy else None


def distance_m(zone: Zone, position: Position) -> float:
    """Metres on the sphere, by the haversine formula."""
    north, east = radians(position.latitude - zone.latitude), radians(position.longitude - zone.longitude)
    along = cos(radians(zone.latitude)) * cos(radians(position.latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(sin(north / 2) ** 2 + along)))


def _inside(state: ResidentState, plan: GeofencePlan, entry: Entry) -> Result:
    decisions: list[AnyDecision] = []
    waits = state.outside
    for what, (kind, _) in _ALARMS.items():
        if what == SILENT and not waiting.runs(waits, SILENT):
            continue
        waits, raised = waiting.ended(waits, what, waiting.happened(entry), entry.received_at, _limit(plan, what))
        if raised is not None:
            decisions.append(waiting.verdict(state, raised, entry, kind))
    return replace(state, outside=waits), decisions


def _outside(state: ResidentState, plan: GeofencePlan, entry: Entry, position: Position) -> Result:
    at, now = waiting.happened(entry), entry.received_at
    decisions: list[AnyDecision] = []
    waits = state.outside
    if waiting.has_ended_since(waits, OUTSIDE, at):
        return state, NOTHING
    if plan.silent_minutes is not None:
        waits, heard = waiting.begun_again(waits, SILENT, at, now, _limit(plan, SILENT))
        if heard is not None:
            decisions.append(waiting.verdict(state, heard, entry, AlarmKind.GPS_SILENT))
    if waiting.runs(waits, OUTSIDE) or _is_watched(state, plan, at):
        waits = waiting.begun(waits, OUTSIDE, at, now, _limit(plan, OUTSIDE))
    place = state.place
    if place is None or at >= place.at:
        place = Place(at, position.latitude, position.longitude)
    return replace(state, outside=waits, place=place), decisions


def _is_watched(state: ResidentState, plan: GeofencePlan, at: datetime) -> bool:
    hours = plan.hours
    return not hours or any(is_between(at, span.start, span.end, state.timezone) for span in hours)


def _limit(plan: GeofencePlan, what: str) -> timedelta:
    return timedelta(minutes=plan.dwell_minutes if what == OUTSIDE else plan.silent_minutes or 0)


def on_time(state: ResidentState, due: datetime) -> Result:
    waits, late = waiting.overdue(state.outside, due)
    return replace(state, outside=waits), [_raise(state, wait, due) for wait in late]


def _raise(state: ResidentState, wait: Wait, due: datetime) -> AnyDecision:
    kind, reason = _ALARMS[wait.what]
    raised = waiting.raise_about(state, wait, due, kind, reason, "position")
    place = state.place
    where: dict[str, Any] = {}
    if place is not None:
        where = {"latitude": place.latitude, "longitude": place.longitude, "position_at": place.at.isoformat()}
    return replace(raised, detail=raised.detail | where)


def disarmed(state: ResidentState) -> ResidentState:
    """After a fault in this rule: until the next position."""
    return replace(state, outside=(), place=None)


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """Other areas are judged by the next position; without a plan nothing is remembered."""
    return state if state.plan.geofence == old.geofence else disarmed(state)


DETECTOR = Detector(
    "geofence",
    ("position",),
    on_entry,
    deadline=lambda state: waiting.deadline(state.outside),
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
)
