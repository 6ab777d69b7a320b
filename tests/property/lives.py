"""Lives of the owner of the log: what is said and planned, ticks, outages, snapshots and crashes, in any order."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.property.world import PLACES, RESIDENTS, Away, Owner, Place, Planned, Said, Tables, Thing

KINDS = (
    "motion",
    "door_opened",
    "door_closed",
    "bed_left",
    "bed_entered",
    "check_done",
    "check_failed",
    "unlock_denied",
    "unlocked",
    "leak_detected",
    "dispenser_jammed",
    "refill_low",
    "dose_taken",
    "dose_missed",
    "alarm_pressed",
    "alarm_cancelled",
    "fall_detected",
    "smoke_detected",
    "heartbeat",
    "test_alarm",
)


NOW = timedelta(0)


class Turn(NamedTuple):
    """One turn of the loop. `after`: since the one before; `fails`: the transaction is taken back."""

    after: timedelta
    things: tuple[Thing, ...] = ()
    waited: float = 0
    fails: bool = False


class Reconnected(NamedTuple):
    """The broker was lost and is back: there may be a backlog."""


class CaughtUp(NamedTuple):
    """The backlog is read."""


class Saved(NamedTuple):
    """A snapshot is begun, if none is being written, and so many chunks of it are saved; one chunk is one state."""

    chunks: int


class Stopped(NamedTuple):
    """A clean stop, and a start after a while (a negative one: the machine's clock was set back)."""

    after: timedelta


class Crashed(NamedTuple):
    after: timedelta


Event = Turn | Reconnected | CaughtUp | Saved | Stopped | Crashed


def minutes(*values: int) -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(minutes=value) for value in values])


def _windows(*spans: str, remind: int | None) -> dict[str, Any]:
    return {"windows": [{"from": s[:5], "to": s[6:], "remind_after_minutes": remind} for s in spans]}


MEDICINES = st.sampled_from(
    [
        None,
        _windows("08:00-09:00", "20:00-21:00", remind=15),
        _windows("02:00-02:30", "03:00-03:30", "13:00-15:00", remind=None),
        _windows("23:30-00:30", "12:00-13:00", remind=0),
        _windows("06:00-06:00", remind=1440),
        {**_windows("08:00-09:00", remind=None), "as_needed": [{"dose": "pain", "at_most": 1, "hours": 4}]},
    ]
)
INACTIVITIES = st.sampled_from(
    [
        None,
        {"limits": [{"minutes": 60}]},
        {"limits": [{"minutes": 240}]},
        {
            "limits": [
                {"minutes": 120, "from": "08:00", "to": "20:00"},
                {"minutes": 300, "from": "20:00", "to": "08:00"},
            ]
        },
        {"limits": [{"minutes": 90}], "quiet": [{"from": "22:00", "to": "02:30"}]},
        {"limits": [{"minutes": 90}], "learned": {}},
    ]
)

ZONE = {"name": "home", "latitude": 59.0, "longitude": 18.0, "radius_m": 300}
OTHERS = st.fixed_dictionaries(
    {
        "doors": st.sampled_from([None, {"open_minutes": 10}]),
        "night": st.sampled_from([None, {"from": "20:00", "to": "14:00", "bed_minutes": 20, "door_minutes": 60}]),
        "supervision": st.sampled_from([None, {"checks": [{"from": "02:15", "to": "03:15"}]}]),
        "conditions": st.sampled_from(
            [
                None,
                [
                    {"name": "at once", "when": {"kind": "leak_detected"}, "priority": 1},
                    {
                        "name": "out",
                        "when": {"kind": "door_opened", "from": "20:00", "to": "12:30"},
                        "unless_before": {"kinds": ["unlocked"], "minutes": 30},
                        "unless_after": {"kinds": ["bed_entered", "motion"], "minutes": 15},
                    },
                ],
            ]
        ),
        "lock": st.sampled_from([None, {"refused_count": 2, "planned": [{"from": "07:00", "to": "21:00"}]}]),
        "geofence": st.sampled_from(
            [
                None,
                {"zones": [ZONE], "dwell_minutes": 10, "silent_minutes": 30},
                {"zones": [ZONE], "dwell_minutes": 60, "hours": [{"from": "01:00", "to": "14:00"}]},
            ]
        ),
    }
)


@st.composite
def whole_plans(draw: st.DrawFn) -> dict[str, Any]:
    """With a name of its own, as the next ones: written out in full, the strategies would be too long to be shown."""
    return {"medicine": draw(MEDICINES), "inactivity": draw(INACTIVITIES), **draw(OTHERS)}


plans = whole_plans()
residents = st.sampled_from(RESIDENTS)
# What can be late or out of order says something else then: most of all doses and signs of life.
kinds = st.sampled_from((*KINDS, *["motion", "dose_taken"] * 4))
times = st.just(NOW) | minutes(-5, 1, 5, 30, 60, 90, 120, 180, 240, 720, 1500, 3000)
places_and_doses = st.sampled_from(
    [("position", (("latitude", latitude), ("longitude", 18.0))) for latitude in (59.0, 59.1, 59.2)]
    + [("dose_taken", (("dose", "pain"),)), ("refill_low", (("doses_left", 0),))]
)


@st.composite
def says(draw: st.DrawFn) -> Said:
    resident, ago = draw(residents), draw(times)
    if draw(st.integers(0, 3)):
        return Said(resident, draw(kinds), ago)
    kind, fields = draw(places_and_doses)
    return Said(resident, kind, ago, fields)


@st.composite
def clocks_off(draw: st.DrawFn) -> tuple[Turn, ...]:
    """A clock that is off is off by the same each time, and is measured every three hours."""
    resident, off, late = (
        draw(residents),
        draw(minutes(-3000, -40, -1, 1, 40, 120, 30_000_000)),
        draw(minutes(0, 30, 240)),
    )
    heard = (("motion", NOW), ("dose_taken", late), ("alarm_pressed", late), ("bed_left", NOW))
    return tuple(
        Turn(timedelta(hours=3), (Said(resident, "heartbeat", off), Said(resident, kind, off + ago)))
        for kind, ago in heard
    )


said = says()
paused = st.builds(
    Away,
    residents,
    st.sampled_from(("one", "other")),
    minutes(-60, 0, 30, 720),
    minutes(1, 60, 720, 1500),
    st.sampled_from(((), ("medicine",), ("passive_alarm", "lock"))),
)
things = st.lists(said | said | st.builds(Planned, residents, plans) | paused, max_size=4).map(tuple)
late = st.builds(
    Said, residents, st.sampled_from(("motion", "dose_taken")), minutes(15, 30, 60, 90, 120, 180, 240), st.just(())
)


def turns_of(
    after: st.SearchStrategy[timedelta],
    things: st.SearchStrategy[tuple[Thing, ...]],
    waited: tuple[float, ...] = (0.0,),
    *,
    fails: bool = False,
) -> st.SearchStrategy[Turn]:
    return st.builds(Turn, after, things, st.sampled_from(waited), st.just(fails))


turns = turns_of(minutes(0, 1, 5, 15, 30, 60, 90, 240, 720, 1500), things, (0.0, 100.0))
ticks = turns_of(minutes(0, 1, 15, 60, 240, 720), st.just(()))
failures = turns_of(minutes(0, 15, 60), things, fails=True)
late_turns = turns_of(minutes(0, 15, 60), st.lists(late, min_size=1, max_size=3).map(tuple))
saves = st.sampled_from([Saved(chunks) for chunks in (1, 2, len(RESIDENTS))])
stops = minutes(-60, 0, 60, 720).map(Stopped)
crashes = minutes(-60, 0, 60, 720).map(Crashed)
lines = st.sampled_from([Reconnected(), CaughtUp()])
first_plans = st.tuples(*(st.builds(Planned, st.just(resident), plans) for resident in RESIDENTS))
places = st.sampled_from(PLACES)


def _one_after_the_other(*steps: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Event, ...]]:
    return st.tuples(*steps)


# What goes wrong does so in the midst of things: a crash while a snapshot is written, or while deadlines wait.
_scenes = st.one_of(
    *map(_one_after_the_other, (turns, ticks, failures, saves, stops, crashes, lines)),
    _one_after_the_other(st.just(CaughtUp()), turns, turns),
    _one_after_the_other(ticks, late_turns),
    clocks_off(),
    _one_after_the_other(saves, saves, saves),
    _one_after_the_other(saves, turns, ticks, saves, crashes, turns, lines),
    _one_after_the_other(lines, turns, saves, turns, crashes, turns, lines),
)
histories = st.lists(_scenes, min_size=2, max_size=12).map(
    lambda scenes: [event for scene in scenes for event in scene]
)


class Life:
    """Lives through events; `tables` is what is left of it."""

    def __init__(self, place: Place) -> None:
        self.tables = Tables([], {}, [], [])
        self.now: datetime = place.noon
        self._zone = place.zone
        self.owner = self._start()

    def go_through(self, event: Event) -> None:
        match event:
            case Turn():
                self.now += event.after
                self.owner.batch(self.now, event.things, waited=event.waited, fails=event.fails)
            case Reconnected():
                self.owner.catch_up.begin()
                self.owner.caught_up = False
            case CaughtUp():
                self.owner.caught_up = True
            case Saved():
                self.owner.begin_snapshot()
                for _ in range(event.chunks):
                    self.owner.save_chunk()
            case Stopped():
                self.owner.stop()
                self.now += event.after
                self.owner = self._start()
            case Crashed():
                self.now += event.after
                self.owner = self._start()

    def _start(self) -> Owner:
        return Owner(self.tables, self._zone)


def lived(place: Place, plans: tuple[Planned, ...], history: list[Event]) -> Life:
    """A life that begins with these plans."""
    life = Life(place)
    life.go_through(Turn(NOW, plans))
    for event in history:
        life.go_through(event)
    return life
