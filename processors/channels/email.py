"""E-mail by SMTP (RFC 5321), with what says that no person has written it (RFC 3834)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import readable
from processors.channels.network import Network
from rules.addresses import Mailbox, read_address
from rules.given import GivenError, read
from rules.providers import Smtp

TIMEOUT_SECONDS = 20.0
"""For the whole dialogue. Servers that check for spam may take long to answer the end of the data."""

GOODBYE_SECONDS = 1.0

GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
"""Enhanced status codes (RFC 3463, RFC 7505) of a mailbox that is not there, has moved or is switched off."""

GONE_CODES = (550, 551, 553)
"""What a server without enhanced codes says of such a mailbox (RFC 5321, 4.2.3)."""


class Email:
    """`tls` None: public authorities. `real_now`: real time, for the Date."""

    def __init__(
        self,
        network: Network,
        tls: ssl.SSLContext | None = None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        real_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._network = network
        self._tls = tls
        self._timeout = timeout_seconds
        self._real_now = real_now

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            address = read_address(target.channel, target.address)
            settings = read(Smtp, dict(target.provider))
            assert isinstance(address, Mailbox)
            letter = letter_of(message, settings.sender, address.email, self._real_now())
        except (GivenError, ValueError) as error:
            return Receipt(False, error=str(error))
        try:
            async with asyncio.timeout(self._timeout) as limit, self._connected(settings) as client:
                receipt = await _hand_over(client, letter, settings, address.email)
                # It is taken, however long the good-bye lasts.
                limit.reschedule(None)
                await _say_goodbye(client)
                return receipt
        except TimeoutError:
            return Receipt(False, error=f"no answer within {self._timeout:g} s")
        except SMTPException as error:
            return _failed(error)
        except OSError as error:
            return Receipt(False, error=readable(f"{type(error).__name__}: {error}".encode(errors="replace")))

    @asynccontextmanager
    async def _connected(self, settings: Smtp) -> AsyncIterator[SMTP]:
        client = SMTP(
            hostname=settings.host.strip("[]"),
            sock=await self._network.connect(settings.host, settings.port),
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls,
            timeout=self._timeout,
            local_hostname="vaka",
        )
        try:
            await client.connect()
            yield client
        finally:
            client.close()


async def _hand_over(client: SMTP, letter: EmailMessage, settings: Smtp, to: str) -> Receipt:
    if settings.user is not None and settings.password is not None:
        await client.login(settings.user, settings.password)
    _, answer = await client.send_message(letter, sender=settings.sender, recipients=[to])
    return Receipt(True, reference=str(letter["Message-ID"]), status=250, answer=readable(answer.encode()))


async def _say_goodbye(client: SMTP) -> None:
    """As RFC 5321, 4.1.1.10, asks of the sender; what comes of it changes nothing."""
    with contextlib.suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await client.quit()


def letter_of(message: Message, sender: str, to: str, real_now: datetime) -> EmailMessage:
    """The same Message-ID for every attempt: mail systems and people recognise a repeat. Raises ValueError."""
    letter = EmailMessage()
    letter["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    letter["Date"] = format_datetime(real_now)
    letter["From"] = f"Vaka <{sender}>"
    letter["To"] = to
    letter["Subject"] = " ".join(message.title.split())
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    if message.priority == 1 and not message.test:
        letter["Importance"] = "high"
        letter["X-Priority"] = "1"
    letter.set_content("\n\n".join(part for part in (message.body, message.url) if part) + "\n")
    return letter


def _failed(error: SMTPException) -> Receipt:
    """4xx is tried again, and so is whatever is about our own settings; 5xx of mailbox or content is for good."""
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if not isinstance(error, SMTPResponseException):
        return Receipt(False, error=readable(f"{type(error).__name__}: {error.message}".encode(errors="replace")))
    about_mailbox = isinstance(error, SMTPRecipientRefused) and _is_gone(error.code, error.message)
    about_content = isinstance(error, SMTPDataError | SMTPRecipientRefused) and error.code >= 500
    return Receipt(
        False,
        gone=about_mailbox,
        refused=about_content and not about_mailbox,
        status=error.code,
        answer=readable(error.message.encode(errors="replace")),
    )


def _is_gone(code: int, text: str) -> bool:
    if code < 500:
        return False
    status = text.split(" ", 1)[0]
    return status in GONE if status.startswith("5.") else code in GONE_CODES
