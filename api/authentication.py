"""The door: without a token or a session nothing is answered but a short list of addresses."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import Caller, check_same_site, find_caller
from api.problems import ProblemError, database_down, problem_response
from api.services import Services
from store.failures import DATABASE_DOWN

RECEIPTS = "/api/v1/receipts/"
OPEN = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/api/v1/session"), ("POST", RECEIPTS + "{id}")})
"""What asks for no token. Receipts are opened by the secret of whose they are."""


class Authentication:
    """Finds out who asks, before anything of the request is read. `pages` are the addresses of the console's files."""

    def __init__(self, app: ASGIApp, services: Services, pages: frozenset[str]) -> None:
        self._app = app
        self._services = services
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_open(scope["method"], scope["path"]):
            request = Request(scope)
            try:
                request.state.caller = await self._caller(request)
            except ProblemError as problem:
                await problem_response(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if method == "POST" and path.startswith(RECEIPTS):
            return True
        return (method, path) in OPEN or (method in ("GET", "HEAD") and path in self._pages)

    async def _caller(self, request: Request) -> Caller:
        try:
            async with self._services.read() as connection:
                caller = await find_caller(connection, request, self._services.wall())
        except DATABASE_DOWN:
            raise database_down() from None
        if caller is None:
            detail = "a valid bearer token or a session is needed"
            raise ProblemError(401, detail, headers={"WWW-Authenticate": "Bearer"})
        if caller.username is not None:
            check_same_site(request, cookie=True)
        return caller
