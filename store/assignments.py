"""Who has had which device from when to when."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from psycopg.errors import ExclusionViolation

from events.control import AssignmentChanged
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

ASSIGNMENTS = """
SELECT a.id, a.tenant, a.device, a.resident, a."from" AS start, a."to" AS "end", a.created_at, d.technology,
       a.shared_with
FROM assignments a JOIN devices d ON d.id = a.device JOIN residents r ON r.id = a.resident
"""
ADD = """
INSERT INTO assignments (id, tenant, device, resident, "from", "to", created_at, shared_with)
VALUES (%(id)s, %(tenant)s, %(device)s, %(resident)s, %(start)s, %(end)s, %(created_at)s, %(shared_with)s)
ON CONFLICT (id) DO NOTHING
"""
CHANGE = """
UPDATE assignments
SET resident = %(resident)s, "from" = %(start)s, "to" = %(end)s, shared_with = %(shared_with)s
WHERE id = %(id)s
"""
DELETE = "DELETE FROM assignments WHERE id = %s"


Span = tuple[datetime, datetime | None]
FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Overlap(Exception):
    """The device is with somebody else at that time."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A device is with a resident from `start` until before `end` (None: until further notice).

    `shared_with`: the other person of a couple that has one device.
    """

    id: str
    tenant: TenantId
    device: DeviceId
    resident: ResidentId
    start: datetime
    end: datetime | None
    created_at: datetime
    technology: Technology
    shared_with: ResidentId | None = None

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def told(self) -> AssignmentChanged:
        """How it comes over the log."""
        return AssignmentChanged(
            assignment=self.id,
            device=self.device,
            resident=self.resident,
            technology=self.technology,
            start=self.start,
            end=self.end,
            shared_with=self.shared_with,
        )


def changed_spans(old: Assignment | None, new: Assignment | None) -> list[Span]:
    """For which times the two (None: there is none) do not say the same of who has the device."""
    if old is None or new is None or old.resident != new.resident:
        return [(one.start, one.end) for one in (old, new) if one is not None]
    spans: list[Span] = []
    if old.start != new.start:
        spans.append((min(old.start, new.start), max(old.start, new.start)))
    if old.end != new.end:
        first, last = sorted((old.end, new.end), key=lambda end: end or FOR_EVER)
        assert first is not None
        spans.append((first, last))
    return spans


async def assignments(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    device: DeviceId | None = None,
    resident: ResidentId | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Assignment]:
    """Those that overlap the time from `start` until before `end`. `resident` is either of a couple."""
    select = (
        _assignments(scope)
        .where("a.tenant = %s", tenant)
        .where("r.unit = %s", unit)
        .where("a.device = %s", device)
        .where("(a.resident = %s OR a.shared_with = %s)", resident, resident)
        .where('(a."to" IS NULL OR a."to" > %s)', start)
        .where('a."from" < %s', end)
        .after("a.id > %s", after)
    )
    return await select.then("ORDER BY a.id").rows(connection, limit)


async def assignment(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> Assignment | None:
    select = _assignments(scope).where("a.id = %s", id)
    return await select.then("FOR NO KEY UPDATE OF a" if lock else "").one(connection)


def _assignments(scope: Scope) -> Select[Assignment]:
    return Select(Assignment, ASSIGNMENTS).where("a.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)


async def add_assignment(connection: Connection, new: Assignment) -> bool:
    """False when the id is taken. Raises Overlap, after which the transaction is over."""
    try:
        return (await connection.execute(ADD, asdict(new))).rowcount == 1
    except ExclusionViolation as error:
        raise Overlap from error


async def change_assignment(connection: Connection, changed: Assignment) -> None:
    """Stores who has the device, and when. Raises Overlap, after which the transaction is over."""
    try:
        await connection.execute(CHANGE, asdict(changed))
    except ExclusionViolation as error:
        raise Overlap from error


async def delete_assignment(connection: Connection, id: str) -> None:
    await connection.execute(DELETE, (id,))
