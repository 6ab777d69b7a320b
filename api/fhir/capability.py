"""What the FHIR server can do, as a CapabilityStatement."""

from datetime import datetime

from api.fhir.elements import Json, Resource, instant
from api.fhir.sources import SOURCES, Source


def capability_statement(now: datetime) -> Resource:
    rest = {"mode": "server", "resource": [_of(source) for source in SOURCES]}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(now),
        "kind": "instance",
        "software": {"name": "Vaka"},
        "implementation": {"description": "Vaka: devices, alarms and what was done about them"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [rest],
    }


def _of(source: Source) -> Json:
    parameters = [
        *([{"name": "patient", "type": "reference"}] if source.by_patient else []),
        *([{"name": source.by_date, "type": "date"}] if source.by_date is not None else []),
    ]
    told: Json = {"type": source.type, "interaction": [{"code": "read"}, {"code": "search-type"}]}
    return {**told, "searchParam": parameters} if parameters else told
