"""Once a day: what the log since the last check gives when it is replayed, against what the live run decided."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from events.control import ReplayDiffered
from rules.decisions import AnyDecision, Failed, decode_decision, encode_decision
from rules.partition import Partition
from store import replay_check
from store.inbox import put
from store.log import last_entry, read_log
from store.pool import Connection
from store.replay_check import Checked

EVERY = timedelta(hours=24)
TOLD = 10
"""Differences that the alarm tells in words."""


async def is_due(connection: Connection, now: datetime) -> bool:
    last = await replay_check.last_check(connection)
    return last is None or now - last.checked_at >= EVERY


async def check(connection: Connection, now: datetime) -> Checked | None:
    """Checks, tells differences, and begins anew; the note of it. None: nothing is saved yet, or somebody else checks.

    The first check, and the first one after the rules have changed, has nothing to compare with. All is read as of
    one moment, in a transaction that the caller has not begun yet.
    """
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if not await replay_check.alone(connection):
            return None
        last = await replay_check.last_check(connection)
        if last is None or not last.is_of_these_rules:
            await replay_check.begin_anew(connection, now)
            return await replay_check.last_check(connection)
        _, until = await last_entry(connection)
        live = await replay_check.decided(connection, last.since, until or last.since)
        differences = compare(live, await _replayed(connection, last, until or last.since))
        await _tell(connection, differences, now)
        await replay_check.begin_anew(connection, now, len(live), len(differences))
        return await replay_check.last_check(connection)


async def _replayed(connection: Connection, last: Checked, until: datetime) -> list[AnyDecision]:
    partition = Partition(await replay_check.states(connection), last.fired_to)
    decisions: list[AnyDecision] = []
    async for entry in read_log(connection, last.position):
        decisions += partition.apply(entry)
        partition.commit()
    decisions += partition.fire(until)
    return [decision for decision in decisions if last.since < decision.at <= until]


Difference = tuple[AnyDecision | None, AnyDecision | None]
"""What the live run decided, and what the replay did."""


def compare(live: Sequence[AnyDecision], replayed: Sequence[AnyDecision]) -> list[Difference]:
    """In order of time; a decision that was made twice is one."""
    was = {decision.id: decision for decision in reversed(live)}
    would = {decision.id: decision for decision in reversed(replayed)}
    ids = sorted({*was, *would}, key=lambda id: ((was.get(id) or would[id]).at, id))
    pairs = [(was.get(id), would.get(id)) for id in ids]
    return [(one, other) for one, other in pairs if one is None or other is None or _stored(one) != _stored(other)]


def _stored(decision: AnyDecision) -> AnyDecision:
    """As it is read back. Where in the code a rule failed is no part of what was decided."""
    return decode_decision(
        encode_decision(replace(decision, traceback="") if isinstance(decision, Failed) else decision)
    )


async def _tell(connection: Connection, differences: Sequence[Difference], now: datetime) -> None:
    if not differences:
        return
    live, replayed = differences[0]
    decision = live or replayed
    assert decision is not None
    first = [_words(*difference) for difference in differences[:TOLD]]
    await put(connection, ReplayDiffered(key=decision.key, differences=len(differences), first=first), now)


def _words(live: AnyDecision | None, replayed: AnyDecision | None) -> str:
    decision = live or replayed
    assert decision is not None
    how = "not replayed" if replayed is None else "only replayed" if live is None else "replayed otherwise"
    return f"{decision.at.isoformat()} {decision.key} {type(decision).__name__.lower()} {decision.reason}: {how}"
