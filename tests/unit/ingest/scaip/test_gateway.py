"""Requests and their answers, with a log that commits when the test says so."""

import asyncio
import re

import pytest

from events.delivery import Heard, Lane, Rejected, Rejection
from ingest.scaip import gateway as module
from ingest.scaip.document import Fault, parse, write
from ingest.scaip.gateway import Gateway
from tests.unit.ingest.scaip.conftest import NOW, Log, unknown

pytestmark = pytest.mark.anyio


def request(**tags: str) -> bytes:
    fields = {"ref": "1243", "cid": "678", "dty": "3", **tags}
    return write({tag: text for tag, text in fields.items() if text})


def gateway(log: Log, *, hold: float = 1000, part: float = 1000, heartbeat: int | None = None) -> Gateway:
    return Gateway(log.offer, lambda: NOW, hold_seconds=hold, part_seconds=part, heartbeat_minutes=heartbeat)


async def snu(gateway: Gateway, body: bytes) -> int:
    found = re.search(rb"<snu>(\d+)</snu>", await gateway.answer(body))
    assert found is not None
    return int(found[1])


async def test_handled_means_committed(log: Log) -> None:
    log.at_once = False
    asking = asyncio.create_task(gateway(log).answer(request()))
    await log.until_offered(1)
    (delivery,) = log.offered
    assert (delivery.topic, delivery.payload, delivery.lane) == ("scaip/678", request(), Lane.SCAIP)
    (press,) = delivery.content
    assert isinstance(press, Heard)
    assert press.kind == "alarm_pressed"
    assert not asking.done()
    log.settle()
    assert await asking == b"<mrs><ref>1243</ref><snu>0</snu></mrs>"


async def test_hold_while_it_is_in_progress_and_handled_when_it_is_asked_again(log: Log) -> None:
    log.at_once = False
    gate = gateway(log, hold=0)
    assert [await snu(gate, request()) for _ in range(3)] == [4, 4, 4]
    assert len(log.offered) == 1
    log.settle()
    log.at_once = True
    assert await snu(gateway(log), request()) == 0


async def test_a_repetition_waits_for_the_same_commit(log: Log) -> None:
    log.at_once = False
    gate = gateway(log)
    both = [asyncio.create_task(snu(gate, request())) for _ in range(2)]
    await log.until_offered(1)
    log.settle()
    assert await asyncio.gather(*both) == [0, 0]
    assert len(log.offered) == 1


async def test_what_is_asked_again_after_an_answer_goes_to_the_log_again(log: Log) -> None:
    """The log knows what it has; the gateway need not, and would have forgotten at a restart anyway."""
    gate = gateway(log)
    assert [await snu(gate, request()) for _ in range(2)] == [0, 0]
    keys = [one.key for delivery in log.offered for one in delivery.content if isinstance(one, Heard)]
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Rejection.UNKNOWN_DEVICE, 5),
        (Rejection.REFUSED_BY_DATABASE, 5),
        (Rejection.FUTURE_TIME, 3),
        (Rejection.PARTLY_MALFORMED, 0),
    ],
)
async def test_what_the_log_refuses(log: Log, reason: Rejection, status: int) -> None:
    log.refuse = lambda delivery: Rejected(reason, "because")
    assert await snu(gateway(log), request()) == status


async def test_a_controller_that_is_registered_meanwhile_is_treated(log: Log) -> None:
    gate = gateway(log)
    log.refuse = unknown
    assert await snu(gate, request()) == 5
    log.refuse = lambda delivery: None
    assert await snu(gate, request()) == 0


@pytest.mark.parametrize(
    ("body", "status", "topic", "reason"),
    [
        (b" " * 20_000, 1, "scaip/", Rejection.TOO_LARGE),
        (b"<mrq>", 2, "scaip/", Rejection.MALFORMED),
        (request(stc="ten"), 3, "scaip/678", Rejection.MALFORMED),
        (request(dty="14", stc="999"), 5, "scaip/678", Rejection.UNKNOWN_KIND),
        (request(dty=""), 7, "scaip/678", Rejection.MALFORMED),
        (request(ref=""), 10, "scaip/678", Rejection.MALFORMED),
    ],
)
async def test_faults_are_answered_and_kept(log: Log, body: bytes, status: int, topic: str, reason: Rejection) -> None:
    assert await snu(gateway(log), body) == status
    (delivery,) = log.offered
    assert (delivery.topic, delivery.payload) == (topic, body)
    (refused,) = delivery.content
    assert isinstance(refused, Rejected)
    assert refused.reason is reason


async def test_a_gateway_that_cannot_take_more_is_busy(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    log.at_once = False
    gate = gateway(log, hold=0)
    assert [await snu(gate, request(ref=ref)) for ref in "123"] == [4, 4, 6]
    assert [await snu(gate, b"<mrq>")] == [6]
    log.settle()
    assert await snu(gate, b"<mrq>") == 2


@pytest.mark.parametrize(
    ("options", "minutes", "interval"),
    [("001", 60, True), ("1", 60, True), ("0", 60, False), ("", 60, False), ("001", None, False)],
)
async def test_an_interval_is_told_to_those_who_let_themselves_be_told(
    log: Log, options: str, minutes: int | None, interval: bool
) -> None:
    answer = await gateway(log, heartbeat=minutes).answer(request(mty="PI", hbo=options))
    assert (b"<hbi>60</hbi>" in answer) is interval


async def test_parts_are_one_delivery(log: Log) -> None:
    gate = gateway(log)
    assert await snu(gate, request(ame="1", lte="in the ")) == 0
    assert log.offered == []
    assert await snu(gate, request(lte="hall", stc="10")) == 0
    (delivery,) = log.offered
    whole = parse(delivery.payload)
    assert (whole.get("lte"), whole.state, whole.more) == ("in the hall", 10, False)


async def test_parts_whose_rest_does_not_come_are_a_delivery_too(log: Log) -> None:
    gate = gateway(log, part=0)
    assert await snu(gate, request(ame="1", lte="hall")) == 0
    await log.until_offered(1)
    assert parse(log.offered[0].payload).get("lte") == "hall"


async def test_what_waits_for_its_other_parts_is_handed_over_at_the_end(log: Log) -> None:
    gate = gateway(log)
    await gate.answer(request(ame="1"))
    gate.close()
    assert len(log.offered) == 1


async def test_a_fault_in_the_last_part_does_not_take_the_first_with_it(log: Log) -> None:
    gate = gateway(log)
    await gate.answer(request(ame="1", stc="10"))
    assert await snu(gate, request(stc="ten")) == 3
    gate.close()
    kinds = [one.kind for delivery in log.offered for one in delivery.content if isinstance(one, Heard)]
    assert kinds == ["alarm_pressed"]
    with pytest.raises(Fault):
        parse(log.offered[0].payload)
