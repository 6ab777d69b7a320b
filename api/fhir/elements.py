"""The elements that resources are made of: ids, references, codes, periods."""

import re
from datetime import datetime
from typing import Any

Json = dict[str, Any]
Resource = Json

VAKA = "urn:vaka"
"""Before the names of Vaka's own code systems and identifiers: `urn:vaka:alarm-kind`."""

# FHIR ids have letters, digits, `-` and `.` only; what else Vaka's may have is written with a dot before it.
_ESCAPES = {".": "..", "_": ".u", ":": ".c", "@": ".a"}
_MEANT = {escape: plain for plain, escape in _ESCAPES.items()}


def fhir_id(id: str) -> str:
    """`id` as FHIR can have it; `vaka_id` gives it back. More than 64 characters, which FHIR forbids, stay so."""
    return "".join(_ESCAPES.get(character, character) for character in id)


def vaka_id(id: str) -> str:
    return re.sub(r"\..?", lambda found: _MEANT.get(found.group(), found.group()), id)


def resource(resource_type: str, id: str, /, **elements: Any) -> Resource:
    """`elements` that are None or empty are left out, as FHIR wants it."""
    return {"resourceType": resource_type, "id": fhir_id(id), **present(**elements)}


def present(**elements: Any) -> Json:
    return {name: value for name, value in elements.items() if value is not None and value != [] and value != ""}


def reference(type: str, id: str | None, display: str | None = None) -> Json | None:
    return present(reference=f"{type}/{fhir_id(id)}", display=display) if id is not None else None


def identifier(what: str, id: str) -> list[Json]:
    return [{"system": f"{VAKA}:{what}", "value": id}]


def coding(system: str, code: str, display: str | None = None) -> Json:
    return present(system=system, code=code, display=display)


def concept(*codings: Json, text: str | None = None) -> Json:
    return present(coding=list(codings), text=text)


def instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


def period(start: datetime | None, end: datetime | None) -> Json | None:
    return present(start=instant(start), end=instant(end)) or None
