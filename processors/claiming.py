"""Claiming: which notifications are sent now, at a pace that receivers and providers bear."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from events.ids import TenantId
from rules.delivery import PROGRAMS, PROVIDER_PACE, RECEIVER_PACE, DeliverySettings, Pace, admit, merges
from store.delivery_settings import delivery_settings
from store.outbox import Claimed, Room, Ticket, claim, load, merge, release
from store.paces import paces, set_paces
from store.pool import Connection

Settings = Mapping[TenantId, DeliverySettings]


async def claim_some(connection: Connection, room: Room, now: datetime, lease: timedelta) -> list[Claimed]:
    """What is to be sent now, claimed in the caller's transaction, with all that is merged into it.

    What a provider cannot take yet is left where it was.
    """
    tickets = await claim(connection, room, sorted(PROGRAMS), now, lease)
    if not tickets:
        return []
    tickets.sort(key=lambda ticket: (ticket.priority, ticket.id))
    settings = await delivery_settings(connection, {ticket.tenant for ticket in tickets})
    admitted = await _admitted(connection, tickets, settings, now)
    kept = {ticket.id for ticket in admitted}
    await release(connection, [ticket.id for ticket in tickets if ticket.id not in kept])
    carriers = [ticket for ticket in admitted if merges(ticket.channel, ticket.priority) and ticket.attempts == 1]
    await _note_receivers(connection, carriers, settings, now)
    await merge(connection, carriers)
    return await load(connection, admitted)


async def _admitted(
    connection: Connection, tickets: Sequence[Ticket], settings: Settings, now: datetime
) -> list[Ticket]:
    """Those whose provider can take them now: what is life-critical in any case, and the others after it."""
    limits = {t.provider: settings[t.tenant].of(t.channel).provider or PROVIDER_PACE for t in tickets if t.provider}
    grave = Counter(ticket.provider for ticket in tickets if ticket.priority == 1)
    others = Counter(ticket.provider for ticket in tickets if ticket.priority > 1)
    free_at = await paces(connection, limits)
    given = {
        provider: admit(pace, free_at[provider], now, others[provider], forced=grave[provider])
        for provider, pace in limits.items()
    }
    await set_paces(connection, {provider: admission.free_at for provider, admission in given.items()})
    left = {provider: admission.admitted for provider, admission in given.items()}
    admitted = []
    for ticket in tickets:
        if ticket.priority > 1 and ticket.provider is not None:
            left[ticket.provider] -= 1
        if ticket.priority == 1 or ticket.provider is None or left[ticket.provider] >= 0:
            admitted.append(ticket)
    return admitted


async def _note_receivers(
    connection: Connection, carriers: Sequence[Ticket], settings: Settings, now: datetime
) -> None:
    """Who is told now has their quiet afterwards. Their lanes were free when these were claimed."""
    limits: dict[str, Pace] = {t.lane: settings[t.tenant].of(t.channel).receiver or RECEIVER_PACE for t in carriers}
    free_at = await paces(connection, limits)
    after = {lane: admit(pace, free_at[lane], now, 0, forced=1).free_at for lane, pace in limits.items()}
    await set_paces(connection, after)
