"""Notifications: who was told of an alarm, and whether they saw it."""

from typing import Annotated

from api.callers import Caller
from api.fields import AlarmRef, AnyId, TenantRef, UnitRef
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, not_found
from api.routing import Vaka, resource
from rules.contact import Channel, Owner
from store import notifications_query as query
from store.notifications_query import Notification, NotificationState
from store.outcomes import mark_seen

router = resource("notifications")

Reader = Annotated[Caller, may(Permission.NOTIFICATIONS_READ)]
Receiver = Annotated[Caller, may(Permission.NOTIFICATIONS_SEE)]


@router.get("", summary="List notifications")
async def list_notifications(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    alarm: AlarmRef | None = None,
    receiver: AnyId | None = None,
    owner: AnyId | None = None,
    channel: Channel | None = None,
    state: NotificationState | None = None,
) -> Page[Notification]:
    """The newest first. `owner`: to the contact points of a person, a unit or an alarm centre."""
    async with vaka.read() as connection:
        found = await query.notifications(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            alarm=alarm,
            receiver=receiver,
            owner_id=owner,
            channel=channel,
            state=state,
            after=pages.after(BY_TIME),
            limit=pages.fetch,
        )
    return pages.page(found, lambda notification: (notification.created_at, notification.id))


@router.get("/{id}", summary="A notification")
async def get_notification(id: AnyId, caller: Reader, vaka: Vaka) -> Notification:
    async with vaka.read() as connection:
        found = await query.notification(connection, caller.scope, id)
    if found is None:
        raise not_found("notification", id)
    return found


@router.post("/{id}/seen", summary="I have seen it")
async def see_notification(id: AnyId, caller: Receiver, vaka: Vaka) -> Notification:
    """By the person who was told: their page has shown it, or they have opened the link of a message. Twice is once."""
    async with vaka.change() as change:
        before = await query.notification(change.connection, caller.scope, id)
        if before is None:
            raise not_found("notification", id)
        if not _is_theirs(before, caller):
            raise ProblemError(403, "only its receiver can see a notification")
        seen = await mark_seen(change.connection, id, caller.id, change.now)
        after = await query.notification(change.connection, caller.scope, id)
        if after is None or (not seen and after.state != "seen"):
            raise conflict(f"the notification is {before.state}, so it cannot have been seen")
    return after


def _is_theirs(notification: Notification, caller: Caller) -> bool:
    """What went to a unit's contact point is for everybody who works there, and so sees it."""
    if notification.channel is Channel.CONSOLE:
        return notification.receiver == caller.id
    return notification.owner is Owner.UNIT or notification.owner_id == caller.id
