"""Where the resources come from: for each type, how it is searched and how one is read, as far as the caller may."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from api.fhir.asked import Asked, Found
from api.fhir.care_plan import care_plan
from api.fhir.composition import composition
from api.fhir.detected_issue import detected_issue
from api.fhir.device import device
from api.fhir.device_use import device_use
from api.fhir.elements import Resource
from api.fhir.encounter import CHECK_PREFIX, encounter, supervision
from api.fhir.medication_dispense import DISPENSED, medication_dispense
from api.fhir.patient import patient
from api.lists import BY_ID, BY_TIME, BY_TIME_AND_NUMBER, by_id
from api.problems import invalid
from events.ids import AlarmId, DeviceId, ResidentId
from rules.alarm_lifecycle import State
from store import alarms_query, assignments, devices, events_query, journal, plans, registry
from store.alarms_query import Alarm
from store.pool import Connection
from store.select import Scope

CHECKED = "check_done"
TAKEN: list[State] = [state for state in State if state is not State.OPEN]

Search = Callable[[Connection, Scope, Asked], Awaitable[Found]]
Read = Callable[[Connection, Scope, datetime, str], Awaitable[Resource | None]]


async def search_patients(connection: Connection, scope: Scope, asked: Asked) -> Found:
    page = asked.pages
    found = await registry.residents(connection, scope, after=page.after(BY_ID), limit=page.fetch)
    shown = page.page(found, by_id)
    return Found([patient(one) for one in shown.items], shown.next)


async def read_patient(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await registry.resident(connection, scope, ResidentId(id))
    return patient(found) if found is not None else None


async def search_devices(connection: Connection, scope: Scope, asked: Asked) -> Found:
    page = asked.pages
    found = await devices.devices(
        connection, scope, asked.now, resident=asked.resident, after=page.after(BY_ID), limit=page.fetch
    )
    shown = page.page(found, by_id)
    return Found([device(one) for one in shown.items], shown.next)


async def read_device(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await devices.device(connection, scope, now, DeviceId(id))
    return device(found) if found is not None else None


async def search_device_use(connection: Connection, scope: Scope, asked: Asked) -> Found:
    page = asked.pages
    found = await assignments.assignments(
        connection, scope, resident=asked.resident, after=page.after(BY_ID), limit=page.fetch
    )
    shown = page.page(found, by_id)
    return Found([device_use(one, asked.now) for one in shown.items], shown.next)


async def read_device_use(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await assignments.assignment(connection, scope, id)
    return device_use(found, now) if found is not None else None


async def search_issues(connection: Connection, scope: Scope, asked: Asked) -> Found:
    shown, next = await _alarms(connection, scope, asked, None)
    return Found(await _issues(connection, asked.now, shown), next)


async def read_issue(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await alarms_query.alarm(connection, scope, AlarmId(id))
    return (await _issues(connection, now, [found]))[0] if found is not None else None


async def search_compositions(connection: Connection, scope: Scope, asked: Asked) -> Found:
    shown, next = await _alarms(connection, scope, asked, TAKEN)
    return Found(await _compositions(connection, shown), next)


async def read_composition(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await alarms_query.alarm(connection, scope, AlarmId(id))
    notes = await _compositions(connection, [found]) if found is not None else []
    return notes[0] if notes else None


async def search_encounters(connection: Connection, scope: Scope, asked: Asked) -> Found:
    """Alarms that somebody took and look-ins that were made, together, so that it needs the index by resident."""
    if asked.resident is None:
        raise invalid("patient", "is needed")
    page = asked.pages
    after = page.after(BY_TIME)
    alarms = await alarms_query.alarms(
        connection, scope, resident=asked.resident, states=TAKEN, start=asked.start, end=asked.end,
        after=_alarm_place(after), limit=page.fetch,
    )  # fmt: skip
    checks = await events_query.events(
        connection, scope, resident=asked.resident, kind=CHECKED, start=asked.start, end=asked.end,
        after=_check_place(after), limit=page.fetch,
    )  # fmt: skip
    both = [
        *((one.opened_at, one.id, encounter(one)) for one in alarms),
        *((one.occurred_at, f"{CHECK_PREFIX}{one.id}", supervision(one)) for one in checks),
    ]
    # At the same moment alarms come first, as the places below have it.
    both.sort(key=lambda row: (row[0], not row[1].startswith(CHECK_PREFIX)), reverse=True)
    shown = page.page(both, lambda row: (row[0], row[1]))
    return Found([made for _, _, made in shown.items if made is not None], shown.next)


def _alarm_place(after: tuple[datetime, str] | None) -> tuple[datetime, str] | None:
    if after is None or not after[1].startswith(CHECK_PREFIX):
        return after
    return after[0], ""


def _check_place(after: tuple[datetime, str] | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    number = _number_of_check(after[1])
    return after[0], number if number is not None else 2**63 - 1


def _number_of_check(id: str) -> int | None:
    return _number(id.removeprefix(CHECK_PREFIX)) if id.startswith(CHECK_PREFIX) else None


def _number(text: str) -> int | None:
    """An event's number, if it can be one: what is longer is beyond what the database counts to."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


async def read_encounter(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    number = _number_of_check(id)
    if number is not None:
        check = await events_query.event(connection, scope, number)
        return supervision(check) if check is not None and check.kind == CHECKED else None
    found = await alarms_query.alarm(connection, scope, AlarmId(id))
    return encounter(found) if found is not None else None


async def search_dispenses(connection: Connection, scope: Scope, asked: Asked) -> Found:
    page = asked.pages
    found = await events_query.events(
        connection, scope, resident=asked.resident, kind=DISPENSED, start=asked.start, end=asked.end,
        after=page.after(BY_TIME_AND_NUMBER), limit=page.fetch,
    )  # fmt: skip
    shown = page.page(found, lambda one: (one.occurred_at, int(one.id)))
    return Found([medication_dispense(one) for one in shown.items], shown.next)


async def read_dispense(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    number = _number(id)
    found = await events_query.event(connection, scope, number) if number is not None else None
    return medication_dispense(found) if found is not None and found.kind == DISPENSED else None


async def search_plans(connection: Connection, scope: Scope, asked: Asked) -> Found:
    page = asked.pages
    found = await plans.newest_plans(
        connection, scope, resident=asked.resident, after=page.after(BY_ID), limit=page.fetch
    )
    shown = page.page(found, lambda one: (one.resident,))
    return Found([care_plan(one) for one in shown.items], shown.next)


async def read_plan(connection: Connection, scope: Scope, now: datetime, id: str) -> Resource | None:
    found = await plans.newest_plans(connection, scope, resident=ResidentId(id), limit=1)
    return care_plan(found[0]) if found else None


async def everything_of_alarm(connection: Connection, scope: Scope, now: datetime, id: str) -> list[Resource]:
    """The issue, what was done about it and the note, with whose and which device it was; empty when there is none."""
    found = await alarms_query.alarm(connection, scope, AlarmId(id))
    if found is None:
        return []
    parts = [
        *(await _issues(connection, now, [found])),
        encounter(found),
        *(await _compositions(connection, [found])),
        await read_patient(connection, scope, now, found.resident) if found.resident is not None else None,
        await read_device(connection, scope, now, found.device) if found.device is not None else None,
    ]
    return [part for part in parts if part is not None]


async def _alarms(
    connection: Connection, scope: Scope, asked: Asked, states: list[State] | None
) -> tuple[list[Alarm], str | None]:
    page = asked.pages
    found = await alarms_query.alarms(
        connection, scope, resident=asked.resident, states=states, start=asked.start, end=asked.end,
        after=page.after(BY_TIME), limit=page.fetch,
    )  # fmt: skip
    shown = page.page(found, lambda one: (one.opened_at, one.id))
    return shown.items, shown.next


async def _issues(connection: Connection, now: datetime, alarms: Sequence[Alarm]) -> list[Resource]:
    ids = sorted({alarm.device for alarm in alarms if alarm.device is not None})
    known = {one.id: one.technology for one in await devices.devices_of(connection, Scope(), now, ids)}
    return [detected_issue(alarm, known.get(alarm.device or DeviceId(""))) for alarm in alarms]


async def _compositions(connection: Connection, alarms: Sequence[Alarm]) -> list[Resource]:
    journals = await journal.journals_of(connection, [alarm.id for alarm in alarms])
    notes = [composition(alarm, journals.get(alarm.id, [])) for alarm in alarms]
    return [note for note in notes if note is not None]


class Source(NamedTuple):
    """`by_date`: the name of the search parameter for its time, if it has one."""

    type: str
    search: Search
    read: Read
    by_patient: bool = True
    by_date: str | None = None


SOURCES = (
    Source("Patient", search_patients, read_patient, by_patient=False),
    Source("Device", search_devices, read_device),
    Source("DeviceUseStatement", search_device_use, read_device_use),
    Source("DetectedIssue", search_issues, read_issue, by_date="identified"),
    Source("Encounter", search_encounters, read_encounter, by_date="date"),
    Source("Composition", search_compositions, read_composition, by_date="date"),
    Source("MedicationDispense", search_dispenses, read_dispense, by_date="whenhandedover"),
    Source("CarePlan", search_plans, read_plan),
)
