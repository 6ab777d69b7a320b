"""From snapshot and log to the states as they were: what the loop begins with."""

from datetime import UTC, datetime

from msgspec import Struct

from events.ids import Key
from processors.directory import Directory
from rules.partition import Partition
from store import directory as directory_table
from store import log as log_table
from store import snapshots
from store.pool import Connection

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Recovered(Struct):
    """`position` and `last_received` are those of the log's last entry. `changed`: whom the snapshot is behind with."""

    partition: Partition
    directory: Directory
    position: int
    last_received: datetime
    replayed: int
    changed: set[Key]


async def recover(connection: Connection) -> Recovered:
    """Reads the last snapshot and replays what the log has after it. What that decides was carried out before."""
    async with connection.transaction():
        mark, states = await snapshots.load(connection)
        partition = Partition(states, mark.fired_to)
        replayed = 0
        async for entry in log_table.read_log(connection, mark.position):
            partition.apply(entry)
            replayed += 1
        changed = partition.commit()
        directory = Directory()
        for change in await directory_table.everything(connection):
            directory.change(change)
        position, last_received = await log_table.last_entry(connection)
    return Recovered(partition, directory, position, last_received or LONG_AGO, replayed, changed)
