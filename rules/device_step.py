"""The door to what is watched of a device itself, as `rules.step` is to what is watched of a resident."""

import traceback
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from events.devices import LifeCycle
from events.ids import derived_id, device_key
from events.kinds import BY_TECHNOLOGY, Technology
from events.log import Entry
from rules import health
from rules.decisions import AnyDecision, Failed, Proven, Reason
from rules.device_facts import changed, lent, relayed
from rules.device_state import DeviceState, Known, Silence

Result = tuple[DeviceState, list[AnyDecision]]
NOTHING: list[AnyDecision] = []


def on_news(state: DeviceState, entry: Entry, is_hub: bool) -> Result:
    """After a message of the device that told something, or that came when something was not as usual."""
    return _looked_at(state, entry, is_hub, own=True)


def on_relay(hub: DeviceState, entry: Entry) -> Result:
    """After a message that came through this hub: so it is alive, and installed well."""
    after = relayed(hub, entry)
    return (after, NOTHING) if after.known.calm else _looked_at(after, entry, is_hub=True, own=False)


def on_change(state: DeviceState, entry: Entry, is_hub: bool, hub_turn: int) -> Result:
    """After people decided something about the device."""
    after = lent(state, entry) if entry.kind == "assignment_changed" else changed(state, entry, hub_turn)
    turn = after.known.turn + ((state.known.silence is None) is not (after.known.silence is None))
    after = replace(after, known=replace(after.known, turn=turn))
    return _judged(after, entry.received_at, entry.position, is_hub, ends=Reason.DEVICE_CHANGED)


def on_time(state: DeviceState, due: datetime, is_hub: bool, hub_is_away: Callable[[datetime], bool]) -> Result:
    """After the state's own deadline `due`. `hub_is_away`: whether at that time nothing could come through its hub."""
    known = state.known
    down = health.down_at(state, is_hub) if known.silence is None else None
    if down is not None and down <= due:
        limit = health.silent_at(state, is_hub)
        offline = known.offline_at if limit is None or limit > due else None
        since = offline or health.quiet_since(state) or due
        silence = Silence(since, due, waits=hub_is_away(due), offline=offline is not None)
        state = replace(state, known=replace(known, silence=silence, turn=known.turn + 1))
    return _judged(state, due, due.isoformat(), is_hub)


def on_hub_down(state: DeviceState, hub: DeviceState, at: datetime, cause: object, is_hub: bool) -> Result:
    """Its hub is silent. If that is why the device is silent as well, it need no longer be told of by itself."""
    known, gone = state.known, hub.known.silence
    if hub.known.turn <= known.hub_turn:
        return state, NOTHING
    silence = known.silence
    if silence is not None and gone is not None and silence.at > gone.since:
        silence = replace(silence, waits=True)
    state = replace(state, known=replace(known, hub_turn=hub.known.turn, silence=silence))
    return _judged(state, at, cause, is_hub, ends=Reason.HUB_DOWN)


def on_hub_back(
    state: DeviceState, hub: DeviceState, gone: Silence, at: datetime, cause: object, is_hub: bool
) -> Result:
    """Its hub is back after it was `gone`: from now on the device has its own limit again, if it could not be heard."""
    known = state.known
    if hub.known.turn <= known.hub_turn:
        return state, NOTHING
    known = replace(known, hub_turn=hub.known.turn)
    if known.silence is not None and known.silence.waits:
        known = replace(known, silence=None, turn=known.turn + 1)
    return _judged(excused(replace(state, known=known), gone.since, at, is_hub), at, cause, is_hub)


def excused(state: DeviceState, deaf_since: datetime, at: datetime, is_hub: bool) -> DeviceState:
    """Nobody could hear the device from `deaf_since` to `at`: if that matters, its silence counts from `at`."""
    known = state.known
    down = health.down_at(state, is_hub) if known.silence is None else None
    if down is None or down > at + (at - deaf_since) or (known.since is not None and known.since >= at):
        return state
    return replace(state, known=replace(known, since=at))


def is_overdue(hub: DeviceState, at: datetime) -> bool:
    """Whether a hub that is not yet told to be silent is so by then."""
    down = health.down_at(hub, is_hub=True)
    return down is not None and down <= at


def _looked_at(state: DeviceState, entry: Entry, is_hub: bool, *, own: bool) -> Result:
    """What follows when something is not as usual, or when something new was learned."""
    known = state.known
    if entry.kind != "offline" or not own:
        aspects = {**known.aspects, "online": True} if known.offline_at is not None else known.aspects
        turn = known.turn + (known.silence is not None)
        known = replace(known, silence=None, offline_at=None, aspects=aspects, turn=turn)
    proof = _proof(state, entry, own)
    if proof:
        known = replace(known, life_cycle=LifeCycle.IN_USE, testing_until=None)
    state, decisions = _judged(replace(state, known=known), entry.received_at, entry.position, is_hub)
    return state, [*proof, *decisions]


def _proof(state: DeviceState, entry: Entry, own: bool) -> list[AnyDecision]:
    """An installed device is proven by the first word that shows that it does what it is for, or by a trial."""
    known, kind = state.known, entry.kind
    is_installed = known.life_cycle is LifeCycle.INSTALLED
    is_tried = known.testing_until is not None and entry.received_at < known.testing_until
    if not (is_installed and (not own or _is_matching(known, kind))) and not (is_tried and kind == "test_alarm"):
        return NOTHING
    id = derived_id("proven", state.key, entry.position)
    key = device_key(state.device)
    return [Proven(id=id, key=key, at=entry.received_at, reason=Reason.PROVEN, device=state.device, how=kind)]


def _is_matching(known: Known, kind: str) -> bool:
    """What has no kinds of its own, such as a hub, is proven by being heard."""
    if known.technology is Technology.OTHER:
        return kind != "offline"
    return kind == "test_alarm" or kind in BY_TECHNOLOGY[known.technology]


def _judged(state: DeviceState, at: datetime, cause: object, is_hub: bool, ends: Reason | None = None) -> Result:
    try:
        return health.judged(state, at, cause, is_hub=is_hub, ends=ends)
    except Exception:
        # Its deadline would come again and again: it waits for the device's next message.
        after = replace(state, deadline=None, known=replace(state.known, calm=False))
        return after, [_failed(state, at, cause)]


def _failed(state: DeviceState, at: datetime, cause: object) -> Failed:
    return Failed(
        id=derived_id("failed", health.NAME, state.key, cause),
        key=device_key(state.device),
        at=at,
        reason=Reason.RULE_FAILED,
        detector=health.NAME,
        traceback=traceback.format_exc(limit=20),
        position=cause if isinstance(cause, int) else None,
    )
