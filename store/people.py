"""People with an account, their sessions, and the tokens of programs. Sessions and tokens are in real time."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from events.ids import StaffId, TenantId, UnitId
from rules.duty import Skill
from store.pool import Connection
from store.select import Scope, Select


class Role(StrEnum):
    """What a person or program does here; what each may do stands in `api.permissions`."""

    STAFF = "staff"
    MANAGER = "manager"
    OPERATOR = "operator"
    FOLLOWUP = "followup"
    ADMIN = "admin"
    AUDITOR = "auditor"
    RELATIVE = "relative"


STAFF = """
SELECT id, tenant, unit, username, name, role, created_at, skills, closed_at, closed_by,
       ARRAY(SELECT alias FROM staff_aliases WHERE staff_aliases.staff = staff.id ORDER BY alias) AS aliases
FROM staff
"""
ADD_STAFF = """
INSERT INTO staff (id, tenant, unit, username, name, role, password_hash, created_at, skills)
VALUES (%(id)s, %(tenant)s, %(unit)s, %(username)s, %(name)s, %(role)s, %(password_hash)s, %(created_at)s, %(skills)s)
ON CONFLICT DO NOTHING
"""
CHANGE_STAFF = """
UPDATE staff SET unit = %(unit)s, name = %(name)s, role = %(role)s, skills = %(skills)s,
    password_hash = coalesce(%(password_hash)s, password_hash)
WHERE id = %(id)s
"""
FORGET_ALIASES = "DELETE FROM staff_aliases WHERE staff = %s"
ADD_ALIASES = """
INSERT INTO staff_aliases (tenant, alias, staff) SELECT %s, unnest(%s::text[]), %s ON CONFLICT DO NOTHING
"""
CLOSE = "UPDATE staff SET closed_at = %s, closed_by = %s WHERE id = %s"
REOPEN = "UPDATE staff SET closed_at = NULL, closed_by = NULL, password_hash = %s WHERE id = %s"
USERNAME_TAKEN = "SELECT EXISTS (SELECT FROM staff WHERE lower(username) = lower(%s))"
PASSWORD_HASH = """
SELECT id, password_hash FROM staff WHERE lower(username) = lower(%s) AND closed_at IS NULL
"""  # noqa: S105

NEW_SESSION = "INSERT INTO sessions (token_hash, staff, created_at, expires_at) VALUES (%s, %s, %s, %s)"
SIGNED_IN = """
SELECT staff.id, tenant, unit, username, name, role, staff.created_at
FROM sessions JOIN staff ON staff.id = sessions.staff AND staff.closed_at IS NULL
"""
END_SESSION = "DELETE FROM sessions WHERE token_hash = %s"
END_SESSIONS = "DELETE FROM sessions WHERE staff = %s"
FORGET_EXPIRED = "DELETE FROM sessions WHERE expires_at <= %s"

TOKENS = "SELECT id, role, tenant, unit, created_at FROM tokens"
ADD_TOKEN = """
INSERT INTO tokens (token_hash, id, role, tenant, unit, created_at)
VALUES (%(token_hash)s, %(id)s, %(role)s, %(tenant)s, %(unit)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""  # noqa: S105
DELETE_TOKEN = "DELETE FROM tokens WHERE id = %s"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in; without a unit they work for all units of the tenant."""

    id: StaffId
    tenant: TenantId
    unit: UnitId | None
    username: str
    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Staff(Account):
    """Somebody with an account, open or closed.

    `aliases`: by which other systems know them, in small letters, such as an e-mail address or an employee number.
    """

    skills: list[Skill] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    closed_at: datetime | None = None
    closed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A program's credential; without a tenant it is for all of them. The secret itself is not kept."""

    id: str
    role: Role
    tenant: TenantId | None
    unit: UnitId | None
    created_at: datetime


async def staff(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    skill: Skill | None = None,
    closed: bool = False,
    after: tuple[str] | None = None,
    limit: int | None = 100,
) -> list[Staff]:
    """`closed`: also those whose account is closed."""
    select = _staff(scope).where("tenant = %s", tenant).where("unit = %s", unit).where("%s = ANY(skills)", skill)
    if not closed:
        select.where("closed_at IS NULL")
    return await select.after("id > %s", after).then("ORDER BY id").rows(connection, limit)


async def staff_member(connection: Connection, scope: Scope, id: StaffId, *, lock: bool = False) -> Staff | None:
    return await _staff(scope).where("id = %s", id).then("FOR NO KEY UPDATE" if lock else "").one(connection)


async def staff_by_id(connection: Connection, scope: Scope, ids: Sequence[StaffId]) -> list[Staff]:
    """Those of `ids` that are there, also with a closed account."""
    return await _staff(scope).where("id = ANY(%s)", list(ids)).then("ORDER BY id").rows(connection)


def _staff(scope: Scope) -> Select[Staff]:
    return Select(Staff, STAFF).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def add_staff(connection: Connection, new: Staff, password_hash: str) -> bool:
    """False when the id or the username (in any case of letters) is taken. Raises AliasTaken."""
    added = (await connection.execute(ADD_STAFF, _values(new, password_hash))).rowcount == 1
    if added:
        await _set_aliases(connection, new)
    return added


async def change_staff(
    connection: Connection, changed: Staff, password_hash: str | None = None, *, sign_out: bool = True
) -> None:
    """Signs the person out everywhere, so that nobody goes on with rights that are no longer theirs.

    Raises AliasTaken, after which the transaction must be given up.
    """
    await connection.execute(CHANGE_STAFF, _values(changed, password_hash))
    await _set_aliases(connection, changed)
    if sign_out:
        await connection.execute(END_SESSIONS, (changed.id,))


async def close_staff(connection: Connection, id: StaffId, now: datetime, by: str) -> None:
    """From now on nobody is or gets signed in with this account."""
    await connection.execute(CLOSE, (now, by, id))
    await connection.execute(END_SESSIONS, (id,))


async def reopen_staff(connection: Connection, id: StaffId, password_hash: str) -> None:
    await connection.execute(REOPEN, (password_hash, id))


class AliasTaken(Exception):
    """Somebody else in the tenant has one of the aliases."""


async def _set_aliases(connection: Connection, person: Staff) -> None:
    await connection.execute(FORGET_ALIASES, (person.id,))
    added = (await connection.execute(ADD_ALIASES, (person.tenant, person.aliases, person.id))).rowcount
    if added != len(person.aliases):
        raise AliasTaken


def _values(person: Staff, password_hash: str | None) -> dict[str, object]:
    return {**asdict(person), "password_hash": password_hash}


async def username_taken(connection: Connection, username: str) -> bool:
    row = await (await connection.execute(USERNAME_TAKEN, (username,))).fetchone()
    return row is not None and bool(row[0])


async def password_hash(connection: Connection, username: str) -> tuple[StaffId, str] | None:
    """Whose open account it is, and the hash that its password must fit."""
    row: tuple[StaffId, str] | None = await (await connection.execute(PASSWORD_HASH, (username,))).fetchone()
    return row


async def new_session(connection: Connection, staff: StaffId, wall: datetime, length: timedelta) -> str:
    """The secret of a new session; what has expired is forgotten on the way."""
    secret = _secret()
    await connection.execute(FORGET_EXPIRED, (wall,))
    await connection.execute(NEW_SESSION, (_hash(secret), staff, wall, wall + length))
    return secret


async def signed_in(connection: Connection, secret: str, wall: datetime) -> Account | None:
    select = Select(Account, SIGNED_IN).where("token_hash = %s", _hash(secret)).where("expires_at > %s", wall)
    return await select.one(connection)


async def end_session(connection: Connection, secret: str) -> None:
    await connection.execute(END_SESSION, (_hash(secret),))


async def tokens(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Token]:
    select = _tokens(scope).where("tenant = %s", tenant).after("id > %s", after)
    return await select.then("ORDER BY id").rows(connection, limit)


async def token(connection: Connection, scope: Scope, id: str) -> Token | None:
    return await _tokens(scope).where("id = %s", id).one(connection)


def _tokens(scope: Scope) -> Select[Token]:
    return Select(Token, TOKENS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def token_by_secret(connection: Connection, secret: str) -> Token | None:
    return await Select(Token, TOKENS).where("token_hash = %s", _hash(secret)).one(connection)


async def create_token(
    connection: Connection, role: Role, tenant: TenantId | None, unit: UnitId | None, now: datetime
) -> str:
    """The secret of a new token, which nobody can look up later."""
    secret = await add_token(connection, Token(secrets.token_hex(16), role, tenant, unit, now))
    assert secret is not None
    return secret


async def add_token(connection: Connection, new: Token) -> str | None:
    """The secret of `new`, or None when the id is taken."""
    secret = _secret()
    values = {name: getattr(new, name) for name in Token.__slots__} | {"token_hash": _hash(secret)}
    added = (await connection.execute(ADD_TOKEN, values)).rowcount == 1
    return secret if added else None


async def delete_token(connection: Connection, id: str) -> None:
    await connection.execute(DELETE_TOKEN, (id,))


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _hash(secret: str) -> bytes:
    """A plain hash is enough: unlike a password, a secret of 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()
