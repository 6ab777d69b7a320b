"""A real SMTP server on a free port, which answers each command as it is told."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """`answers`: what it says to RCPT, DATA, MAIL and EHLO in the place of yes. `letters`: what it has taken."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.letters: list[EmailMessage] = []
        self.receivers: list[str] = []
        self.signed_in: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.may_say_goodbye = asyncio.Event()
        self.may_say_goodbye.set()
        self.port = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self.may_answer.wait()
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        self.receivers += envelope.rcpt_tos
        return "250 2.0.0 queued as 17"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self.may_say_goodbye.wait()
        return "221 Bye"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = (data.login, data.password) == (b"vaka", b"s3cret")
        if right:
            self.signed_in.append(data.login.decode())
        return AuthResult(success=right, handled=False)


class _Session(SMTP):
    """One connection, with its sockets: TLS that begins late gives it another transport."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sockets: list[socket.socket] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sockets.append(transport.get_extra_info("socket"))
        super().connection_made(transport)

    async def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
        while any(used.fileno() != -1 for used in self.sockets):  # noqa: ASYNC110 - there is no event for it.
            await asyncio.sleep(0)


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, *, from_the_beginning: bool = False
) -> AsyncIterator[MailServer]:
    """With `tls` it wants STARTTLS and a password, or TLS at once."""
    server = MailServer()
    sessions: list[_Session] = []

    def protocol() -> SMTP:
        starts = tls if not from_the_beginning else None
        with warnings.catch_warnings():
            # It does not see that the socket has TLS from the beginning, and warns of passwords without.
            warnings.simplefilter("ignore", UserWarning)
            session = _Session(
                server,
                hostname="mail.example",
                tls_context=starts,
                require_starttls=starts is not None,
                auth_required=tls is not None,
                auth_require_tls=starts is not None,
                authenticator=server.authenticate,
            )
        sessions.append(session)
        return session

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if from_the_beginning else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.may_answer.set()
        server.may_say_goodbye.set()
        listening.close()
        await listening.wait_closed()
        for session in sessions:
            await session.close()
