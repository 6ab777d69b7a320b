"""What staff did about an alarm, and a supervision check, as an Encounter."""

from api.fhir.codes import ACT, ALARM_KIND, REASON
from api.fhir.elements import Resource, coding, concept, identifier, period, present, reference, resource
from api.fhir.patient import subject
from rules.alarm_lifecycle import State
from store.alarms_query import Alarm
from store.events_query import Event

VIRTUAL = coding(ACT, "VR", "virtual")
AT_HOME = coding(ACT, "HH", "home health")
STATUS = {
    State.ACCEPTED: "triaged",
    State.AT_PERSON: "in-progress",
    State.RESOLVED: "finished",
    State.WITHDRAWN: "cancelled",
}
CHECK_PREFIX = "check-"
"""Before the number of a supervision check: alarms and checks are both encounters, with ids of their own."""


def encounter(alarm: Alarm) -> Resource | None:
    """None while nobody has taken the alarm; virtual when nobody went to the person."""
    if alarm.accepted_at is None or alarm.state not in STATUS:
        return None
    return resource(
        "Encounter",
        alarm.id,
        identifier=identifier("alarm", alarm.id),
        status=STATUS[alarm.state],
        **{"class": AT_HOME if alarm.at_person_at is not None else VIRTUAL},
        subject=subject(alarm.resident, alarm.resident_name),
        participant=_people(alarm),
        period=period(alarm.accepted_at, alarm.closed_at),
        reasonCode=[concept(coding(ALARM_KIND, alarm.kind))],
    )


def _people(alarm: Alarm) -> list[dict[str, object]]:
    if alarm.accepted_by is None:
        return []
    return [{"individual": practitioner(alarm.accepted_by, alarm.accepted_by_name)}]


def practitioner(id: str, name: str | None) -> dict[str, object]:
    """Staff by identifier: accounts are no resources here."""
    return present(identifier=identifier("staff", id)[0], display=name, type="Practitioner")


def supervision(check: Event) -> Resource:
    """A look-in by camera that was made."""
    return resource(
        "Encounter",
        f"{CHECK_PREFIX}{check.id}",
        identifier=identifier("event", check.id),
        status="finished",
        **{"class": VIRTUAL},
        subject=subject(check.resident),
        period=period(check.occurred_at, check.occurred_at),
        reasonCode=[concept(coding(REASON, check.kind))],
        extension=[{"url": "urn:vaka:device", "valueReference": reference("Device", check.device)}],
    )
