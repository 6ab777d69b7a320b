"""One resident's home, told in lines of text, and what the rules decide there.

A line is a time and what is received then: `08:05 dose_taken`, `09:30 dose_taken at 08:05`, or the time alone, which
only passes. Fields follow: `22:10 door_opened door=front`, and `device` says whose words they are. Times are local;
`+1 08:05` is the day after the first one, `01:30Z` is UTC. Decisions come back in the same words.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from events.codec import control_kind, decode_message
from events.control import CatchUpBegan, CatchUpEnded, Control, PauseChanged, PlanChanged
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, resident_key
from events.kinds import Technology
from events.log import Entry
from rules.decisions import Annotate, AnyDecision, Failed, Raise, Remind, Withdraw
from rules.partition import Partition
from rules.state import ResidentState

MONDAY = date(2026, 3, 2)
RESIDENT = ResidentId("testa")
KEY = resident_key(RESIDENT)
DEVICE = DeviceId("device-1")


class Paused(NamedTuple):
    """Not watched between two times, as lines write them."""

    start: str
    end: str
    technologies: tuple[Technology, ...] = ()
    id: str = "pause-1"


Line = str | tuple[str, dict[str, Any] | Paused]

_LINE = re.compile(
    r"(?P<time>(\+\d+ )?\d\d:\d\dZ?)( (?P<kind>[a-z_]+))?( at (?P<at>(\+\d+ )?\d\d:\d\dZ?))?"
    r"(?P<fields>( [a-z_]+=\S+)*)"
)


class Home:
    """Plays lines through a partition, as the owner of the log would."""

    def __init__(
        self, plan: dict[str, Any] | None = None, *, day: date = MONDAY, zone: str = "Europe/Stockholm"
    ) -> None:
        self.day = day
        self.zone = zone
        self.utc = False
        self.partition = Partition()
        self.decisions: list[AnyDecision] = []
        self._position = 0
        self._version = 0
        if plan is not None:
            self.play(("00:00", plan))

    @property
    def state(self) -> ResidentState:
        return self.partition.states[KEY]

    def play(self, *lines: Line) -> list[str]:
        """What these lines lead to. A pair of a time and a plan or a pause is a change of it."""
        return [self.told(decision) for line in lines for decision in self._play(line)]

    def time(self, text: str) -> datetime:
        """The UTC time that `text` means."""
        days, clock = text.split(" ") if " " in text else ("+0", text)
        self.utc = self.utc or clock.endswith("Z")
        zone = UTC if clock.endswith("Z") else ZoneInfo(self.zone)
        day = self.day + timedelta(days=int(days))
        return datetime.combine(day, time.fromisoformat(clock.rstrip("Z")), zone).astimezone(UTC)

    def clock(self, moment: datetime) -> str:
        """`moment` as lines write it."""
        local = moment if self.utc else moment.astimezone(ZoneInfo(self.zone))
        days = (local.date() - self.day).days
        return (f"{days:+} " if days else "") + f"{local:%H:%M}" + ("Z" if self.utc else "")

    def told(self, decision: AnyDecision) -> str:
        return " ".join((self.clock(decision.at), *self._words(decision)))

    def _words(self, decision: AnyDecision) -> Iterator[str]:
        yield {Raise: "raise", Withdraw: "withdraw", Annotate: "annotate", Remind: "remind", Failed: "failed"}[
            type(decision)
        ]
        yield decision.reason
        if isinstance(decision, Failed):
            yield decision.detector
        if "window" in decision.detail and not self.utc:
            yield decision.detail["window"]
        if "since" in decision.detail:
            yield "since " + self.clock(datetime.fromisoformat(decision.detail["since"]))

    def _play(self, line: Line) -> list[AnyDecision]:
        entry = self.entry(line)
        made = self.partition.apply(entry) if entry is not None else []
        now = entry.received_at if entry is not None else self.time(str(line))
        made = [*made, *self.partition.fire(now)]
        self.partition.commit()
        self.decisions += made
        return made

    def entry(self, line: Line) -> Entry | None:
        """The next entry of the log; None when only time passes."""
        if not isinstance(line, str):
            when, plan = line
            if isinstance(plan, Paused):
                return self._control(self.time(when), self._pause(plan), KEY)
            self._version += 1
            changed = PlanChanged(resident=RESIDENT, version=self._version, timezone=self.zone, plan=plan)
            return self._control(self.time(when), changed, KEY)
        match = _LINE.fullmatch(line)
        assert match is not None, line
        now, kind, at = self.time(match["time"]), match["kind"], match["at"]
        if kind is None:
            return None
        if kind == "catch_up_began":
            return self._control(now, CatchUpBegan(fired_to=self.partition.fired_to or now))
        if kind == "catch_up_ended":
            return self._control(now, CatchUpEnded(complete=True))
        occurred = self.time(at) if at is not None else now
        fields: dict[str, Any] = {"latitude": 0.0, "longitude": 0.0} if kind == "position" else {}
        fields |= {name: _value(text) for name, text in (pair.split("=") for pair in match["fields"].split())}
        device = DeviceId(fields.pop("device", DEVICE))
        data = decode_message(kind, msgspec.json.encode({"at": occurred, **fields}))
        return Entry(self._next(), KEY, kind, data, occurred, now, device=device, resident=RESIDENT)

    def _pause(self, pause: Paused) -> PauseChanged:
        start, end = self.time(pause.start), self.time(pause.end)
        return PauseChanged(
            pause=pause.id, resident=RESIDENT, start=start, end=end, technologies=list(pause.technologies)
        )

    def _control(self, now: datetime, control: Control, key: Key = EVERYBODY) -> Entry:
        return Entry(self._next(), key, control_kind(control), control, now, now)

    def _next(self) -> int:
        self._position += 1
        return self._position


def _value(text: str) -> str | int | float:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    return float(text) if "." in text else int(text)
