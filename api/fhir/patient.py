"""A resident as a Patient."""

from api.fhir.elements import Resource, identifier, reference, resource
from store.registry import Resident


def patient(resident: Resident) -> Resource:
    return resource(
        "Patient",
        resident.id,
        identifier=identifier("resident", resident.id),
        active=True,
        name=[{"text": resident.name}],
        gender=resident.sex,
        birthDate=f"{resident.birth_year:04}" if resident.birth_year is not None else None,
        address=[{"text": resident.address}] if resident.address else None,
        managingOrganization={"identifier": identifier("unit", resident.unit)[0]},
    )


def subject(id: str | None, name: str | None = None) -> dict[str, str] | None:
    return reference("Patient", id, name)
