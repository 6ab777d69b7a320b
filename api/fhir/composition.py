"""The journal of an alarm as a Composition: a journal note of how a case was handled."""

from collections.abc import Sequence
from html import escape

from api.fhir.codes import JOURNAL_ACTION, LOINC
from api.fhir.elements import Json, Resource, coding, concept, identifier, instant, period, present, reference, resource
from api.fhir.encounter import practitioner
from api.fhir.patient import subject
from rules.alarm_lifecycle import UNRESOLVED
from store.alarms_query import Alarm
from store.journal import JournalEntry

TYPE = coding(LOINC, "34133-9", "Summarization of episode note")
TITLE = "Journalnotat for respons på hendelse"
"""Both as VKP fixes them."""


def composition(alarm: Alarm, journal: Sequence[JournalEntry]) -> Resource | None:
    """None while nobody has taken the alarm. `journal` in the order in which it happened, its first entry included."""
    if alarm.accepted_by is None or not journal:
        return None
    return resource(
        "Composition",
        alarm.id,
        identifier=identifier("alarm", alarm.id)[0],
        status="preliminary" if alarm.state in UNRESOLVED else "final",
        type=concept(TYPE),
        subject=subject(alarm.resident, alarm.resident_name),
        encounter=reference("Encounter", alarm.id),
        date=instant(journal[-1].at),
        author=[practitioner(alarm.accepted_by, alarm.accepted_by_name)],
        title=TITLE,
        event=[_event(entry) for entry in journal],
        section=[_section(alarm, journal)],
    )


def _event(entry: JournalEntry) -> Json:
    return {"code": [concept(coding(JOURNAL_ACTION, entry.action))], "period": period(entry.at, None)}


def _section(alarm: Alarm, journal: Sequence[JournalEntry]) -> Json:
    """What people have written, and a reference to what it is about."""
    lines = [_line(entry, words) for entry in journal if (words := entry.data.get("text") or entry.data.get("note"))]
    if alarm.outcome is not None:
        lines.append(f"<p>{escape(alarm.outcome)}</p>")
    text = {"status": "additional", "div": _div(lines)} if lines else None
    return present(title="Oppfølging", text=text, entry=[reference("DetectedIssue", alarm.id)])


def _line(entry: JournalEntry, words: object) -> str:
    return f"<p>{instant(entry.at)} {escape(entry.actor_name or entry.actor)}: {escape(str(words))}</p>"


def _div(lines: Sequence[str]) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(lines)}</div>'
