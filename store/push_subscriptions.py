"""Browsers that take push messages: contact points that a page makes for whoever is signed in there."""

from store.contact_points import ContactPointRow, add_contact_point, change_contact_point
from store.pool import Connection

# A browser belongs to whoever is signed in there now. Who was before must not get their messages on it any longer.
TAKE_OVER = """
DELETE FROM contact_points
WHERE tenant = %s AND channel = 'push' AND address->>'endpoint' = %s AND id <> %s
"""


async def subscribe(connection: Connection, point: ContactPointRow) -> bool:
    """Adds the browser, or renews it; True when it is new. Others of the tenant lose it."""
    await connection.execute(TAKE_OVER, (point.tenant, point.address["endpoint"], point.id))
    if await add_contact_point(connection, point):
        return True
    await change_contact_point(connection, point)
    return False
