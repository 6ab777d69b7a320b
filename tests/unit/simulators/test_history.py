"""Import over the API: batches as the contract says, posted to a real local server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from events import messages as m
from events.codec import decode_message
from events.ids import DeviceId, ResidentId, TenantId
from simulators.history import HistoryRefused, batches, import_history
from simulators.timed import TimedMessage, timed

START = datetime(2011, 11, 28, 1, 27, 59, tzinfo=UTC)
TENANT, RESIDENT, DEVICE = TenantId("demo"), ResidentId("demo-r-0001"), DeviceId("demo-r-0001-replay-sensors")


def recording(length: int) -> Iterator[TimedMessage]:
    return (timed(DEVICE, m.Motion(at=START + timedelta(minutes=n), room="Living")) for n in range(length))


class Api(ThreadingHTTPServer):
    """Takes batches until `refuse_after` of them, and remembers what came."""

    def __init__(self, refuse_after: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse_after = refuse_after
        self.requests: list[tuple[str, str | None, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = len(self.server.requests) >= self.server.refuse_after
        self.server.requests.append((self.path, self.headers["Authorization"], body))
        accepted = f'{{"id": "{len(self.server.requests)}"}}'.encode()
        answer = b'{"detail": "the token has no such role"}' if refused else accepted
        self.send_response(403 if refused else 202)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api(refuse_after=100)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{api.server_port}") as found:
        yield found


def test_it_is_posted_in_batches_of_a_thousand(api: Api, client: httpx.Client) -> None:
    told: list[int] = []
    imports = import_history(recording(2500), client, "secret", TENANT, RESIDENT, DEVICE, told.append)
    assert imports == ["1", "2", "3"]
    assert told == [1000, 2000, 2500]
    assert [(path, token) for path, token, _ in api.requests] == [("/api/v1/history", "Bearer secret")] * 3
    assert [len(body["events"]) for _, _, body in api.requests] == [1000, 1000, 500]


def test_each_event_is_its_kind_and_what_the_device_would_have_sent(api: Api, client: httpx.Client) -> None:
    import_history(recording(2), client, "secret", TENANT, RESIDENT, DEVICE)
    (_, _, body) = api.requests[0]
    assert (body["tenant"], body["resident"]) == (TENANT, RESIDENT)
    assert body["device"] == DEVICE
    assert body["events"][0] == {"kind": "motion", "data": {"at": "2011-11-28T01:27:59Z", "room": "Living"}}
    decoded = [decode_message(event["kind"], json.dumps(event["data"]).encode()) for event in body["events"]]
    assert decoded == [said.message for said in recording(2)]


def test_a_refusal_says_what_the_api_said_and_stops(api: Api, client: httpx.Client) -> None:
    api.refuse_after = 1
    told: list[int] = []
    with pytest.raises(HistoryRefused, match=r"403 Forbidden.*no such role"):
        import_history(recording(5000), client, "secret", TENANT, RESIDENT, DEVICE, told.append)
    assert told == [1000]
    assert len(api.requests) == 2


def test_an_empty_recording_posts_nothing(api: Api, client: httpx.Client) -> None:
    assert import_history([], client, "secret", TENANT, RESIDENT, DEVICE) == []
    assert api.requests == []


@pytest.mark.parametrize(("length", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_batches_keep_order_and_lose_nothing(length: int, sizes: list[int]) -> None:
    found = list(batches(recording(length), 3))
    assert [len(batch) for batch in found] == sizes
    assert [said for batch in found for said in batch] == list(recording(length))
