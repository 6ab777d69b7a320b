"""From documents to events: who speaks, what staff are told, and what is the same message."""

from datetime import UTC, datetime, timedelta

import msgspec

from events.delivery import Content, Heard, Rejected, Rejection
from events.devices import Family, Origin
from events.messages import AlarmPressed, CallUpdated, Fault, Position
from ingest.scaip.document import write
from ingest.scaip.meaning import read, topic_of

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CONTROLLER = Origin(Family.SCAIP, "", "678")


def said(**tags: str) -> Content:
    fields = {"ref": "1243", "cid": "678", "dty": "3", **tags}
    return read(topic_of("678"), write(fields), NOW)


def heard(**tags: str) -> list[Heard]:
    content = said(**tags)
    assert all(isinstance(one, Heard) for one in content), content
    return [one for one in content if isinstance(one, Heard)]


def only(**tags: str) -> Heard:
    (one,) = heard(**tags)
    return one


def test_who_speaks() -> None:
    assert only(did="P-1").origins == (Origin(Family.SCAIP, "678", "P-1"), CONTROLLER)
    assert only().origins == (Origin(Family.SCAIP, "678", "3"), CONTROLLER)
    assert only(dty="0003", dco="002").origins == (Origin(Family.SCAIP, "678", "3.2"), CONTROLLER)
    assert only(dty="2").origins == (CONTROLLER,)
    assert only(dty="2", did="U-1").origins == (Origin(Family.SCAIP, "678", "U-1"), CONTROLLER)


def test_a_press_with_all_that_staff_need() -> None:
    press = only(stc="10", lco="021", lva="2", lte="by the stove", crd="+46700000001", geo="59.3,18.1", dte="red one")
    assert press.kind == "alarm_pressed"
    assert press.message == AlarmPressed(
        at=NOW,
        latitude=59.3,
        longitude=18.1,
        place="kök 2 by the stove",
        call_back="+46700000001",
        button="red one",
    )
    assert (press.is_state, press.same_within) == (False, timedelta(hours=1))


def test_what_cannot_be_read_of_it_costs_no_press() -> None:
    press = only(lco="kitchen", geo="here", gga="$GPGGA,,,", crd="1" * 201, lte="x" * 600, dte="y" * 600)
    assert press.message == AlarmPressed(at=NOW, place="x" * 500, button="y" * 100)
    assert only(crd="sip:").message == AlarmPressed(at=NOW, button="larmknapp")


def test_the_document_is_kept_beside_the_event() -> None:
    payload = msgspec.json.decode(only(lte="hall å").payload)
    assert payload["raw"] == "<mrq><ref>1243</ref><cid>678</cid><dty>3</dty><lte>hall å</lte></mrq>"


def test_news_of_a_call() -> None:
    later = only(mty="IN", crd="+46700000001", lte="stairs", dty="5")
    assert later.message == CallUpdated(at=NOW, place="stairs", call_back="+46700000001", about="fall_detected")
    states, news = heard(mty="IN", stc="85", lte="stairs")
    assert (states.kind, states.is_state, news.kind) == ("mains_lost", True, "call_updated")
    assert b"raw" not in news.payload


def test_a_position_beside_what_has_no_room_for_it() -> None:
    alive, position = heard(mty="PI", geo="59.3,18.1")
    assert (alive.kind, alive.is_state) == ("heartbeat", True)
    assert position.message == Position(at=NOW, latitude=59.3, longitude=18.1)


def test_a_fault_is_named_and_told() -> None:
    fault = only(stc="42", stt="no contact", ite="with the pendant").message
    assert fault == Fault(at=NOW, code="failure", text="no contact with the pendant")
    assert only(dty="41").message == Fault(at=NOW, code="power supply")


def test_the_same_reference_is_the_same_message() -> None:
    key = only().key
    assert key == only(stc="0010", lte="elsewhere").key
    others = [only(ref="1244"), only(cid="679"), only(mty="RE"), only(stc="102")]
    assert len({key, *(one.key for one in others)}) == 5


def test_what_is_not_known_is_kept_for_a_person() -> None:
    (refused,) = said(dty="14", stc="999")
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.origin) == (Rejection.UNKNOWN_KIND, Origin(Family.SCAIP, "678", "14"))
    assert "stc: 999 of a device of type 14" in refused.detail


def test_what_cannot_be_read_is_kept_with_the_reason() -> None:
    (refused,) = read("scaip/678", b"<mrq><ref>1</ref><cid>678</cid></mrq>", NOW)
    assert refused == Rejected(Rejection.MALFORMED, "dty is missing", origin=CONTROLLER)
    (refused,) = read("scaip/", b" " * 20_000, NOW)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.origin) == (Rejection.TOO_LARGE, None)
