"""One client of the stream."""

import pytest

from api.hub import QUEUE, Client, sse
from store.select import Scope

pytestmark = pytest.mark.anyio


async def test_a_client_gets_what_it_was_offered_in_order() -> None:
    client = Client(Scope(), 0)
    assert client.offer(b"a")
    assert client.offer(b"b")
    assert [await client.next(), await client.next()] == [b"a", b"b"]


async def test_a_client_that_is_too_slow_is_cut_off_and_gets_nothing_with_a_gap() -> None:
    client = Client(Scope(), 0)
    assert [client.offer(b"x") for _ in range(QUEUE)] == [True] * QUEUE
    assert not client.offer(b"one too many")
    assert not client.offer(b"and another")
    assert client.cut_off
    assert await client.next() is None


def test_an_event_names_its_place() -> None:
    assert sse("alarm", b"{}", 7) == b"id: 7\nevent: alarm\ndata: {}\n\n"
    assert sse("pulse", b"{}") == b"event: pulse\ndata: {}\n\n"
