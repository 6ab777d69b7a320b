"""What TimescaleDB does for the log where a database has it: chunks by time, compressed when they are a week old.

Every question has the same answer on plain PostgreSQL.
"""

import psycopg

# Compression is in the community edition; the Apache one has hypertables alone.
EDITION = """
SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'
"""
IS_HYPERTABLE = "SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_name = 'events')"
# By `received_at`, which only rises: whatever devices say of their own time, what is new goes into the newest chunk.
MAKE_HYPERTABLE = """
SELECT create_hypertable('events', by_range('received_at', INTERVAL '7 days'), migrate_data => true)
"""
# People ask for one resident or one device, and a segment holds rows of one key only.
COMPRESS = """
ALTER TABLE events SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'key', timescaledb.compress_orderby = 'position'
);
SELECT add_compression_policy('events', compress_after => INTERVAL '7 days');
"""


def use_timescale(connection: psycopg.Connection) -> bool:
    """Makes the log a hypertable if the database has the extension; whether it has. The caller commits.

    What the log holds already is moved into chunks, and nobody can write to it meanwhile.
    """
    edition = connection.execute(EDITION).fetchone()
    if edition is None:
        return False
    done = connection.execute(IS_HYPERTABLE).fetchone()
    if done is None or not done[0]:
        connection.execute(MAKE_HYPERTABLE)
        if edition[0] == "timescale":
            connection.execute(COMPRESS)
    return True
