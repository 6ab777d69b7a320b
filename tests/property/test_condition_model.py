"""A unit's own conditions against plain dicts: what began, when it is told, and what keeps it away, before or after."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from rules.decisions import Annotate, AnyDecision, Raise, Withdraw
from tests.property.lives import minutes
from tests.property.one_home import Happening, OneHome, ago, clock, is_in, soon

Wait = dict[str, Any]

OUT = {
    "name": "out",
    "when": {"kind": "door_opened", "from": "22:30", "to": "11:00"},
    "unless_before": {"kinds": ["unlocked"], "minutes": 30},
    "unless_after": {"kinds": ["bed_entered", "motion"], "minutes": 10},
}
AT_ONCE = {"name": "at once", "when": {"kind": "leak_detected"}, "priority": 1}
NOT_BEFORE = {
    "name": "not before",
    "when": {"kind": "motion", "devices": ["a"]},
    "unless_before": {"kinds": ["unlocked", "motion"], "minutes": 5},
    "priority": 4,
}


class ConditionHome(OneHome):
    """One wait for each condition, and when each kind that keeps something away happened last."""

    PLANS = ({"conditions": [OUT, AT_ONCE, NOT_BEFORE]}, {"conditions": [OUT]}, {"conditions": [AT_ONCE]}, {})

    def __init__(self) -> None:
        super().__init__()
        self.waits: dict[str, Wait] = {}
        self.last: dict[str, datetime] = {}

    @rule(
        kind=st.sampled_from(("door_opened", "door_opened", "bed_entered", "unlocked", "leak_detected", "motion")),
        device=st.sampled_from("ab"),
        after=soon,
        ago=ago,
    )
    def happen(self, kind: str, device: str, after: timedelta, ago: timedelta) -> None:
        self.say(kind, after, ago, device)

    @rule(kind=st.sampled_from(("bed_entered", "unlocked")), ago=minutes(1, 9, 10, 11, 30, 31))
    def what_was_first_is_heard_last(self, kind: str, ago: timedelta) -> None:
        self.say(kind, timedelta(0), timedelta(0))
        self.say("door_opened", timedelta(0), ago)

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        told: list[tuple[str, ...]] = []
        for condition in self.plan.get("conditions", ()):
            name, wait = condition["name"], self.waits.get(condition["name"])
            if wait is not None and keeps_away(condition, it.kind, it.at, wait["since"]):
                if wait["due"] is None:
                    told.append(("withdraw" if it.at <= wait["until"] else "annotate", name))
                del self.waits[name]
            told += self.begins(condition, it)
        named = {kind for condition in self.plan.get("conditions", ()) for part in parts(condition) for kind in part}
        if it.kind in named:
            self.last[it.kind] = max(it.at, self.last.get(it.kind, it.at))
        return told

    def begins(self, condition: dict[str, Any], it: Happening) -> list[tuple[str, ...]]:
        name, when, after = condition["name"], condition["when"], condition.get("unless_after")
        hours = when.get("from", "00:00"), when.get("to", "00:00")
        if it.kind != when["kind"] or not is_in(clock(it.at), *hours):
            return []
        if when.get("devices") and it.device not in when["devices"]:
            return []
        until = it.at + timedelta(minutes=after["minutes"] if after else 0)
        wait = self.waits.get(name)
        if after and wait is not None and (wait["due"] is not None or it.at < wait["until"]):
            return []
        if any(keeps_away(condition, kind, at, it.at) and at <= until for kind, at in self.last.items()):
            return []
        due = max(until, it.now + timedelta(minutes=1)) if after else None
        self.waits[name] = {"since": it.at, "until": until, "due": due}
        return [] if after else [("raise", name)]

    def passed(self, now: datetime) -> list[tuple[str, ...]]:
        due = [(wait["due"], name) for name, wait in self.waits.items() if wait["due"] and wait["due"] <= now]
        for _, name in due:
            self.waits[name]["due"] = None
        return [("raise", name) for _, name in due]

    def words(self, decisions: list[AnyDecision]) -> list[tuple[str, ...]]:
        return [told for decision in decisions for told in self.told(decision)]

    def told(self, decision: AnyDecision) -> list[tuple[str, ...]]:
        """Only what comes of conditions: a leak is told anyway."""
        match decision:
            case Raise(detail={"condition": name}):
                return [("raise", name)]
            case Withdraw(detail={"what": name}):
                return [("withdraw", name)]
            case Annotate(detail={"what": name}):
                return [("annotate", name)]
        return []


def parts(condition: dict[str, Any]) -> list[list[str]]:
    return [condition[part]["kinds"] for part in ("unless_before", "unless_after") if part in condition]


def keeps_away(condition: dict[str, Any], kind: str, at: datetime, since: datetime) -> bool:
    """Whether this, at that time, keeps away what began at `since`."""
    before, after = condition.get("unless_before"), condition.get("unless_after")
    was_before = before and kind in before["kinds"] and since - timedelta(minutes=before["minutes"]) <= at <= since
    return bool(was_before or (after and kind in after["kinds"] and at >= since))


ConditionHome.TestCase.settings = settings(max_examples=120, stateful_step_count=25)
TestConditions = ConditionHome.TestCase
