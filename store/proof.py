"""Proof of installation: a trial that an installer opens, and the moment when something came all the way through."""

from dataclasses import dataclass
from datetime import datetime

from events.devices import LifeCycle
from events.ids import DeviceId
from store.device_life import move, record
from store.directory import device_changed
from store.inbox import put
from store.pool import Connection
from store.select import Select

OPEN_TRIAL = """
INSERT INTO device_trials (device, opened_at, opened_by, until)
VALUES (%(device)s, %(now)s, %(by)s, %(until)s)
"""
# A trial that was opened before and still runs ends with this one.
END_TRIALS = "UPDATE device_trials SET until = %(now)s WHERE device = %(device)s AND until > %(now)s"
SET_TESTING = "UPDATE devices SET testing_until = %(until)s WHERE id = %(device)s"
TRIALS = """
SELECT t.id::text, t.id AS number, t.device, t.opened_at, t.opened_by, s.name AS opened_by_name, t.until, t.proven_at,
       t.how
FROM device_trials t LEFT JOIN staff s ON s.id = t.opened_by
"""
LOCK_STATE = "SELECT life_cycle FROM devices WHERE id = %s FOR NO KEY UPDATE"
PROVE_TRIAL = """
UPDATE device_trials SET proven_at = %(now)s, how = %(how)s
WHERE device = %(device)s AND proven_at IS NULL AND opened_at <= %(now)s AND until > %(now)s
"""

VAKA = "vaka"
"""The actor of what Vaka itself does, in the history."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial. While it runs, the device's calls for help are tests. `how`: the kind of event that proved it."""

    id: str
    number: int
    device: DeviceId
    opened_at: datetime
    opened_by: str
    opened_by_name: str | None
    until: datetime
    proven_at: datetime | None
    how: str | None


async def open_trial(
    connection: Connection, device: DeviceId, state: LifeCycle, by: str, now: datetime, until: datetime
) -> None:
    """The caller has locked the device in `state`, and lets the log know of the trial."""
    await connection.execute(END_TRIALS, {"device": device, "now": now})
    await connection.execute(OPEN_TRIAL, {"device": device, "now": now, "by": by, "until": until})
    await connection.execute(SET_TESTING, {"device": device, "until": until})
    await record(connection, device, state, state, by, now, f"trial until {until.isoformat(timespec='seconds')}")


async def end_trial(connection: Connection, device: DeviceId, state: LifeCycle, by: str, now: datetime) -> None:
    """As `open_trial`: from now on a press is a press."""
    await connection.execute(END_TRIALS, {"device": device, "now": now})
    await connection.execute(SET_TESTING, {"device": device, "until": None})
    await record(connection, device, state, state, by, now, "trial ended")


async def trials_of(
    connection: Connection, device: DeviceId, *, after: tuple[int] | None = None, limit: int = 100
) -> list[Trial]:
    """The newest first. Whether the device may be seen is the caller's to check."""
    select = Select(Trial, TRIALS).where("t.device = %s", device).after("t.id < %s", after)
    return await select.then("ORDER BY t.id DESC").rows(connection, limit)


async def prove(connection: Connection, device: DeviceId, now: datetime, how: str) -> None:
    """Something that the device said is committed with this transaction: an installed device is in use from now on.

    `how` is the kind of the event. Also the trial that runs, if one does, has succeeded. A second time changes nothing.
    """
    row = await (await connection.execute(LOCK_STATE, (device,))).fetchone()
    if row is None:
        return
    state = LifeCycle(row[0])
    tested = (await connection.execute(PROVE_TRIAL, {"device": device, "now": now, "how": how})).rowcount
    if state is LifeCycle.INSTALLED:
        await move(connection, device, state, LifeCycle.IN_USE, VAKA, now, how)
        await put(connection, await device_changed(connection, device), now)
    elif tested:
        await record(connection, device, state, state, VAKA, now, f"trial succeeded: {how}")
