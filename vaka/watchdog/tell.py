"""The watchdog's own ways to operators, which need nothing of Vaka: e-mail, a webhook, and the log on stderr."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx

from events.ids import derived_id
from vaka.watchdog.judge import News, Notice

log = logging.getLogger(__name__)

SEND_SECONDS = 10.0

WORDS = {News.BEGUN: "is in trouble", News.GOES_ON: "is still in trouble", News.OVER: "is well again"}


class Word(NamedTuple):
    """What is sent at once. `id` is the same when it is sent again."""

    id: str
    title: str
    lines: tuple[str, ...]
    notices: tuple[Notice, ...]

    @property
    def text(self) -> str:
        return "\n".join((self.title, "", *self.lines))


class Path(Protocol):
    """A way to operators; `name` is a part of the file that remembers what was told."""

    name: str

    async def send(self, word: Word, now: datetime) -> None:
        """Raises SendError unless the other side has taken it."""
        ...


class SendError(Exception):
    """It was not taken; the text says why."""


def word_of(notices: Sequence[Notice], now: datetime) -> Word:
    host = socket.gethostname()
    lines = tuple(
        f"{notice.part}: {notice.detail} (since {notice.since:%Y-%m-%d %H:%M:%S} UTC), {WORDS[notice.news]}"
        for notice in notices
    )
    what = ", ".join(dict.fromkeys(notice.part for notice in notices))
    news = {notice.news for notice in notices}
    title = f"Vaka on {host}: {what} {WORDS[news.pop()] if len(news) == 1 else 'changed'}"
    id = derived_id(host, *((notice.part, notice.news, notice.since.isoformat()) for notice in notices))
    return Word(id, title, lines, tuple(notices))


class StderrPath:
    """Always there: whoever reads the log sees it, whatever else is set up."""

    name = "stderr"

    async def send(self, word: Word, now: datetime) -> None:
        log.error("%s\n%s", word.title, "\n".join(f"  {line}" for line in word.lines))


class WebhookPath:
    """A POST of JSON; `text` is what chat services show."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self.name = "webhook"
        self._http = http
        self._url = url

    async def send(self, word: Word, now: datetime) -> None:
        body = {
            "id": word.id,
            "text": word.text,
            "at": now.isoformat(),
            "notices": [
                {"part": n.part, "news": n.news, "detail": n.detail, "since": n.since.isoformat()} for n in word.notices
            ],
        }
        try:
            async with asyncio.timeout(SEND_SECONDS):
                answer = await self._http.post(self._url, json=body)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise SendError(f"{type(error).__name__}: {error}") from error
        if not answer.is_success:
            raise SendError(f"it answered {answer.status_code}")


class EmailPath:
    """By SMTP. `server` is `smtp://` (with STARTTLS where it is offered) or `smtps://`."""

    def __init__(self, server: str, sender: str, receivers: Sequence[str]) -> None:
        self.name = "email"
        self._server = server
        self._sender = sender
        self._receivers = list(receivers)

    async def send(self, word: Word, now: datetime) -> None:
        parts = urlsplit(self._server)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    self._message(word, now),
                    hostname=parts.hostname,
                    port=parts.port,
                    username=unquote(parts.username) if parts.username else None,
                    password=unquote(parts.password) if parts.password else None,
                    use_tls=parts.scheme == "smtps",
                    timeout=SEND_SECONDS,
                )
        except (TimeoutError, aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise SendError(f"{type(error).__name__}: {error}") from error

    def _message(self, word: Word, now: datetime) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(self._receivers)
        message["Subject"] = word.title
        message["Date"] = format_datetime(now)
        message["Message-ID"] = make_msgid(word.id, self._sender.rpartition("@")[2])
        message.set_content("\n".join(word.lines) + "\n")
        return message
