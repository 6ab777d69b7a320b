"""The other side of a webhook: a real HTTP server on a free port, which does as it is told."""

import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, NamedTuple

import msgspec

WAIT_SECONDS = 20


class Request(NamedTuple):
    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["Vaka-Notification"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b"thank you"
    headers: tuple[tuple[str, str], ...] = ()


class WebhookReceiver:
    """`answer` is asked for each request; while `hanging`, nothing is answered at all."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: Queue[Request] = Queue()
        self.answer: Callable[[Request], Answer] = lambda request: Answer()
        self._may_answer = threading.Event()
        self._may_answer.set()

    def hang(self) -> None:
        self._may_answer.clear()

    def release(self) -> None:
        """Answers what hangs, and whatever comes."""
        self._may_answer.set()

    def handle(self, request: Request) -> Answer:
        self.requests.put(request)
        self._may_answer.wait()
        return self.answer(request)

    def take(self, count: int = 1) -> list[Request]:
        """The next `count` requests; fails when they do not come."""
        return [self.requests.get(timeout=WAIT_SECONDS) for _ in range(count)]


@contextmanager
def webhook_receiver(tls: ssl.SSLContext | None = None) -> Iterator[WebhookReceiver]:
    """With `tls` it speaks HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, text, headers = receiver.handle(Request(dict(self.headers), body, self.path))
            try:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                self.close_connection = True  # The other side has given up waiting.

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # Many come at the same moment, and none of them is to be turned away.

        def handle_error(self, request: Any, client_address: Any) -> None:
            # A client that does not trust us, or gives up waiting, ends the connection: that is its business.
            if not isinstance(sys.exc_info()[1], OSError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        # Hands are shaken in the thread of each connection: one that is slow at it takes no time from the others.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    receiver = WebhookReceiver(f"{scheme}://127.0.0.1:{server.server_port}/alarms")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.release()
        server.shutdown()
        thread.join()
        server.server_close()
