"""Who asks: a person with a session, or a program with a token."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import Request

from api.problems import ProblemError
from events.ids import TenantId, UnitId
from store import people
from store.people import Role
from store.pool import Connection
from store.select import Scope

COOKIE = "vaka_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`id` is a staff id, or `token:ID` for a program, which has no `username`; `secret` proved who it is."""

    id: str
    name: str
    role: Role
    tenant: TenantId | None
    unit: UnitId | None
    secret: str
    username: str | None = None

    @property
    def scope(self) -> Scope:
        return Scope(self.tenant, self.unit)


async def find_caller(connection: Connection, request: Request, wall: datetime) -> Caller | None:
    """The caller by bearer token or, without one, by session cookie; None when neither holds."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        return await _program(connection, secret.strip()) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE)
    return await person(connection, cookie, wall) if cookie else None


async def _program(connection: Connection, secret: str) -> Caller | None:
    token = await people.token_by_secret(connection, secret)
    if token is None:
        return None
    name = f"token:{token.id}"
    return Caller(name, name, token.role, token.tenant, token.unit, secret)


async def person(connection: Connection, secret: str, wall: datetime) -> Caller | None:
    staff = await people.signed_in(connection, secret, wall)
    if staff is None:
        return None
    return Caller(staff.id, staff.name, staff.role, staff.tenant, staff.unit, secret, staff.username)


async def still_holds(connection: Connection, caller: Caller, wall: datetime) -> bool:
    """Whether what the caller showed at the beginning of a long answer is valid now, for the same things."""
    if caller.username is None:
        return await _program(connection, caller.secret) == caller
    return await person(connection, caller.secret, wall) == caller


def check_same_site(request: Request, *, cookie: bool) -> None:
    """A page of another site must not act with this person's cookie: 403 for a change that does not come from here.

    A browser always says where a change comes from. With a cookie, silence is suspicious; without, it is a program.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        same = site == "same-origin"
    elif origin is not None:
        same = urlsplit(origin).netloc == request.headers.get("host", "")
    else:
        same = not cookie
    if request.method not in SAFE_METHODS and not same:
        raise ProblemError(403, "changes with a session cookie must come from Vaka's own pages (Origin)")
