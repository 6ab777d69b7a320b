"""An alarm as a DetectedIssue."""

from api.fhir.codes import REASON, alert_codes
from api.fhir.elements import Resource, coding, concept, identifier, instant, reference, resource
from api.fhir.patient import subject
from events.kinds import Technology
from rules.alarm_lifecycle import State
from store.alarms_query import Alarm

STATUS = {
    State.OPEN: "preliminary",
    State.ACCEPTED: "preliminary",
    State.AT_PERSON: "preliminary",
    State.RESOLVED: "final",
    State.WITHDRAWN: "cancelled",
}
SEVERITY = {1: "high", 2: "moderate"}
COLOUR = {1: "red", 2: "orange", 3: "yellow", 4: "green"}
"""For `detail`, where VKP wants what people see at a glance."""


def detected_issue(alarm: Alarm, technology: Technology | None) -> Resource:
    """`technology` of the alarm's device."""
    codes = alert_codes(alarm.kind, alarm.reason, technology is Technology.MEDICINE)
    return resource(
        "DetectedIssue",
        alarm.id,
        identifier=identifier("alarm", alarm.id),
        status=STATUS[alarm.state],
        code=concept(*codes),
        severity=SEVERITY.get(alarm.priority, "low"),
        patient=subject(alarm.resident, alarm.resident_name),
        identifiedDateTime=instant(alarm.occurred_at),
        author=reference("Device", alarm.device),
        evidence=[{"code": [concept(coding(REASON, alarm.reason))]}],
        detail=COLOUR[alarm.priority],
    )
