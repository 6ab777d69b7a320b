"""The two recordings: every kind of line, what is wrong with a wrong one, and the files counted exactly."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from events import messages as m
from events.codec import encode_message, same_event_key
from events.ids import DeviceId
from simulators.recordings import FORMATS, BadLine, read_casas, read_ordonez, read_recording
from simulators.timed import TimedMessage

DATA = Path(__file__).parents[3].parent / "shared" / "data"
DEVICE = DeviceId("demo-r-0001-replay-sensors")
STOCKHOLM = "Europe/Stockholm"
ORDONEZ_HEADER = ["Start time\tEnd time\tLocation\tType\tPlace\r\n", "----\t----\t----\t----\t----\r\n"]


def recording(name: str, form: str) -> list[TimedMessage]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside the repository, in ../shared/data")
    return list(read_recording(path, form, DEVICE, STOCKHOLM))


def assert_whole(messages: list[TimedMessage]) -> None:
    assert [said.time for said in messages] == sorted(said.time for said in messages)
    keys = {same_event_key(said.device, said.kind, said.message, encode_message(said.message)) for said in messages}
    assert len(keys) == len(messages)
    assert {said.device for said in messages} == {DEVICE}


def test_casas_is_counted_exactly() -> None:
    """61,578 lines: 30,555 ON (91 of them lights), 30,557 OFF, 233 OPEN, 233 CLOSE."""
    messages = recording("al-smarthome-30days.txt", "casas")
    assert Counter(said.kind for said in messages) == {
        "motion": 30464,
        "used": 91,
        "door_opened": 233,
        "door_closed": 233,
    }
    assert_whole(messages)
    assert messages[0].time == datetime(2011, 6, 14, 23, 3, 39, 149620, tzinfo=UTC)
    assert messages[-1].time == datetime(2011, 7, 14, 20, 25, 27, 443038, tzinfo=UTC)


def test_ordonez_is_counted_exactly() -> None:
    """409 stretches of time: 15 bed, 31 door, 81 seat, 97 PIR (one without length), 185 others."""
    messages = recording("ordonez-a-sensors.txt", "ordonez")
    assert Counter(said.kind for said in messages) == {
        "bed_entered": 15,
        "bed_left": 15,
        "door_opened": 31,
        "door_closed": 31,
        "motion": 2 * (81 + 97) - 1,
        "used": 185,
    }
    assert_whole(messages)
    assert messages[0].time == datetime(2011, 11, 28, 1, 27, 59, tzinfo=UTC)
    assert messages[-1].time == datetime(2011, 12, 12, 6, 22, 21, tzinfo=UTC)


AT = datetime(2011, 6, 15, 6, 14, 13, 500000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Bedroom Bedroom ON Sleep", m.Motion(at=AT, room="Bedroom")),
        ("LoungeChair LivingRoom ON Read", m.Motion(at=AT, room="LivingRoom")),
        ("OutsideDoor Entry ON Step_Out", m.Motion(at=AT, room="Entry")),
        ("Kitchen KitchenLight ON Cook", m.Used(at=AT, what="KitchenLight")),
        ("OutsideDoor FrontDoor OPEN Leave_Home", m.DoorOpened(at=AT, door="FrontDoor")),
        ("OutsideDoor FrontDoor CLOSE Leave_Home", m.DoorClosed(at=AT, door="FrontDoor")),
        ("Bedroom Bedroom OFF Sleep", None),
        ("Kitchen KitchenLight OFF Cook", None),
    ],
)
def test_a_line_of_casas(line: str, expected: m.Message | None) -> None:
    found = list(read_casas([f"2011-06-15 08:14:13.5 {line}\n"], DEVICE, STOCKHOLM))
    assert [said.message for said in found] == ([] if expected is None else [expected])


START, END = datetime(2011, 11, 28, 9, 21, 24, tzinfo=UTC), datetime(2011, 11, 28, 9, 23, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        ("Bed\t\tPressure\tBedroom", [m.BedEntered(at=START), m.BedLeft(at=END)]),
        (
            "Maindoor\tMagnetic\tEntrance",
            [m.DoorOpened(at=START, door="Maindoor"), m.DoorClosed(at=END, door="Maindoor")],
        ),
        ("Seat\t\tPressure\tLiving", [m.Motion(at=START, room="Living"), m.Motion(at=END, room="Living")]),
        ("Basin\tPIR\t\tBathroom", [m.Motion(at=START, room="Bathroom"), m.Motion(at=END, room="Bathroom")]),
        ("Fridge\tMagnetic\tKitchen", [m.Used(at=START, what="Fridge")]),
        ("Toaster\tElectric\tKitchen", [m.Used(at=START, what="Toaster")]),
        ("Toilet\tFlush\tBathroom", [m.Used(at=START, what="Toilet")]),
    ],
)
def test_a_line_of_ordonez(sensor: str, expected: list[m.Message]) -> None:
    line = f"2011-11-28 10:21:24\t\t2011-11-28 10:23:31\t\t{sensor}\t\r\n"
    assert [said.message for said in read_ordonez([*ORDONEZ_HEADER, line], DEVICE, STOCKHOLM)] == expected


def test_a_stretch_without_length_is_one_motion() -> None:
    line = "2011-11-28 10:21:24\t2011-11-28 10:21:24\tBasin\tPIR\tBathroom\n"
    assert len(list(read_ordonez([line], DEVICE, STOCKHOLM))) == 1


def test_stretches_that_overlap_come_out_by_time() -> None:
    lines = [
        "2011-11-28 10:00:00\t2011-11-28 10:30:00\tBed\tPressure\tBedroom\n",
        "2011-11-28 10:10:00\t2011-11-28 10:20:00\tBasin\tPIR\tBathroom\n",
        "2011-11-28 10:20:00\t2011-11-28 10:20:00\tToilet\tFlush\tBathroom\n",
        "2011-11-28 10:40:00\t2011-11-28 10:41:00\tMaindoor\tMagnetic\tEntrance\n",
    ]
    kinds = [said.kind for said in read_ordonez(lines, DEVICE, STOCKHOLM)]
    assert kinds == ["bed_entered", "motion", "motion", "used", "bed_left", "door_opened", "door_closed"]


def test_times_are_the_wall_clock_of_the_zone() -> None:
    line = "2011-06-15 08:14:13.5 Bedroom Bedroom ON Sleep"
    (said,) = read_casas([line], DEVICE, "America/Los_Angeles")
    assert said.time == said.message.at == datetime(2011, 6, 15, 15, 14, 13, 500000, tzinfo=UTC)


GOOD = "2011-06-15 08:14:13.5 Bedroom Bedroom ON Sleep\n"
STRETCH = "2011-11-28 10:21:24\t2011-11-28 10:23:31\t"


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("casas", "hello"),
        ("casas", "2011-06-15 08:14:13.5 Bedroom Bedroom ON"),
        ("casas", "2011-06-15 08:14:13.5 Bedroom Bedroom ON Sleep more"),
        ("casas", "2011-06-15 08:14:13.5 Bedroom Bedroom MAYBE Sleep"),
        ("casas", "2011-06-31 08:14:13.5 Bedroom Bedroom ON Sleep"),
        ("casas", "2011-06-15 25:14:13.5 Bedroom Bedroom ON Sleep"),
        ("casas", "2011-06-15 08:14:13.5+02:00 Bedroom Bedroom ON Sleep"),
        ("ordonez", "hello"),
        ("ordonez", STRETCH + "Basin\tPIR"),
        ("ordonez", STRETCH + "Basin\tPIR\tBathroom\tmore"),
        ("ordonez", STRETCH + "Basin\tPressure\tBathroom"),
        ("ordonez", STRETCH + "Basin\tSonar\tBathroom"),
        ("ordonez", "2011-11-28 10:21:24\t2011-11-28 10:21:23\tBasin\tPIR\tBathroom"),
        ("ordonez", "2011-11-28 10:21:24\t2011-11-31 10:21:24\tBasin\tPIR\tBathroom"),
        ("ordonez", ORDONEZ_HEADER[0].strip()),
    ],
)
def test_a_malformed_line_is_named_by_number_and_content(form: str, line: str) -> None:
    good = GOOD if form == "casas" else STRETCH + "Basin\tPIR\tBathroom\n"
    with pytest.raises(BadLine) as raised:
        list(FORMATS[form]([good, "\n", good, line + "\n", good], DEVICE, STOCKHOLM))
    assert raised.value.number == 4
    assert "line 4" in str(raised.value)
    assert repr(line) in str(raised.value)


def test_bytes_that_are_no_text_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "recording.txt"
    path.write_bytes(GOOD.encode() + b"\xff\xfe\n")
    with pytest.raises(BadLine) as raised:
        list(read_recording(path, "casas", DEVICE, STOCKHOLM))
    assert "line 2" in str(raised.value)
    assert "xff" in str(raised.value)


@pytest.mark.parametrize("form", FORMATS)
def test_lines_are_read_as_needed(form: str) -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for minute in range(60):
            taken += 1
            at = f"2011-11-28 10:{minute:02d}:00"
            yield f"{at} Hall Hall ON Rest" if form == "casas" else f"{at} {at} Basin PIR Bathroom"

    first = next(FORMATS[form](lines(), DEVICE, STOCKHOLM))
    assert first.time == datetime(2011, 11, 28, 9, tzinfo=UTC)
    assert taken <= 2
