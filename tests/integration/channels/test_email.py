"""E-mail to a real SMTP server that takes it, refuses it, hangs, or answers late."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from processors.channels.channel import Message, Receipt
from processors.channels.email import Email
from processors.channels.network import Network
from rules.contact import Channel
from tests.support.certificate import certificate
from tests.support.channels import LOOPBACK, SHORT, message, nobody_listens, says, target
from tests.support.mail_server import MailServer, mail_server

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BRITT = {"email": "britt@prov.example"}


def smtp(port: int, **settings: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "security": "none", "sender": "vaka@prov.example", **settings}


async def send(port: int, told: Message | None = None, **settings: Any) -> Receipt:
    email = Email(LOOPBACK, real_now=lambda: NOON)
    return await email.send(told or message(), target(Channel.EMAIL, BRITT, smtp(port, **settings)))


async def test_an_alarm_by_mail() -> None:
    async with mail_server() as server:
        receipt = await send(server.port)
    assert receipt == Receipt(True, reference="<n-1@prov.example>", status=250, answer="2.0.0 queued as 17")
    (letter,) = server.letters
    assert server.receivers == ["britt@prov.example"]
    assert {name: letter[name] for name in ("From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted")} == {
        "From": "Vaka <vaka@prov.example>",
        "To": "britt@prov.example",
        "Subject": "Larm",
        "Message-ID": "<n-1@prov.example>",
        "Date": "Mon, 02 Mar 2026 12:00:00 +0000",
        "Auto-Submitted": "auto-generated",
    }
    assert (letter["X-Auto-Response-Suppress"], letter["Importance"]) == ("All", "high")
    assert letter.get_content().replace("\r\n", "\n") == "Öppna Vaka\n\nhttps://vaka.example/?notification=n-1\n"


async def test_a_second_attempt_has_the_same_id_and_a_test_is_not_important() -> None:
    async with mail_server() as server:
        await send(server.port)
        await send(server.port, message(alarm=None))
    assert {letter["Message-ID"] for letter in server.letters} == {"<n-1@prov.example>"}
    assert [letter["Importance"] for letter in server.letters] == ["high", None]


async def test_a_title_cannot_add_headers() -> None:
    async with mail_server() as server:
        assert (await send(server.port, message(title="Larm\r\nBcc: all@prov.example"))).accepted
    (letter,) = server.letters
    assert (letter["Subject"], letter["Bcc"]) == ("Larm Bcc: all@prov.example", None)
    assert server.receivers == ["britt@prov.example"]


REFUSALS = [
    ("RCPT", "550 5.1.1 no such user", "gone"),
    ("RCPT", "550 no such user", "gone"),
    ("RCPT", "553 5.1.3 bad address", "gone"),
    ("RCPT", "550 5.7.1 policy", "refused"),
    ("RCPT", "552 5.2.2 mailbox full", "refused"),
    ("RCPT", "450 4.2.0 greylisted", "later"),
    ("RCPT", "421 4.3.2 closing", "later"),
    ("DATA", "554 5.6.0 content", "refused"),
    ("DATA", "451 4.3.0 try again", "later"),
    ("MAIL", "550 5.7.1 you may not", "later"),
    ("MAIL", "452 4.3.1 full", "later"),
]


@pytest.mark.parametrize(("command", "answer", "outcome"), REFUSALS)
async def test_what_a_refusal_means(command: str, answer: str, outcome: str) -> None:
    async with mail_server() as server:
        server.answers[command] = answer
        receipt = await send(server.port)
    flags = {"gone": receipt.gone, "refused": receipt.refused}
    assert not receipt.accepted
    assert [name for name, is_set in flags.items() if is_set] == ([outcome] if outcome != "later" else [])
    assert (receipt.status, receipt.answer) == (int(answer[:3]), answer[4:])


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the server and for us."""
    cert, key = certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=cert)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_with_tls_and_a_password(trusted: tuple[ssl.SSLContext, ssl.SSLContext], security: str) -> None:
    theirs, ours = trusted
    secret = {"security": security, "user": "vaka", "password": "s3cret"}
    async with mail_server(theirs, from_the_beginning=security == "tls") as server:
        known = Email(LOOPBACK, ours)
        receipt = await known.send(message(), target(Channel.EMAIL, BRITT, smtp(server.port, **secret)))
        assert (receipt.accepted, server.signed_in) == (True, ["vaka"]), receipt
        wrong = smtp(server.port, **{**secret, "password": "wrong"})
        receipt = await known.send(message(), target(Channel.EMAIL, BRITT, wrong))
        assert (receipt.accepted, receipt.gone, receipt.refused, receipt.status) == (False, False, False, 535)
        stranger = await Email(LOOPBACK).send(message(), target(Channel.EMAIL, BRITT, smtp(server.port, **secret)))
        assert "CERTIFICATE_VERIFY_FAILED" in (stranger.error or "")
    assert len(server.letters) == 1


async def test_a_server_that_cannot_encrypt_gets_no_password() -> None:
    async with mail_server() as server:
        receipt = await send(server.port, security="starttls", user="vaka", password="s3cret")
    assert not receipt.accepted
    assert (server.signed_in, server.letters) == ([], [])


async def test_servers_that_hang_or_answer_late() -> None:
    email = Email(LOOPBACK, timeout_seconds=SHORT)
    late = Receipt(False, error="no answer within 0.3 s")
    for chunks in ((), (b"220 mail.example\r\n",), (b"220-mail\r\n" * 3,)):
        async with says(*chunks) as port:
            assert await email.send(message(), target(Channel.EMAIL, BRITT, smtp(port))) == late
    async with mail_server() as server:
        server.may_answer.clear()
        assert await email.send(message(), target(Channel.EMAIL, BRITT, smtp(server.port))) == late
        # Whether it has been taken is not known: it will be sent again, with the same id.
        await _released(server)
        assert (await send(server.port)).accepted
    assert {letter["Message-ID"] for letter in server.letters} == {"<n-1@prov.example>"}


async def _released(server: MailServer) -> None:
    server.may_answer.set()
    await asyncio.sleep(0)


async def test_what_is_taken_stays_taken_when_the_good_bye_is_not_answered() -> None:
    async with mail_server() as server:
        server.may_say_goodbye.clear()
        receipt = await Email(LOOPBACK).send(message(), target(Channel.EMAIL, BRITT, smtp(server.port)))
    assert (receipt.accepted, len(server.letters)) == (True, 1)


async def test_servers_that_are_none() -> None:
    with nobody_listens() as port:
        assert "ConnectionRefused" in ((await send(port)).error or "")
    async with says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert not (await send(port)).accepted
    async with says(b"220 " + b"x" * 100_000) as port:
        assert not (await send(port)).accepted


async def test_the_rest_of_the_machine_is_out_of_reach() -> None:
    async with mail_server() as server:
        receipt = await Email(Network()).send(message(), target(Channel.EMAIL, BRITT, smtp(server.port)))
    assert "is not public" in (receipt.error or "")
    assert server.letters == []


async def test_settings_and_addresses_that_cannot_be_used() -> None:
    for provider in ({}, smtp(25, sender=7)):
        assert (await Email(LOOPBACK).send(message(), target(Channel.EMAIL, BRITT, provider))).error
    receipt = await Email(LOOPBACK).send(message(), target(Channel.EMAIL, {"email": "a@b.se\r\nx"}, smtp(25)))
    assert "email" in (receipt.error or "")
