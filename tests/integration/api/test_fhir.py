"""FHIR for record systems: every resource is valid R4, and says what the API says."""

import base64
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.support.api import NOON, Api, made

pytestmark = pytest.mark.anyio

TYPES = (
    "Patient",
    "Device",
    "DeviceUseStatement",
    "DetectedIssue",
    "Encounter",
    "Composition",
    "MedicationDispense",
    "CarePlan",
)
ADD_EVENT = """
INSERT INTO events (position, key, kind, tenant, device, resident, occurred_at, received_at, data)
VALUES (%s, 'r:north-1', %s, 'west', 'north-button', 'north-1', %s, %s, '{}')
"""
PLAN = {
    "medicine": {"windows": [{"from": "08:00", "to": "09:00"}]},
    "supervision": {"checks": [{"from": "23:00", "to": "23:30"}]},
    "doors": {"open_minutes": 10},
}

Found = dict[str, Any]


async def fhir(client: httpx.AsyncClient, path: str, **query: Any) -> Found:
    """What is answered, checked to be valid."""
    answer = await client.get(path if path.startswith("http") else f"/fhir/{path}", params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    body: Found = answer.json()
    for one in [body, *(entry["resource"] for entry in body.get("entry", []))]:
        get_fhir_model_class(one["resourceType"]).model_validate(one)
    return body


def resources(bundle: Found) -> list[Found]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


async def happened(api: Api, position: int, kind: str, at: datetime) -> None:
    await api.execute(ADD_EVENT, (position, kind, at, at))


@pytest.fixture
async def handled(town: Api) -> Api:
    """An alarm that somebody took, went to and closed; a dose, a look-in and a plan."""
    await town.alarm("a1")
    bo = await town.staff("bo")
    for version, (action, body) in enumerate(
        (
            ("accept", {"note": "On my way <soon>"}),
            ("at-person", {}),
            ("note", {"text": "Sat in the chair & was well"}),
            ("resolve", {"outcome": "helped"}),
        ),
        start=1,
    ):
        town.clock.advance(timedelta(minutes=1))
        answer = await bo.post(f"/api/v1/alarms/a1/{action}", json={"version": version, **body})
        assert answer.status_code == 200, answer.text
    await happened(town, 1, "dose_dispensed", NOON + timedelta(minutes=10))
    await happened(town, 2, "check_done", NOON + timedelta(minutes=20))
    await made(await town.client(), "plans", resident="north-1", **PLAN)
    return town


async def test_every_type_is_found_and_read_again(handled: Api) -> None:
    client = await handled.client("manager", "west", "north")
    for type in TYPES:
        found = resources(await fhir(client, type, **({"patient": "north-1"} if type == "Encounter" else {})))
        assert found, type
        for one in found:
            assert one["resourceType"] == type
            assert await fhir(client, f"{type}/{one['id']}") == one


async def test_what_was_done_about_an_alarm_comes_as_issue_encounter_and_note(handled: Api) -> None:
    client = await handled.client("manager", "west", "north")
    parts = {one["resourceType"]: one for one in resources(await fhir(client, "DetectedIssue/a1/$everything"))}
    assert set(parts) == {"DetectedIssue", "Encounter", "Composition", "Patient", "Device"}
    issue, encounter, note = parts["DetectedIssue"], parts["Encounter"], parts["Composition"]
    assert (issue["status"], issue["severity"], issue["identifiedDateTime"]) == (
        "final",
        "high",
        "2026-03-02T12:00:00Z",
    )
    assert issue["patient"] == {"reference": "Patient/north-1", "display": "Test North"}
    assert issue["author"] == {"reference": "Device/north-button"}
    assert (encounter["status"], encounter["class"]["code"]) == ("finished", "HH")
    assert encounter["period"] == {"start": "2026-03-02T12:01:00Z", "end": "2026-03-02T12:04:00Z"}
    assert encounter["participant"][0]["individual"]["display"] == "Test Bo"
    assert [one["code"][0]["coding"][0]["code"] for one in note["event"]] == [
        "accepted",
        "at_person",
        "noted",
        "resolved",
    ]
    text = note["section"][0]["text"]["div"]
    assert "On my way &lt;soon&gt;" in text
    assert "Sat in the chair &amp; was well" in text
    assert note["section"][0]["entry"] == [{"reference": "DetectedIssue/a1"}]


async def test_an_alarm_that_nobody_took_has_no_encounter(town: Api) -> None:
    await town.alarm("a1")
    client = await town.client("manager", "west", "north")
    assert resources(await fhir(client, "Encounter", patient="north-1")) == []
    assert resources(await fhir(client, "Composition")) == []
    everything = resources(await fhir(client, "DetectedIssue/a1/$everything"))
    assert [one["resourceType"] for one in everything] == ["DetectedIssue", "Patient", "Device"]
    assert everything[0]["status"] == "preliminary"
    for type in ("Encounter", "Composition"):
        assert (await client.get(f"/fhir/{type}/a1")).status_code == 404


async def test_who_never_went_there_was_with_the_person_from_afar(town: Api) -> None:
    await town.alarm("a1")
    admin = await town.client()
    await admin.post("/api/v1/alarms/a1/resolve", json={"version": 1, "outcome": "false_alarm"})
    (encounter,) = resources(await fhir(admin, "Encounter", patient="Patient/north-1"))
    assert encounter["class"]["code"] == "VR"


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        ("missed_dose", "dose_reported_missed", "1.1"),
        ("missed_dose", "dose_not_taken", "1.4"),
        ("dispenser_jammed", "dispenser_jammed", "1.8"),
        ("refill_low", "refill_low", "1.12"),
        ("dispenser_empty", "dispenser_empty", "1.13"),
        ("battery_low", "battery_low", "1.17"),
        ("mains_lost", "mains_lost", "1.19"),
        ("device_fault", "fault_reported", "1.5"),
        ("social_alarm", "pressed", None),
    ],
)
async def test_what_a_dispenser_tells_has_the_code_of_the_norwegian_hub(
    town: Api, kind: str, reason: str, code: str | None
) -> None:
    admin = await town.client()
    await made(admin, "devices", id="robot", tenant="west", technology="medicine")
    await town.alarm("a1")
    await town.execute("UPDATE alarms SET kind = %s, reason = %s, device = 'robot'", (kind, reason))
    codings = (await fhir(admin, "DetectedIssue/a1"))["code"]["coding"]
    assert [one["code"] for one in codings] == ([code, kind] if code else [kind])
    assert ("vkp-alert-code" in codings[0]["system"]) is (code is not None)


async def test_a_flat_battery_of_another_device_has_none(town: Api) -> None:
    await town.alarm("a1")
    await town.execute("UPDATE alarms SET kind = 'battery_low', reason = 'battery_low'")
    codings = (await fhir(await town.client(), "DetectedIssue/a1"))["code"]["coding"]
    assert [one["code"] for one in codings] == ["battery_low"]


async def test_alarms_and_look_ins_come_together_page_by_page(town: Api) -> None:
    admin = await town.client()
    for number in range(4):
        await town.alarm(f"a{number}", minute=number * 10)
        await admin.post(f"/api/v1/alarms/a{number}/accept", json={"version": 1})
        await happened(town, number, "check_done", NOON + timedelta(minutes=number * 5))
    whole = [one["id"] for one in resources(await fhir(admin, "Encounter", patient="north-1"))]
    assert whole == ["a3", "a2", "check-3", "a1", "check-2", "check-1", "a0", "check-0"]
    page = await fhir(admin, "Encounter", patient="north-1", _count=3)
    paged: list[str] = []
    while True:
        paged += [one["id"] for one in resources(page)]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = await fhir(admin, following[0])
    assert paged == whole


async def test_a_number_of_a_check_is_read_whole(handled: Api) -> None:
    await happened(handled, 10**17, "check_done", NOON)
    client = await handled.client()
    assert (await client.get(f"/fhir/Encounter/check-{10**17}")).status_code == 200
    assert (await client.get(f"/fhir/Encounter/check-{10**17}0")).status_code == 404
    cursor = base64.urlsafe_b64encode(b'["2026-03-02T12:00:00Z","check-99999999999999999999"]').decode().rstrip("=")
    await fhir(client, "Encounter", patient="north-1", _cursor=cursor)


async def test_times_are_asked_for_with_prefixes(town: Api) -> None:
    admin = await town.client()
    for number in range(3):
        await town.alarm(f"a{number}", minute=number * 60 * 24)

    async def found(*dates: str) -> list[str]:
        bundle = await fhir(admin, "DetectedIssue", identified=list(dates))
        return [one["id"] for one in resources(bundle)]

    assert await found("2026-03-03") == ["a1"]
    assert await found("ge2026-03-03") == ["a2", "a1"]
    assert await found("gt2026-03-03") == ["a2"]
    assert await found("ge2026-03-02", "lt2026-03-04") == ["a1", "a0"]
    assert await found("le2026-03-02T12:00:00Z") == ["a0"]
    assert await found("lt2026-03-02T12:00:00Z") == []


async def test_a_unit_is_told_of_its_own_alone(handled: Api) -> None:
    client = await handled.client("manager", "west", "south")
    for type in ("Patient", "DeviceUseStatement", "DetectedIssue", "Composition", "MedicationDispense", "CarePlan"):
        for one in resources(await fhir(client, type)):
            assert "north" not in str(one), type
    for path in ("Patient/north-1", "DetectedIssue/a1", "DetectedIssue/a1/$everything", "Encounter/check-2"):
        assert (await client.get(f"/fhir/{path}")).status_code == 404, path


async def test_ids_that_fhir_cannot_have_are_written_otherwise_and_found(town: Api) -> None:
    admin = await town.client()
    await made(admin, "residents", id="a_b:c@d.e-f", unit="north", name="Test Odd")
    found = [one for one in resources(await fhir(admin, "Patient")) if one["name"] == [{"text": "Test Odd"}]]
    assert [one["id"] for one in found] == ["a.ub.cc.ad..e-f"]
    assert await fhir(admin, f"Patient/{found[0]['id']}") == found[0]
    assert found[0]["identifier"] == [{"system": "urn:vaka:resident", "value": "a_b:c@d.e-f"}]


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("Patient/nobody", 404, "not-found", "nobody"),
        ("Patient/%00", 404, "not-found", "Patient"),
        ("DetectedIssue/%00/$everything", 404, "not-found", "DetectedIssue"),
        ("Encounter/check-99999999999999999999", 404, "not-found", "check-9999"),
        ("MedicationDispense/99999999999999999999", 404, "not-found", "9999"),
        ("Observation", 404, "not-found", "/fhir/Observation"),
        ("Encounter", 422, "invalid", "patient: is needed"),
        ("DetectedIssue?identified=yesterday", 422, "invalid", "identified 'yesterday': is not a day"),
        ("DetectedIssue?date=2026-03-02", 422, "invalid", "date '2026-03-02': is not a search parameter here"),
        ("Patient?patient=north-1", 422, "invalid", "patient 'north-1': is not a search parameter here"),
        ("Device?patient=a/b", 422, "invalid", "patient 'a/b': is not an id"),
        ("Device?_count=0", 422, "invalid", "_count"),
        ("Device?_cursor=x", 400, "invalid", "cursor"),
        ("Device?name=x", 422, "invalid", "name 'x': is not a query parameter here"),
    ],
)
async def test_what_is_wrong_is_said_in_an_operation_outcome(
    town: Api, path: str, status: int, code: str, says: str
) -> None:
    answer = await (await town.client()).get(f"/fhir/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/fhir+json")
    outcome = answer.json()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    assert outcome["issue"][0]["code"] == code
    assert says in outcome["issue"][0]["diagnostics"]


async def test_the_server_says_what_it_can(town: Api) -> None:
    statement = await fhir(await town.client(), "metadata")
    assert [one["type"] for one in statement["rest"][0]["resource"]] == list(TYPES)
    assert statement["fhirVersion"] == "4.0.1"
