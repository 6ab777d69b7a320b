"""A console that is served, and browsers that look at it."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.support.console_page import ConsolePage, start_chromium
from tests.support.console_server import ConsoleServer, console_server

ANNA, BO = "Anna Testkvist", "Bo Demoström"
TESTA, LÅTSBERT = "Testa Provsson", "Låtsbert Exempelgren"


@pytest.fixture
def vaka(database_url: str) -> Iterator[ConsoleServer]:
    """A unit with two residents (`testa`, `latsbert`) and two of the staff (`anna`, `bo`)."""
    with console_server(database_url) as server:
        server.add_staff("anna", ANNA)
        server.add_staff("bo", BO)
        server.add_resident("testa", TESTA)
        server.add_resident("latsbert", LÅTSBERT, address=None, instructions=None)
        yield server


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def other_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium: webdriver.Chrome, vaka: ConsoleServer) -> Iterator[ConsolePage]:
    page = ConsolePage(chromium, vaka.url)
    page.forget_everything()
    yield page
    page.forget_everything()


@pytest.fixture
def other_page(other_chromium: webdriver.Chrome, vaka: ConsoleServer) -> Iterator[ConsolePage]:
    page = ConsolePage(other_chromium, vaka.url)
    page.forget_everything()
    yield page
    page.forget_everything()
