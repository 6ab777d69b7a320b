"""A dose that a dispenser gave out, as a MedicationDispense. One that was missed is a DetectedIssue."""

from api.fhir.elements import Resource, identifier, instant, present, reference, resource
from api.fhir.patient import subject
from store.events_query import Event

DISPENSED = "dose_dispensed"


def medication_dispense(dose: Event) -> Resource:
    """What is in the sachet, Vaka is not told."""
    return resource(
        "MedicationDispense",
        dose.id,
        identifier=identifier("event", dose.id),
        status="completed",
        medicationCodeableConcept={"text": str(dose.data.get("dose") or "dose")},
        subject=subject(dose.resident),
        performer=[present(actor=reference("Device", dose.device))],
        whenHandedOver=instant(dose.occurred_at),
    )
