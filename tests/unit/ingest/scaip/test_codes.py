"""The tables of codes: what becomes what, and that no alarm becomes less than an alarm."""

import pytest

from events.kinds import KINDS
from ingest.scaip import codes
from ingest.scaip.codes import STATES, TYPES, fault_of, kind_of
from ingest.scaip.document import MessageType

ME, RE, IN, PI = MessageType.ALARM, MessageType.RESET, MessageType.INFORMATION, MessageType.HEARTBEAT
REACHES_STAFF = {"alarm_pressed", "fall_detected", "smoke_detected", "leak_detected", "wet_detected", "dose_missed"}
TECHNICAL = {"fault", "tampered"}
EVERY_STATE = [None, *STATES, 0, 128, 999, 10**8 - 1]


@pytest.mark.parametrize(
    ("type", "dty", "state", "kind"),
    [
        (ME, 2, None, "alarm_pressed"),
        (ME, 3, 10, "alarm_pressed"),
        (ME, 5, 9, "fall_detected"),
        (ME, 10, None, "alarm_pressed"),
        (ME, 10, 49, "alarm_pressed"),
        (ME, 10, 7, "motion"),
        (ME, 11, None, "dose_missed"),
        (ME, 11, 10, "alarm_pressed"),
        (ME, 11, 81, "dose_missed"),
        (ME, 11, 83, "dose_taken"),
        (ME, 11, 52, "dispenser_jammed"),
        (ME, 11, 64, "refill_low"),
        (ME, 12, 3, "bed_left"),
        (ME, 12, 117, "bed_entered"),
        (ME, 13, 71, "mat_on"),
        (ME, 14, 76, "door_opened"),
        (ME, 14, 77, "alarm_pressed"),
        (ME, 16, 9, "wet_detected"),
        (ME, 17, 9, "alarm_pressed"),
        (ME, 23, None, "smoke_detected"),
        (ME, 23, 70, "smoke_cleared"),
        (ME, 33, 9, "leak_detected"),
        (ME, 42, 107, "unlock_denied"),
        (ME, 42, 127, "unlocked"),
        (ME, 45, 85, "mains_lost"),
        (ME, 45, 16, "fault"),
        (ME, 3, 102, "test_alarm"),
        (ME, 3, 123, "offline"),
        (ME, 3, 70, "heartbeat"),
        (ME, 3, 19, "alarm_cancelled"),
        (ME, 3, 999, "alarm_pressed"),
        (ME, 14, 999, None),
        (ME, 950, None, "alarm_pressed"),
        (ME, 950, 999, "alarm_pressed"),
        (RE, 3, None, "alarm_cancelled"),
        (RE, 5, 92, "alarm_cancelled"),
        (RE, 23, None, "smoke_cleared"),
        (RE, 45, 85, "mains_restored"),
        (RE, 38, 125, "tamper_cleared"),
        (RE, 11, 81, "heartbeat"),
        (IN, 45, 86, "mains_restored"),
        (IN, 3, 10, "heartbeat"),
        (IN, 12, 3, "bed_left"),
        (IN, 3, None, "heartbeat"),
        (PI, 2, None, "heartbeat"),
        (PI, 2, 16, "fault"),
        (PI, 2, 10, "heartbeat"),
    ],
)
def test_what_a_device_says(type: MessageType, dty: int, state: int | None, kind: str | None) -> None:
    assert kind_of(type, dty, state) == kind


@pytest.mark.parametrize("dty", [*TYPES, 0, 900, 999])
def test_what_a_controller_calls_an_alarm_reaches_a_person(dty: int) -> None:
    """A fault of the equipment itself reaches operators."""
    for state in (None, 9, 10, 11):
        assert kind_of(ME, dty, state) in REACHES_STAFF | TECHNICAL, state
    if TYPES.get(dty, codes.UNKNOWN_TYPE).pressed:
        assert all(kind_of(ME, dty, state) in REACHES_STAFF for state in (None, 6, 7, 9, 10, 11, 110, 0, 128, 999))


@pytest.mark.parametrize("dty", [*TYPES, 0, 900, 999])
def test_only_a_message_of_alarm_alarms(dty: int) -> None:
    calls = {"alarm_pressed", "fall_detected", "smoke_detected"}
    told = {kind_of(type, dty, state) for type in (RE, IN, PI) for state in EVERY_STATE}
    assert told & calls == set()


@pytest.mark.parametrize("dty", [*TYPES, 0, 999])
def test_all_that_comes_out_is_in_the_vocabulary(dty: int) -> None:
    kinds = {kind_of(type, dty, state) for type in MessageType for state in EVERY_STATE}
    assert kinds - {None} <= KINDS.keys()


def test_every_code_of_the_standard_is_there() -> None:
    assert [code for code in range(2, 52) if code not in TYPES] == []
    assert [code for code in range(2, 128) if code not in STATES] == []


def test_a_fault_goes_by_the_name_it_came_with() -> None:
    for lost, back in ((23, 112), (24, 113), (25, 114), (26, 115), (27, 116), (16, 15), (14, 15)):
        assert (kind_of(IN, 2, lost), kind_of(IN, 2, back)) == ("fault", "fault_cleared")
        assert fault_of(lost) == fault_of(back) is not None
    assert fault_of(42) == "failure"
    assert (fault_of(None), fault_of(999), fault_of(10)) == (None, None, None)
