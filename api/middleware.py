"""Around every request: how large it may be, what is measured of it, and what browsers are told about the answer."""

from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics
from api.problems import ProblemError, problem_response

MAX_BODY = 1024 * 1024
MAX_BODIES = dict.fromkeys(("/api/v1/history", "/api/v1/devices/import", "/api/v1/duty/import"), 8 * 1024 * 1024)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For answers that say nothing about it themselves; the console's pages do."""


class BodyLimit:
    """A larger body is refused: at once when its length is announced, else as soon as it has become too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_BODIES.get(scope["path"], MAX_BODY)
        too_large = ProblemError(413, f"the body is larger than {limit} bytes")
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await problem_response(too_large)(scope, receive, send)
            return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        await self._app(scope, receive_some, send)


class Measured:
    """Counts answers by route (not by address, which holds ids) and the time until they begin."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                labels = (_method(scope["method"]), getattr(scope.get("route"), "path", "other"))
                self._metrics.requests.labels(*labels, str(message["status"])).inc()
                self._metrics.seconds.labels(*labels).observe(perf_counter() - start)
            await send(message)

        await self._app(scope, receive, send_measured)


def _method(method: str) -> str:
    """Anybody can invent methods; each would be a series of its own."""
    return method if method in ("GET", "POST", "PATCH", "DELETE") else "other"


class SecurityHeaders:
    """What browsers may do with answers, and that no cache keeps them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
