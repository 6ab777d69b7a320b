"""What the watchdog sees of a real database and a real server, and how operators come to know."""

import asyncio
import email
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from processors.pulse import Pulse
from store.pool import Pool
from store.pulses import beat
from tests.support.alarms import OPENED, add_alarm, add_municipality, add_notification, add_staff
from tests.support.webhook_receiver import Answer, webhook_receiver
from vaka.clock import ManualClock
from vaka.watchdog.judge import News, Notice, Patience
from vaka.watchdog.look import Lookout, Sight, Surroundings
from vaka.watchdog.notebook import read_books
from vaka.watchdog.run import Heartbeat, Watchdog
from vaka.watchdog.tell import EmailPath, SendError, WebhookPath, Word, word_of

pytestmark = pytest.mark.anyio

NIGHT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LASTING = timedelta(seconds=30)


@dataclass
class Steady:
    """Seconds that pass when told to."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Eyes:
    """A lookout whose answers can be chosen, on a real database."""

    lookout: Lookout
    wall: ManualClock
    steady: Steady

    async def see(self, **passed: float) -> dict[str, str]:
        """What is wrong, by part, after that much time."""
        step = timedelta(**passed)
        self.wall.advance(step)
        self.steady.seconds += step.total_seconds()
        return {sight.part: sight.detail for sight in await self.lookout.look()}


@asynccontextmanager
async def eyes(
    database_url: str | None,
    folder: Path,
    *,
    free_mb: int = 0,
    api_url: str | None = None,
    now: datetime = OPENED,
    speed: float = 1.0,
) -> AsyncIterator[Eyes]:
    wall, steady = ManualClock(datetime.now(UTC)), Steady()
    around = Surroundings(
        lambda: database_url, lambda: api_url, folder, free_mb, lambda: now, speed, LASTING, timedelta(seconds=60)
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Eyes(Lookout(around, http, wall, steady), wall, steady)


@pytest.fixture
async def well(pool: Pool) -> Pool:
    """All parts have just made a turn."""
    async with pool.connection() as connection:
        for part in ("escalator", "notifier"):
            await beat(connection, part, "host:1", timedelta(0))
        status = {"position": 1, "connected": True, "catching_up": False, "waiting": 0, "queue_limit": 5000}
        await connection.execute("UPDATE log_owner SET status_at = now(), status = %s", (json.dumps(status),))
    return pool


async def change(pool: Pool, statement: str, *values: object) -> None:
    async with pool.connection() as connection:
        await connection.execute(statement.encode(), values)


async def test_when_all_is_well_nothing_is_seen(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path) as watching:
        assert await watching.see() == {}


async def test_parts_that_were_never_seen_are_missed(pool: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path) as watching:
        assert set(await watching.see()) == {"escalator", "notifier", "log"}


async def test_a_part_that_makes_no_turns_is_seen_for_as_long_as_it_stands(
    well: Pool, database_url: str, tmp_path: Path
) -> None:
    await change(well, "UPDATE pulses SET at = now() - interval '40 seconds' WHERE part = 'notifier'")
    await change(well, "UPDATE log_owner SET status_at = now() - interval '50 seconds'")
    async with eyes(database_url, tmp_path) as watching:
        silent = {sight.part: sight.silent for sight in await watching.lookout.look()}
    assert set(silent) == {"notifier", "log"}
    assert all(silence is not None and silence >= timedelta(seconds=40) for silence in silent.values())


async def test_one_process_of_a_part_is_enough_and_rest_is_granted(
    well: Pool, database_url: str, tmp_path: Path
) -> None:
    await change(well, "INSERT INTO pulses VALUES ('notifier', 'old:2', now() - interval '5 hours', '0')")
    await change(well, "INSERT INTO pulses VALUES ('coverage', 'host:1', now() - interval '5 minutes', '300 seconds')")
    async with eyes(database_url, tmp_path) as watching:
        assert await watching.see() == {}
    await change(well, "UPDATE pulses SET at = at - interval '1 minute' WHERE part = 'coverage'")
    async with eyes(database_url, tmp_path) as watching:
        assert set(await watching.see()) == {"coverage"}


async def test_a_pulse_follows_a_step_that_was_done(pool: Pool) -> None:
    steps: list[float | Exception] = [1.5, ValueError("it broke")]

    async def step() -> float | None:
        done = steps.pop(0)
        if isinstance(done, Exception):
            raise done
        return done

    stepped = Pulse(pool, "notifier").after(step)
    assert await stepped() == 1.5
    async with pool.connection() as connection:
        (first,) = await (await connection.execute("SELECT part, at FROM pulses")).fetchall()
    assert first[0] == "notifier"
    with pytest.raises(ValueError, match="it broke"):
        await stepped()
    async with pool.connection() as connection:
        assert await (await connection.execute("SELECT part, at FROM pulses")).fetchall() == [first]


async def test_a_database_that_is_gone(tmp_path: Path) -> None:
    async with eyes("postgresql://127.0.0.1:9/none", tmp_path) as watching:
        assert set(await watching.see()) == {"database"}
    async with eyes(None, tmp_path) as watching:
        assert set(await watching.see()) == {"database"}


async def test_tables_that_hang_hide_nothing(well: Pool, database_url: str, tmp_path: Path) -> None:
    await change(well, "UPDATE pulses SET at = now() - interval '40 seconds' WHERE part = 'notifier'")
    async with well.connection() as connection, eyes(database_url, tmp_path) as watching:
        await connection.execute("LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE")
        assert set(await watching.see()) == {"notifier", "alarms"}


async def test_what_is_overdue_is_seen_whatever_the_parts_say(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with well.connection() as connection:
        await add_municipality(connection)
        await add_staff(connection, "astrid")
        await add_alarm(connection)
        await add_notification(connection, "n1", "alarm-1", "astrid")
        await connection.execute("UPDATE notifications SET next_attempt_at = now() - interval '31 seconds'")
    late = OPENED + timedelta(seconds=31)
    async with eyes(database_url, tmp_path, now=late) as watching:
        assert set(await watching.see()) == {"escalation", "notification"}
    await change(well, "UPDATE notifications SET leased_until = now() + interval '20 seconds'")
    async with eyes(database_url, tmp_path, now=late, speed=10) as watching:
        assert await watching.see() == {}
    await change(well, "UPDATE notifications SET leased_until = NULL, priority = 2")
    async with eyes(database_url, tmp_path) as watching:
        assert await watching.see() == {}


async def test_a_log_that_is_behind(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path) as watching:
        await change(well, "UPDATE log_owner SET status = status || '{\"waiting\": 4000}'")
        assert await watching.see() == {"log is behind": "it is behind: 4000 messages wait"}
        await change(well, 'UPDATE log_owner SET status = status || \'{"waiting": 0, "connected": false}\'')
        assert set(await watching.see()) == {"broker"}


async def test_the_backlog_may_be_read_for_a_while(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path) as watching:
        await change(well, "UPDATE log_owner SET status = status || '{\"catching_up\": true}'")
        assert await watching.see() == {}
        watching.steady.seconds += 60
        watching.wall.advance(timedelta(seconds=60))
        seen = {sight.part for sight in await watching.lookout.look()}
        assert "log is behind" in seen


async def test_an_api_that_hangs_or_is_not_ready(well: Pool, database_url: str, tmp_path: Path) -> None:
    with webhook_receiver() as receiver:
        api = receiver.url.removesuffix("/alarms")
        async with eyes(database_url, tmp_path, api_url=api) as watching:
            assert await watching.see() == {}
            receiver.answer = lambda request: Answer(503, b'{"detail": "log: it is behind"}')
            assert await watching.see() == {"readiness": "log: it is behind"}
            receiver.answer = lambda request: Answer(500)
            assert set(await watching.see()) == {"api"}
    async with eyes(database_url, tmp_path, api_url=api) as watching:
        assert set(await watching.see()) == {"api"}


async def test_a_disk_that_is_nearly_full(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path, free_mb=10**9) as watching:
        assert set(await watching.see()) == {"disk"}
    async with eyes(database_url, tmp_path / "gone") as watching:
        assert set(await watching.see()) == {"disk"}


async def test_a_clock_that_jumps_or_differs(well: Pool, database_url: str, tmp_path: Path) -> None:
    async with eyes(database_url, tmp_path) as watching:
        watching.wall.advance(timedelta(seconds=-3600))
        seen = [sight for sight in await watching.lookout.look() if sight.part == "clock"]
        assert [sight.at_once for sight in seen] == [True, False]
        assert "back by 3600 s" in seen[0].detail
        assert "ahead of this one" in seen[1].detail
        watching.wall.advance(timedelta(seconds=3600))
        assert "forwards" in (await watching.see())["clock"]
        assert await watching.see() == {}


@dataclass
class Script:
    """A lookout that sees what it is told to see."""

    sights: list[Sight] = field(default_factory=list)

    async def look(self) -> list[Sight]:
        return self.sights


@dataclass
class Ears:
    """Operators at the end of a path that may be broken."""

    name: str = "ears"
    broken: bool = False
    words: list[Word] = field(default_factory=list)

    async def send(self, word: Word, now: datetime) -> None:
        if self.broken:
            raise SendError("it is broken")
        self.words.append(word)

    def heard(self) -> list[tuple[str, News]]:
        heard = [(notice.part, notice.news) for word in self.words for notice in word.notices]
        self.words.clear()
        return heard


@dataclass
class Dog:
    """A watchdog that turns when told to; `again` is a new one, as after a kill."""

    folder: Path
    http: httpx.AsyncClient
    heartbeat_url: str | None = None
    script: Script = field(default_factory=Script)
    ears: tuple[Ears, ...] = (Ears(),)
    steady: Steady = field(default_factory=Steady)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        wall = ManualClock(NIGHT + timedelta(seconds=self.steady()))
        self.dog = Watchdog(
            self.script,  # type: ignore[arg-type]
            self.ears,
            Heartbeat(self.http, self.heartbeat_url, 0),
            self.folder,
            Patience(LASTING, timedelta(minutes=30)),
            wall,
            self.steady,
        )

    async def turn(self, *sights: Sight, after: float = 0) -> list[tuple[str, News]]:
        self.steady.seconds += after
        self.script.sights = list(sights)
        await self.dog.turn()
        return self.ears[0].heard()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


DOWN = Sight("database", "no answer")


async def test_told_once_after_a_while_and_when_it_is_over(tmp_path: Path, http: httpx.AsyncClient) -> None:
    dog = Dog(tmp_path, http, ears=(Ears(),))
    assert await dog.turn(DOWN) == []
    assert await dog.turn(DOWN, after=29) == []
    assert await dog.turn(DOWN, after=1) == [("database", News.BEGUN)]
    assert await dog.turn(DOWN, after=60) == []
    assert await dog.turn(after=1) == []
    assert await dog.turn(after=30) == [("database", News.OVER)]
    assert await dog.turn(after=30) == []


async def test_a_standstill_counts_from_the_last_turn_but_not_from_before_the_watchdog(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    dog = Dog(tmp_path, http, ears=(Ears(),))
    hours = Sight("notifier", "it has stood still", timedelta(hours=5))
    assert await dog.turn(hours) == []
    assert await dog.turn(hours, after=30) == [("notifier", News.BEGUN)]
    later = Sight("escalator", "it has stood still", timedelta(seconds=30))
    assert await dog.turn(hours, later, after=60) == [("escalator", News.BEGUN)]


async def test_a_path_that_is_broken_is_tried_until_it_takes_it(tmp_path: Path, http: httpx.AsyncClient) -> None:
    one, other = Ears("one"), Ears("other", broken=True)
    dog = Dog(tmp_path, http, ears=(one, other))
    jump = Sight("clock", "it jumped", at_once=True)
    assert await dog.turn(jump) == [("clock", News.BEGUN)]
    assert await dog.turn(jump, after=5) == []
    other.broken = False
    assert await dog.turn(jump, after=5) == []
    assert other.heard() == [("clock", News.BEGUN)]


async def test_a_watchdog_that_begins_anew_remembers(tmp_path: Path, http: httpx.AsyncClient) -> None:
    dog = Dog(tmp_path, http, ears=(Ears(),))
    await dog.turn(DOWN)
    assert await dog.turn(DOWN, after=30) == [("database", News.BEGUN)]
    dog.again()
    assert await dog.turn(DOWN, after=40) == []
    await dog.turn()
    dog.again()
    assert await dog.turn(after=30) == [("database", News.OVER)]
    assert read_books(tmp_path) == {"ears": {}}


async def test_a_folder_that_cannot_be_written_keeps_nobody_from_being_told_once(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    dog = Dog(tmp_path / "gone", http, ears=(Ears(),))
    await dog.turn(DOWN)
    assert await dog.turn(DOWN, after=30) == [("database", News.BEGUN)]
    assert await dog.turn(DOWN, after=30) == []


async def test_the_parting_word_leaves_other_troubles_as_they_were(tmp_path: Path, http: httpx.AsyncClient) -> None:
    dog = Dog(tmp_path, http, ears=(Ears(broken=True), Ears("other")))
    await dog.turn(DOWN)
    await dog.turn(DOWN, after=30)
    dog.ears[0].broken = False
    await dog.dog.part("it was killed", retry_seconds=0)
    assert dog.ears[0].heard() == [("database", News.BEGUN), ("vaka", News.BEGUN)]
    assert dog.ears[1].heard() == [("database", News.BEGUN), ("vaka", News.BEGUN)]


async def test_the_heartbeat_stops_as_soon_as_anything_is_wrong(tmp_path: Path, http: httpx.AsyncClient) -> None:
    with webhook_receiver() as outside:
        dog = Dog(tmp_path, http, outside.url, ears=(Ears(),))
        await dog.turn()
        outside.take()
        await dog.turn(DOWN)
        assert outside.requests.empty()
        outside.answer = lambda request: Answer(500)
        await dog.turn()
        outside.take()


async def test_turns_go_on_after_one_that_failed(tmp_path: Path, http: httpx.AsyncClient) -> None:
    dog, stop, turns = Dog(tmp_path, http, ears=(Ears(),)), asyncio.Event(), 0
    looks: list[Any] = [RuntimeError("a fault"), []]

    async def look() -> list[Sight]:
        result = looks.pop(0)
        if isinstance(result, Exception):
            raise result
        stop.set()
        return list(result)

    def count() -> None:
        nonlocal turns
        turns += 1

    dog.script.look = look  # type: ignore[method-assign]
    await dog.dog.run(stop, 0.001, count)
    assert (turns, looks) == (1, [])


NOTICES = [Notice("notifier", News.BEGUN, "it has stood still", NIGHT)]


async def test_a_webhook_is_told_in_words_and_in_data(http: httpx.AsyncClient) -> None:
    word = word_of(NOTICES, NIGHT)
    with webhook_receiver() as receiver:
        await WebhookPath(http, receiver.url).send(word, NIGHT)
        (request,) = receiver.take()
        assert request.json["notices"] == [
            {"part": "notifier", "news": "begun", "detail": "it has stood still", "since": NIGHT.isoformat()}
        ]
        assert "notifier is in trouble" in request.json["text"]
        assert request.json["id"] == word.id == word_of(NOTICES, NIGHT).id
        receiver.answer = lambda request: Answer(500)
        with pytest.raises(SendError, match="500"):
            await WebhookPath(http, receiver.url).send(word, NIGHT)
    with pytest.raises(SendError):
        await WebhookPath(http, receiver.url).send(word, NIGHT)


class Mailbox:
    """Takes mail for everybody but `nobody@...`."""

    def __init__(self) -> None:
        self.mail: list[Envelope] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 there is nobody"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mail.append(envelope)
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[tuple[str, Mailbox]]:
    from vaka.embedded.ports import free_port

    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}", mailbox
    controller.stop()


async def test_mail_is_sent_by_the_watchdog_itself(mail_server: tuple[str, Mailbox]) -> None:
    server, mailbox = mail_server
    path = EmailPath(server, "vaka@provby.example", ["drift@provby.example", "jour@provby.example"])
    await path.send(word_of(NOTICES, NIGHT), NIGHT)
    (envelope,) = mailbox.mail
    assert envelope.rcpt_tos == ["drift@provby.example", "jour@provby.example"]
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content)
    assert "notifier is in trouble" in message["Subject"]
    assert "it has stood still" in message.get_payload()
    with pytest.raises(SendError):
        await EmailPath(server, "vaka@provby.example", ["nobody@provby.example"]).send(word_of(NOTICES, NIGHT), NIGHT)
    with pytest.raises(SendError):
        await EmailPath("smtp://127.0.0.1:9", "a@b.example", ["c@d.example"]).send(word_of(NOTICES, NIGHT), NIGHT)
