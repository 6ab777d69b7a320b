"""The files of the console, as a browser gets them."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.console import FOLDER, mount_console

pytestmark = pytest.mark.anyio

MODULES = sorted(FOLDER.glob("*.js"))
PAGES = sorted(FOLDER.glob("*.html"))
IMPORTED = re.compile(r'from "\./([^"]+)"')
FETCHED = re.compile(r'(?:src|href)="(/[^"]+)"')
REGISTERED = re.compile(r'WORKER = "(/[^"]+)"')
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc")


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


@pytest.fixture
def addresses(app: FastAPI) -> frozenset[str]:
    return mount_console(app)


@pytest.fixture
async def client(app: FastAPI, addresses: frozenset[str]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://vaka.test") as client:
        yield client


@pytest.mark.parametrize(
    ("address", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/installation", "text/html; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/sv.json", "application/json"),
        ("/console/favicon.svg", "image/svg+xml"),
    ],
)
async def test_files_have_their_types(client: httpx.AsyncClient, address: str, media_type: str) -> None:
    answer = await client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_every_address_is_told_and_answered(client: httpx.AsyncClient, addresses: frozenset[str]) -> None:
    assert addresses
    for address in addresses:
        assert (await client.get(address)).status_code == 200
        assert (await client.head(address)).content == b""


async def test_nothing_else_of_the_folder_is_served(client: httpx.AsyncClient) -> None:
    for address in ("/console/__init__.py", "/console/", "/console/index.html", "/console/%2e%2e/app.py"):
        assert (await client.get(address)).status_code == 404


async def test_the_page_may_run_and_load_only_its_own_files(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


async def test_browsers_ask_each_time_and_are_told_when_nothing_changed(client: httpx.AsyncClient) -> None:
    first = await client.get("/console/watch.js")
    assert first.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    again = await client.get("/console/watch.js", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (await client.get("/console/alarms.js", headers=known)).status_code == 200


async def test_all_that_the_files_name_is_served(addresses: frozenset[str]) -> None:
    named = {name for page in PAGES for name in FETCHED.findall(page.read_text())}
    named |= {f"/console/{name}" for module in MODULES for name in IMPORTED.findall(module.read_text())}
    named |= {name for module in MODULES for name in REGISTERED.findall(module.read_text())}
    assert named <= addresses
    assert {f"/console/{module.name}" for module in MODULES} <= named


class Inline(HTMLParser):
    """Collects what the policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        self.found += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_inline_script_or_style(page: Path) -> None:
    parser = Inline()
    parser.feed(page.read_text())
    assert parser.found == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_never_make_markup_of_data(module: Path) -> None:
    assert MARKUP.search(module.read_text()) is None
