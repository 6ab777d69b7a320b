"""Why there is an alarm: what was known, when time was up, by which rule and plan, and whom it reached."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Header, Query
from pydantic import BaseModel

from api.callers import Caller
from api.explaining import Language, Words, language_of
from api.fields import AlarmRef
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, resource
from events.ids import AlarmId, Key
from rules.clock import TimeSource
from rules.decisions import Annotate, AnyDecision, Raise, Reason, Withdraw
from store import alarms_query, registry
from store.explanation import Reached, decisions_of, reached, said_at
from store.pool import Connection
from store.select import Scope

router = resource("alarms")

Reader = Annotated[Caller, may(Permission.ALARMS_READ)]


class Input(BaseModel):
    """Something that the rule knew: the kind of the event, when it happened, and whose word it is.

    `device_time`: when by the device's own clock, if that was not believed; `time` says what was done about it.
    """

    kind: str
    at: datetime
    device: str | None = None
    time: TimeSource = TimeSource.DEVICE
    device_time: datetime | None = None


class Episode(BaseModel):
    """One time that the rules raised it. `deadline`: when time was up; null when it was the event itself."""

    id: str
    at: datetime
    reason: Reason
    sentence: str
    rule: str | None
    rule_version: int | None
    plan_version: int | None
    inputs: list[Input]
    deadline: datetime | None
    prevented_by: str


class Verdict(BaseModel):
    """What later data said: `withdrawn` or `annotated`. `episode` is the one that it took back."""

    at: datetime
    what: str
    reason: Reason
    sentence: str
    episode: str | None
    detail: dict[str, Any]


class Explanation(BaseModel):
    """`sentence` is the first thing to read."""

    alarm: AlarmId
    language: Language
    sentence: str
    episodes: list[Episode]
    verdicts: list[Verdict]
    reached: list[Reached]
    accepted_at: datetime | None
    accepted_by: str | None
    at_person_at: datetime | None


@router.get("/{id}/explanation", summary="Why there is an alarm")
async def explain(
    id: AlarmRef,
    caller: Reader,
    vaka: Vaka,
    lang: Annotated[Language | None, Query(description="by Accept-Language unless given")] = None,
    accept_language: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Explanation:
    """In Swedish or English."""
    language = lang or language_of(accept_language)
    async with vaka.read() as connection:
        alarm = await alarms_query.alarm(connection, caller.scope, id)
        if alarm is None:
            raise not_found("alarm", id)
        tenant = await registry.tenant(connection, Scope(), alarm.tenant)
        decisions = await decisions_of(connection, id)
        told = await reached(connection, id)
        words = Words(language, tenant.timezone if tenant is not None else "UTC")
        episodes = [
            await _with_times(connection, raised.key, _episode(words, raised))
            for raised in decisions
            if isinstance(raised, Raise)
        ]
    return Explanation(
        alarm=id,
        language=language,
        sentence=f"{episodes[0].sentence}. {episodes[0].prevented_by}" if episodes else alarm.reason,
        episodes=episodes,
        verdicts=[_verdict(words, d) for d in decisions if isinstance(d, Withdraw | Annotate)],
        reached=told,
        accepted_at=alarm.accepted_at,
        accepted_by=alarm.accepted_by_name or alarm.accepted_by,
        at_person_at=alarm.at_person_at,
    )


def _episode(words: Words, raised: Raise) -> Episode:
    detail = raised.detail
    deadline = detail.get("deadline") or (raised.occurred_at if "since" in detail else None)
    due = datetime.fromisoformat(deadline) if isinstance(deadline, str) else deadline
    return Episode(
        id=raised.id,
        at=raised.at,
        reason=raised.reason,
        sentence=words.sentence(raised),
        rule=detail.get("rule"),
        rule_version=detail.get("rule_version"),
        plan_version=detail.get("plan_version"),
        inputs=_inputs(raised, due),
        deadline=due,
        prevented_by=words.prevented(raised, due),
    )


async def _with_times(connection: Connection, key: Key, episode: Episode) -> Episode:
    """With where the times of the inputs come from, as the log has it."""
    said = await said_at(connection, key, [given.at for given in episode.inputs])
    for given in episode.inputs:
        for one in said:
            if one.at == given.at and given.device in (None, one.device) and one.time is not TimeSource.DEVICE:
                given.time, given.device_time = one.time, one.device_time
    return episode


def _inputs(raised: Raise, deadline: datetime | None) -> list[Input]:
    """What the rule names; else the last sign of life, or the event that raised it. An absence alone has none."""
    detail = raised.detail
    if "inputs" in detail:
        return [Input.model_validate(given) for given in detail["inputs"]]
    if "since" in detail:
        return [Input(kind="activity", at=datetime.fromisoformat(detail["since"]))]
    if deadline is not None and raised.device is None:
        return []
    return [Input(kind=raised.reason, at=raised.occurred_at, device=raised.device)]


def _verdict(words: Words, decision: AnyDecision) -> Verdict:
    return Verdict(
        at=decision.at,
        what="withdrawn" if isinstance(decision, Withdraw) else "annotated",
        reason=decision.reason,
        sentence=words.sentence(decision),
        episode=decision.episode if isinstance(decision, Withdraw) else None,
        detail=decision.detail,
    )
