"""What waits for a receipt: every new notification gets its time limit, and when that is over, its stand-in."""

from collections.abc import Sequence
from datetime import datetime

from rules.contact import Channel, ContactPoint
from rules.delivery import (
    DeliverySettings,
    Fallback,
    FallbackReason,
    fall_back,
    patience,
    provider_lane,
    receiver_lane,
)
from store.contact_points import contact_points
from store.delivery_settings import delivery_settings
from store.fallback import Silent, save_fallbacks, silent
from store.new_notifications import New, Prepared, new_notifications, prepare
from store.pool import Connection


async def prepare_new(connection: Connection, limit: int) -> int:
    """Gives new notifications what the notifier goes by, in the caller's transaction; how many they were."""
    new = await new_notifications(connection, limit)
    settings = await delivery_settings(connection, {row.tenant for row in new})
    await prepare(connection, [_prepared(row, settings[row.tenant]) for row in new])
    return len(new)


def _prepared(new: New, settings: DeliverySettings) -> Prepared:
    """The limit counts from the telling, not from the sending: who cannot be sent to does not hear either."""
    channel = Channel(new.channel)
    limit = patience(channel, new.priority, settings) if new.owner is not None else None
    lane, provider = receiver_lane(channel, new.receiver), provider_lane(channel, new.tenant)
    return Prepared(new, lane, provider, new.created_at + limit if limit is not None else None)


async def fall_back_due(connection: Connection, now: datetime, limit: int) -> tuple[int, list[str]]:
    """Decides about everything that has waited long enough, in the caller's transaction.

    How many that were, and the channel of each in whose place another contact point is told.
    """
    waiting = await silent(connection, now, limit)
    points = await contact_points(connection, {row.tenant for row in waiting})
    decided = [(row, _decide(row, points[row.tenant])) for row in waiting]
    await save_fallbacks(connection, decided, now)
    return len(waiting), [row.channel for row, to in decided if to.reason is FallbackReason.NEXT_POINT]


def _decide(silent: Silent, points: Sequence[ContactPoint]) -> Fallback:
    own = [point for point in points if (point.owner, point.owner_id) == (silent.owner, silent.owner_id)]
    return fall_back(silent.silence, own)
