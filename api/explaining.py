"""Why there is an alarm, in words: the sentence of each decision, and what would have kept it away."""

import json
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from api.console import FOLDER
from rules.decisions import AnyDecision, Raise, Reason


class Language(StrEnum):
    SWEDISH = "sv"
    ENGLISH = "en"


PREVENTED: dict[str, tuple[str, str]] = {
    "missed_dose": (
        "Inget larm om dosen hade rapporterats tagen i dosfönstret, före {deadline}.",
        "No alarm if the dose had been reported as taken in its window, before {deadline}.",
    ),
    "as_needed": (
        "Inget larm om dosen hade tagits högst så många gånger som planen tillåter.",
        "No alarm if the dose had been taken no more often than the plan allows.",
    ),
    "inactivity": (
        "Inget larm om något livstecken hade rapporterats före {deadline}.",
        "No alarm if any sign of life had been reported before {deadline}.",
    ),
    "doors": (
        "Inget larm om dörren hade rapporterats stängd eller låst före {deadline}.",
        "No alarm if the door had been reported as closed or locked before {deadline}.",
    ),
    "night": (
        "Inget larm om personen hade märkts i sängen eller hemma före {deadline}.",
        "No alarm if the person had been noticed in bed or at home before {deadline}.",
    ),
    "supervision": (
        "Inget larm om tillsynen hade gjorts i sitt fönster.",
        "No alarm if the check had been made in its window.",
    ),
    "lock": (
        "Inget larm vid färre nekade försök, eller när öppningen var planerad.",
        "No alarm with fewer refused attempts, or when the opening was planned.",
    ),
    "geofence": (
        "Inget larm om en position inom ett tillåtet område hade kommit före {deadline}.",
        "No alarm if a position within an allowed area had come before {deadline}.",
    ),
    "coverage_gap": (
        "Inget larm om någon i tjänst hade gått att nå hela tiden.",
        "No alarm if somebody on duty could have been reached all the time.",
    ),
    "conditions": (
        "Inget larm om något av detta hade hänt i tid: {absent}.",
        "No alarm if one of these had happened in time: {absent}.",
    ),
}
"""By the rule's name, Swedish and English. What is not here always raises: a call for help, water, a device's fault."""

ALWAYS = (
    "Inget hade hindrat larmet: det som enheten säger är alltid ett larm.",
    "Nothing would have kept it away: what the device said is always an alarm.",
)

LATE = ("kom fram först {reported}, {minutes} minuter senare", "arrived only {reported}, {minutes} minutes later")
"""Of what came late, Swedish and English."""

TIMES = {
    "corrected": (
        "enhetens klocka visade {device_time}, rättad med så mycket som den går fel",
        "the clock of the device said {device_time}, corrected by how far off it is",
    ),
    "received": (
        "enhetens klocka visade {device_time} och går inte att lita på: tiden är när det kom fram",
        "the clock of the device said {device_time} and cannot be relied on: the time is when it arrived",
    ),
}
"""When the time that a device told was not believed, Swedish and English."""


@cache
def _texts(language: Language) -> dict[str, str]:
    return dict(json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")))


def language_of(accepted: str | None) -> Language:
    """The first of ours in an Accept-Language header; Swedish unless there is one."""
    for wanted in (accepted or "").lower().split(","):
        for language in Language:
            if wanted.strip().split(";")[0].split("-")[0] == language:
                return language
    return Language.SWEDISH


class Words:
    """One language, and the time zone of the municipality."""

    def __init__(self, language: Language, zone: str) -> None:
        self._language = language
        self._zone = ZoneInfo(zone)

    def sentence(self, decision: AnyDecision) -> str:
        """What was decided and why, as the console says it."""
        data, texts = decision.detail, _texts(self._language)
        alone = decision.reason is Reason.DOSE_REPORTED_MISSED and "window" not in data
        text = texts.get(f"reason.{decision.reason}{'_alone' if alone else ''}") or decision.reason.value
        occurred = decision.occurred_at.isoformat() if isinstance(decision, Raise) else data.get("occurred_at")
        times = {"time": occurred or decision.at.isoformat()}
        times |= {name.removesuffix("_at"): value for name, value in data.items() if name.endswith("_at")}
        times |= {name: data[name] for name in ("since", "deadline") if name in data}
        values = {name: str(value) for name, value in data.items() if name not in times}
        values |= {name: self.clock(value, decision.at) for name, value in times.items()}
        parts = (_filled(text, values).strip(), self._late(decision), self._time(decision))
        return " – ".join(part for part in parts if part)

    def _late(self, decision: AnyDecision) -> str | None:
        """How late it came, if it did."""
        minutes = decision.detail.get("late_minutes")
        if minutes is None:
            return None
        reported = self.clock(decision.detail["reported_at"], decision.at)
        text = LATE[self._language is Language.ENGLISH]
        return _filled(text, {"reported": reported, "minutes": str(minutes)})

    def _time(self, decision: AnyDecision) -> str | None:
        """What was made of the device's own time; None when it was believed."""
        texts = TIMES.get(decision.detail.get("time", ""))
        if texts is None:
            return None
        said = self.clock(decision.detail["device_time"], decision.at)
        return _filled(texts[self._language is Language.ENGLISH], {"device_time": said})

    def prevented(self, decision: Raise, deadline: datetime | None) -> str:
        """What would have kept it away."""
        text = PREVENTED.get(decision.detail.get("rule", ""), ALWAYS)[self._language is Language.ENGLISH]
        due = self.clock((deadline or decision.at).isoformat(), decision.at)
        return _filled(text, {"deadline": due, "absent": ", ".join(decision.detail.get("absent", ()))})

    def clock(self, time: Any, now: datetime) -> str:
        """`HH:MM` by the wall clock there, with the day before it when it is not that of `now`."""
        try:
            at = datetime.fromisoformat(str(time)).astimezone(self._zone)
        except ValueError:
            return str(time)
        return f"{at:%H:%M}" if at.date() == now.astimezone(self._zone).date() else f"{at:%Y-%m-%d %H:%M}"


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _filled(text: str, values: dict[str, str]) -> str:
    """`text` with its places filled; a place that nothing is known for stays empty."""
    return text.format_map(_Blank(values))
