"""The pages for people: plain files, served as they are, without a build."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI, Request, Response

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
PAGES = {"index.html": "/", "installation.html": "/installation", "fleet.html": "/fleet"}
"""Where each page stands: the console that home-care staff keep open, the installer's, and the operators'."""

HEADERS = {
    # Nothing but this server's own files: what a name or an address says can never run, load or send anything.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept by the browser, but asked for each time, so that all files of a page are of one version.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent."""

    content: bytes
    media_type: str
    etag: str


def mount_console(app: FastAPI) -> frozenset[str]:
    """Serves the pages, and their files at `/console/...`; returns these addresses, which anybody may get."""
    files = [path for path in FOLDER.iterdir() if path.suffix in MEDIA_TYPES]
    addresses = {PAGES.get(path.name, f"/console/{path.name}"): _read(path) for path in files}
    for address, page in addresses.items():
        app.add_api_route(address, _answer(page), methods=["GET", "HEAD"], include_in_schema=False)
    return frozenset(addresses)


def _read(path: Path) -> Page:
    content = path.read_bytes()
    return Page(content, MEDIA_TYPES[path.suffix], f'"{sha256(content).hexdigest()[:32]}"')


def _answer(page: Page) -> Callable[[Request], Awaitable[Response]]:
    headers = {**HEADERS, "ETag": page.etag}

    async def answer(request: Request) -> Response:
        known = request.headers.get("If-None-Match", "")
        if page.etag in known or known.strip() == "*":
            return Response(status_code=304, headers=headers)
        return Response(page.content, media_type=page.media_type, headers=headers)

    return answer
