"""Requests that came in parts: put together, never judged by half, never forgotten."""

import pytest

from ingest.scaip import parts as module
from ingest.scaip.document import Document, of_fields
from ingest.scaip.parts import Parts

pytestmark = pytest.mark.anyio


def part(more: bool = False, **tags: str) -> Document:
    fields = {"ref": "1", "cid": "678", "dty": "3", **({"ame": "1"} if more else {}), **tags}
    return of_fields(fields)


class Held:
    """Parts that are given up on, when told to be or after `seconds`."""

    def __init__(self, seconds: float = 1000) -> None:
        self.overdue: list[Document] = []
        self.parts = Parts(self.overdue.append, seconds)


async def test_a_request_that_is_whole_is_given_back() -> None:
    whole = part(stc="10")
    assert Held().parts.add(whole) is whole


async def test_parts_are_put_together() -> None:
    held = Held()
    assert held.parts.add(part(more=True, lte="in the")) is None
    assert held.parts.add(part(more=True, lte="hall", ite="one")) is None
    whole = held.parts.add(part(stc="16", ite="one", dty="9"))
    assert whole is not None
    assert (whole.state, whole.dty, whole.more) == (16, 3, False)
    assert (whole.get("lte"), whole.get("ite")) == ("in the hall", "one")
    held.parts.flush()
    assert held.overdue == []


async def test_controllers_and_references_do_not_mix() -> None:
    held = Held()
    held.parts.add(part(more=True, lte="a"))
    held.parts.add(part(more=True, cid="679", lte="b"))
    held.parts.add(part(more=True, mty="IN", lte="c"))
    whole = held.parts.add(part(cid="679"))
    assert whole is not None
    assert whole.get("lte") == "b"
    held.parts.flush()
    assert [one.get("lte") for one in held.overdue] == ["a", "c"]


async def test_a_part_that_is_repeated_is_the_same_part() -> None:
    held = Held()
    for _ in range(2):
        held.parts.add(part(more=True, lte="hall", stc="16"))
    first = held.parts.add(part(ite="end"))
    assert held.parts.add(part(ite="end")) == first
    assert held.parts.add(part(more=True, lte="hall", stc="16")) is None
    held.parts.flush()
    assert held.overdue == []
    assert first is not None
    assert (first.state, first.get("lte"), first.get("ite")) == (16, "hall", "end")


async def test_what_is_there_counts_when_the_rest_does_not_come() -> None:
    held = Held()
    held.parts.add(part(more=True, lte="hall"))
    held.parts.flush()
    (overdue,) = held.overdue
    assert overdue.get("lte") == "hall"
    late = held.parts.add(part(stc="16"))
    assert late is not None
    assert (late.get("lte"), late.state) == ("hall", 16)


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    held = Held()
    for ref in range(5):
        held.parts.add(part(more=True, ref=str(ref)))
    assert [one.ref for one in held.overdue] == ["0", "1"]
