"""Codes for what alarms are about, as Norway's hub for welfare technology (VKP) names them where it does.

Code system and usage: the implementation guide "Velferdsteknologisk Knutepunkt VKP-R4".
"""

from api.fhir.elements import VAKA, Json, coding
from rules.decisions import AlarmKind, Reason

VKP_ALERT = "http://ehelse.no/fhir/CodeSystem/vkp-alert-code-v090"
ALARM_KIND = f"{VAKA}:alarm-kind"
REASON = f"{VAKA}:reason"
JOURNAL_ACTION = f"{VAKA}:journal-action"
TECHNOLOGY = f"{VAKA}:technology"
LOINC = "http://loinc.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

Alerts = dict[str, tuple[str, str]]

BY_REASON: Alerts = {
    Reason.DOSE_REPORTED_MISSED: ("1.1", "Ikke utlevert"),
    Reason.DOSE_NOT_TAKEN: ("1.4", "Melding ikke lest"),
}
BY_KIND: Alerts = {
    AlarmKind.DISPENSER_JAMMED: ("1.8", "Rull sitter fast"),
    AlarmKind.REFILL_LOW: ("1.12", "Snart tomt for medisin"),
    AlarmKind.DISPENSER_EMPTY: ("1.13", "Tomt for medisin"),
}
OF_DISPENSERS: Alerts = {
    AlarmKind.DEVICE_FAULT: ("1.5", "Teknisk feil"),
    AlarmKind.BATTERY_LOW: ("1.17", "Batteri lavt"),
    AlarmKind.MAINS_LOST: ("1.19", "Ikke tilkoblet strøm"),
}
"""What other devices say as well, and VKP has a code for only when a dispenser does."""


def alert_codes(kind: str, reason: str, is_dispenser: bool) -> list[Json]:
    """VKP's code if it has one, and always Vaka's own."""
    alert = BY_REASON.get(reason) or BY_KIND.get(kind) or (OF_DISPENSERS.get(kind) if is_dispenser else None)
    own = coding(ALARM_KIND, kind)
    return [coding(VKP_ALERT, *alert), own] if alert is not None else [own]
