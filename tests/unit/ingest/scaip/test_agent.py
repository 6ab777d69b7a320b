"""The SIP side: who may ask, what is taken, retransmissions, and the two ways to answer."""

import asyncio

import pytest

from events.address import Address
from ingest.scaip import agent as module
from ingest.scaip.agent import Agent, Way
from ingest.scaip.digest import Digest
from ingest.scaip.sip import Request, Response, parse, respond

pytestmark = pytest.mark.anyio

MRS = b"<mrs/>"


class Wire:
    """A peer whose sent bytes are kept."""

    source = ("192.0.2.7", 40000)
    here = Address("192.0.2.1", 5060)

    def __init__(self, transport: str = "UDP") -> None:
        self.transport = transport
        self.sent: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self.sent.put_nowait((data, to))

    async def response(self) -> Response:
        message = parse((await self.sent.get())[0])
        assert isinstance(message, Response)
        return message

    async def request(self) -> Request:
        message = parse((await self.sent.get())[0])
        assert isinstance(message, Request)
        return message


def sip(
    *fields: str, method: str = "MESSAGE", version: str = "SIP/2.0", branch: str = "one", media: str | None = None
) -> bytes:
    lines = [
        f"{method} sip:vaka@192.0.2.1 {version}",
        f"Via: SIP/2.0/UDP 10.0.0.5:5062;rport;branch=z9hG4bK{branch}",
        "From: <sip:678@alarm.example>;tag=1",
        "To: <sip:vaka@192.0.2.1>",
        "Call-ID: one",
        f"CSeq: 1 {method}",
        f"Content-Type: {media or 'Application/SCAIP+xml; charset=utf-8'}",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + b"<mrq/>"


class Counting:
    """Answers when it is told to; knows how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def __call__(self, body: bytes) -> bytes:
        self.asked.append(body)
        await self.ready.wait()
        return MRS


async def test_the_answer_is_in_the_200() -> None:
    answer, wire = Counting(), Wire()
    Agent(answer).receive(sip(), wire)
    given = await wire.response()
    assert (given.status, given.body, given.headers.get("content-type")) == (200, MRS, "application/scaip+xml")
    assert answer.asked == [b"<mrq/>"]


async def test_a_retransmission_gets_the_same_answer_and_asks_nobody() -> None:
    answer, wire = Counting(), Wire()
    agent = Agent(answer)
    answer.ready.clear()
    for _ in range(3):
        agent.receive(sip(), wire)
    answer.ready.set()
    first, to = await wire.sent.get()
    agent.receive(sip(), wire)
    assert await wire.sent.get() == (first, to)
    agent.receive(sip(branch="two"), wire)
    assert await wire.sent.get() != (first, to)
    assert len(answer.asked) == 2
    assert wire.sent.empty()


async def test_an_answer_is_remembered_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIFETIME", 0.0)
    answer, wire = Counting(), Wire()
    agent = Agent(answer)
    for _ in range(2):
        agent.receive(sip(), wire)
        await wire.response()
    assert len(answer.asked) == 2


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        (sip(version="SIP/3.0"), 505, None),
        (sip(method="INVITE"), 405, ("allow", "MESSAGE, OPTIONS")),
        (sip(method="REGISTER"), 405, ("allow", "MESSAGE, OPTIONS")),
        (sip(method="OPTIONS"), 200, ("accept", "application/scaip+xml")),
        (sip("Require: 100rel"), 420, ("unsupported", "100rel")),
        (sip(media="text/plain"), 415, ("accept", "application/scaip+xml")),
        (sip("Content-Encoding: gzip"), 415, ("accept-encoding", "identity")),
    ],
)
async def test_what_is_not_taken(data: bytes, status: int, header: tuple[str, str] | None) -> None:
    answer, wire = Counting(), Wire()
    Agent(answer).receive(data, wire)
    given = await wire.response()
    assert (given.status, given.body, answer.asked) == (status, b"", [])
    assert header is None or given.headers.get(header[0]) == header[1]


@pytest.mark.parametrize("data", [b"nonsense", b"", sip(method="ACK"), b"SIP/2.0 200 OK\r\n\r\n", b"\xff\xfe\r\n\r\n"])
async def test_what_needs_no_answer_gets_none(data: bytes) -> None:
    wire = Wire()
    agent = Agent(Counting())
    agent.receive(data, wire)
    agent.too_large(data, wire)
    agent.receive(sip(), wire)
    sent = [(await wire.response()).status for _ in range(wire.sent.qsize() + 1)]
    assert sent[-1] == 200
    assert set(sent[:-1]) <= {413}


async def test_who_is_not_known_is_asked_for_a_password() -> None:
    answer, wire = Counting(), Wire()
    agent = Agent(answer, Digest("vaka", lambda name: None))
    agent.receive(sip(), wire)
    given = await wire.response()
    assert given.status == 401
    assert (given.headers.get("www-authenticate") or "").startswith('Digest realm="vaka"')
    agent.receive(sip("Authorization: Basic Njc4OmEgc2VjcmV0", branch="two"), wire)
    assert ((await wire.response()).status, answer.asked) == (401, [])


async def test_too_many_at_once_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    answer, wire = Counting(), Wire()
    agent = Agent(answer)
    answer.ready.clear()
    agent.receive(sip(), wire)
    agent.receive(sip(branch="two"), wire)
    assert (await wire.response()).status == 503
    answer.ready.set()
    assert (await wire.response()).status == 200


BACK: list[tuple[Way, str, bool]] = [
    (Way.AUTO, "Accept: text/plain, application/scaip+xml;q=0.5", False),
    (Way.AUTO, "Accept: */*", False),
    (Way.AUTO, "Accept: text/plain", True),
    (Way.AUTO, "Contact: <sip:678@10.0.0.5:5062>", True),
    (Way.AUTO, "Subject: neither", False),
    (Way.MESSAGE, "Accept: application/scaip+xml", True),
    (Way.RESPONSE, "Contact: <sip:678@10.0.0.5:5062>", False),
]


@pytest.mark.parametrize(("way", "field", "back"), BACK, ids=str)
async def test_which_way_the_answer_goes(way: Way, field: str, back: bool) -> None:
    wire = Wire("TCP")
    agent = Agent(Counting(), way=way)
    agent.receive(sip(field), wire)
    given = await wire.response()
    assert given.status == 200
    assert given.body == (b"" if back else MRS)
    if back:
        assert (await wire.request()).body == MRS


@pytest.mark.parametrize(
    ("field", "uri"),
    [
        ("Contact: <sip:678@10.0.0.5:5062>", "sip:678@10.0.0.5:5062"),
        ("Accept: text/plain", "sip:678@alarm.example"),
    ],
)
async def test_a_message_goes_back_over_udp_until_it_is_answered(
    field: str, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "T1", 0.0)
    wire = Wire()
    agent = Agent(Counting())
    agent.receive(sip(field), wire)
    assert (await wire.response()).status == 200
    first = await wire.request()
    again = await wire.request()
    assert first == again
    assert (first.method, first.uri, first.body) == ("MESSAGE", uri, MRS)
    agent.receive(respond(first, 200, wire.source), wire)
    await asyncio.gather(*agent._tasks)


async def test_a_message_that_nobody_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "T1", 0.001)
    monkeypatch.setattr(module, "LIFETIME", 0.01)
    wire = Wire()
    agent = Agent(Counting(), way=Way.MESSAGE)
    agent.receive(sip(), wire)
    assert (await wire.response()).status == 200
    await asyncio.gather(*agent._tasks)
    assert wire.sent.qsize() > 1


async def test_a_fault_of_our_own_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(body: bytes) -> bytes:
        raise RuntimeError("broken")

    wire = Wire()
    Agent(broken).receive(sip(), wire)
    assert (await wire.response()).status == 500
    assert "could not be answered" in caplog.text


async def test_closing_ends_what_is_in_progress() -> None:
    answer, wire = Counting(), Wire()
    answer.ready.clear()
    agent = Agent(answer)
    agent.receive(sip(), wire)
    await asyncio.sleep(0)
    await agent.close()
    assert wire.sent.empty()
