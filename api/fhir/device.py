"""A registered device as a Device."""

from api.fhir.codes import TECHNOLOGY
from api.fhir.elements import Resource, coding, concept, identifier, resource
from api.fhir.patient import subject
from events.devices import LifeCycle
from store.devices import Device

_GONE = frozenset({LifeCycle.SCRAPPED})


def device(found: Device) -> Resource:
    return resource(
        "Device",
        found.id,
        identifier=identifier("device", found.id),
        status="inactive" if found.life_cycle in _GONE else "active",
        serialNumber=found.serial,
        deviceName=[{"name": found.name, "type": "user-friendly-name"}] if found.name else None,
        modelNumber=found.model,
        type=concept(coding(TECHNOLOGY, found.technology)),
        patient=subject(found.resident),
    )
