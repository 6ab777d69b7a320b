"""Browsers that take push messages: contact points that a page makes for whoever is signed in there."""

from events.ids import TenantId
from store.contact_points import ContactPointRow, add_contact_point, change_contact_point
from store.pool import Connection

# A browser belongs to whoever is signed in there now. Who was before must not get their messages on it any longer.
TAKE_OVER = """
DELETE FROM contact_points
WHERE tenant = %s AND channel = 'push' AND address->>'endpoint' = %s AND id <> %s
"""
OF_MESSAGE = """
SELECT p.tenant FROM contact_points p JOIN (
    SELECT receiver AS point FROM notifications WHERE id = %(id)s AND channel = 'push'
    UNION ALL SELECT contact_point FROM test_messages WHERE id = %(id)s
) message ON message.point = p.id
WHERE p.channel = 'push' AND p.owner = 'staff' AND p.owner_id = %(staff)s
"""


async def subscribe(connection: Connection, point: ContactPointRow) -> bool:
    """Adds the browser, or renews it; True when it is new. Others of the tenant lose it."""
    await connection.execute(TAKE_OVER, (point.tenant, point.address["endpoint"], point.id))
    if await add_contact_point(connection, point):
        return True
    await change_contact_point(connection, point)
    return False


async def tenant_of_message(connection: Connection, id: str, staff: str) -> TenantId | None:
    """Whose the message is, if it went to a browser of this person."""
    row = await (await connection.execute(OF_MESSAGE, {"id": id, "staff": staff})).fetchone()
    return row[0] if row is not None else None
