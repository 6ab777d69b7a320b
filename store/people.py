"""People with an account, their sessions, and the tokens of programs. Sessions and tokens are in real time."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from events.ids import StaffId, TenantId, UnitId
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


STAFF = "SELECT id, tenant, unit, username, name, role, created_at FROM staff"
ADD_STAFF = """
INSERT INTO staff (id, tenant, unit, username, name, role, password_hash, created_at)
VALUES (%(id)s, %(tenant)s, %(unit)s, %(username)s, %(name)s, %(role)s, %(password_hash)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""
CHANGE_STAFF = """
UPDATE staff SET unit = %(unit)s, name = %(name)s, role = %(role)s,
    password_hash = coalesce(%(password_hash)s, password_hash)
WHERE id = %(id)s
"""
USERNAME_TAKEN = "SELECT EXISTS (SELECT FROM staff WHERE lower(username) = lower(%s))"
PASSWORD_HASH = "SELECT id, password_hash FROM staff WHERE lower(username) = lower(%s)"  # noqa: S105

NEW_SESSION = "INSERT INTO sessions (token_hash, staff, created_at, expires_at) VALUES (%s, %s, %s, %s)"
SIGNED_IN = """
SELECT staff.id, tenant, unit, username, name, role, staff.created_at
FROM sessions JOIN staff ON staff.id = sessions.staff
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
class Staff:
    """Somebody with an account; without a unit they work for all units of the tenant."""

    id: StaffId
    tenant: TenantId
    unit: UnitId | None
    username: str
    name: str
    role: Role
    created_at: datetime


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
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Staff]:
    select = _staff(scope).where("tenant = %s", tenant).where("unit = %s", unit).after("id > %s", after)
    return await select.then("ORDER BY id").rows(connection, limit)


async def staff_member(connection: Connection, scope: Scope, id: StaffId, *, lock: bool = False) -> Staff | None:
    return await _staff(scope).where("id = %s", id).then("FOR NO KEY UPDATE" if lock else "").one(connection)


def _staff(scope: Scope) -> Select[Staff]:
    return Select(Staff, STAFF).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def add_staff(connection: Connection, new: Staff, password_hash: str) -> bool:
    """False when the id or the username (in any case of letters) is taken."""
    return (await connection.execute(ADD_STAFF, _values(new, password_hash))).rowcount == 1


async def change_staff(connection: Connection, changed: Staff, password_hash: str | None = None) -> None:
    """Signs the person out everywhere, so that nobody goes on with rights that are no longer theirs."""
    await connection.execute(CHANGE_STAFF, _values(changed, password_hash))
    await connection.execute(END_SESSIONS, (changed.id,))


def _values(person: Staff, password_hash: str | None) -> dict[str, object]:
    fields = {name: getattr(person, name) for name in Staff.__slots__}
    return {**fields, "password_hash": password_hash}


async def username_taken(connection: Connection, username: str) -> bool:
    row = await (await connection.execute(USERNAME_TAKEN, (username,))).fetchone()
    return row is not None and bool(row[0])


async def password_hash(connection: Connection, username: str) -> tuple[StaffId, str] | None:
    """Whose account it is, and the hash that its password must fit."""
    row: tuple[StaffId, str] | None = await (await connection.execute(PASSWORD_HASH, (username,))).fetchone()
    return row


async def new_session(connection: Connection, staff: StaffId, wall: datetime, length: timedelta) -> str:
    """The secret of a new session; what has expired is forgotten on the way."""
    secret = _secret()
    await connection.execute(FORGET_EXPIRED, (wall,))
    await connection.execute(NEW_SESSION, (_hash(secret), staff, wall, wall + length))
    return secret


async def signed_in(connection: Connection, secret: str, wall: datetime) -> Staff | None:
    select = Select(Staff, SIGNED_IN).where("token_hash = %s", _hash(secret)).where("expires_at > %s", wall)
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
