"""An assignment as a DeviceUseStatement: a device is with a resident from one time to another."""

from datetime import datetime

from api.fhir.elements import Resource, identifier, instant, period, reference, resource
from api.fhir.patient import subject
from store.assignments import Assignment


def device_use(assignment: Assignment, now: datetime) -> Resource:
    return resource(
        "DeviceUseStatement",
        assignment.id,
        identifier=identifier("assignment", assignment.id),
        status=_status(assignment, now),
        subject=subject(assignment.resident),
        timingPeriod=period(assignment.start, assignment.end),
        recordedOn=instant(assignment.created_at),
        device=reference("Device", assignment.device),
    )


def _status(assignment: Assignment, now: datetime) -> str:
    if assignment.start > now:
        return "intended"
    return "active" if assignment.covers(now) else "completed"
