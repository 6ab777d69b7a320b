"""The session of a person: sign in, who am I, sign out."""

import ipaddress
from math import ceil
from typing import Annotated, Any, Literal, TypedDict

from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.callers import COOKIE, Caller, check_same_site, person
from api.fields import Body
from api.permissions import Permission, may
from api.problems import ProblemError
from api.routing import PREFIX, Vaka, resource
from events.ids import TenantId, UnitId
from store import people
from store.people import Role

router = resource("session")

Anybody = Annotated[Caller, may(Permission.OWN_SESSION)]


REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"description": "Username and password do not fit"},
    403: {"description": "Asked for by a page of another site"},
    429: {"description": "Too many failed sign-ins; `Retry-After` says how long to wait"},
}


class SignIn(Body):
    """What a person signs in with."""

    username: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=200)]


class WhoAmI(BaseModel):
    """The caller: a person, or a program (`token:ID`, without a username)."""

    id: str
    username: str | None
    name: str
    role: Role
    tenant: TenantId | None
    unit: UnitId | None


@router.post("", status_code=201, summary="Sign in", responses=REFUSED)
async def sign_in(body: SignIn, vaka: Vaka, request: Request, response: Response) -> WhoAmI:
    """Sets the session cookie. 401 when username and password do not fit, 429 after too many such tries."""
    check_same_site(request, cookie=False)
    address = request.client.host if request.client else ""
    if (wait := vaka.failed_sign_ins.attempt(body.username, address)) is not None:
        raise ProblemError(429, "too many failed sign-ins", headers={"Retry-After": str(ceil(wait.total_seconds()))})
    async with vaka.read() as connection:
        account = await people.password_hash(connection, body.username)
    fits = await vaka.passwords.fits(body.password, account[1] if account else None)
    if account is None or not fits:
        vaka.metrics.refused_sign_ins.inc()
        raise _refused()
    vaka.failed_sign_ins.succeeded(body.username, address)
    async with vaka.change() as change:
        secret = await people.new_session(change.connection, account[0], vaka.wall(), vaka.session_length)
        caller = await person(change.connection, secret, vaka.wall())
    if caller is None:
        # The account was closed since its password was read.
        raise _refused()
    response.set_cookie(COOKIE, secret, **_cookie(request), max_age=int(vaka.session_length.total_seconds()))
    response.headers["Location"] = f"{PREFIX}/session"
    return _who(caller)


@router.get("", summary="Who am I")
async def who_am_i(caller: Anybody) -> WhoAmI:
    return _who(caller)


@router.delete("", status_code=204, summary="Sign out")
async def sign_out(caller: Anybody, vaka: Vaka, request: Request, response: Response) -> None:
    """Ends this session; nothing happens to a program's token."""
    if caller.username is not None:
        async with vaka.change() as change:
            await people.end_session(change.connection, caller.secret)
        response.delete_cookie(COOKIE, **_cookie(request))


def _refused() -> ProblemError:
    return ProblemError(401, "username and password do not fit", headers={"WWW-Authenticate": "Bearer"})


def _who(caller: Caller) -> WhoAmI:
    return WhoAmI.model_validate(caller, from_attributes=True)


class CookieOptions(TypedDict):
    """What the cookie is set with must also be there when it is deleted."""

    path: str
    httponly: bool
    samesite: Literal["strict"]
    secure: bool


def _cookie(request: Request) -> CookieOptions:
    """Only over TLS, but on the machine itself: there a browser may well speak plain HTTP."""
    plain = request.url.scheme == "http" and _is_loopback(request.url.hostname or "")
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": not plain}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
