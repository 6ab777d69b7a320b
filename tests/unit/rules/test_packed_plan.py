"""Plans as snapshots keep them."""

import msgspec
import pytest

from rules.packed_plan import pack, unpack
from rules.plan import Plan, read_plan
from tests.unit.rules.test_state import FULL, FULLEST


@pytest.mark.parametrize("plan", [Plan(), read_plan(FULL), read_plan(FULLEST)], ids=["none", "full", "fullest"])
def test_a_packed_plan_is_the_same_plan(plan: Plan) -> None:
    assert unpack(pack(plan)) == plan


def test_what_was_packed_by_an_earlier_version_is_read() -> None:
    """The words that plans are packed with stay as they are: these bytes were written by the first version."""
    packed = bytes.fromhex("6b5a0af648e31ae4e8e55a02f27be37268d44f6c82ea3487ea041b0b00")
    assert unpack(packed) == read_plan(
        {"doors": {"open_minutes": 10}, "lock": {"planned": [{"from": "07:00", "to": "22:00"}]}}
    )


def test_a_packed_plan_is_less_than_half_as_long() -> None:
    plan = read_plan(FULLEST)
    assert len(pack(plan)) < len(msgspec.msgpack.encode(plan)) / 2


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", pack(read_plan(FULL))[:-9]], ids=["nothing", "noise", "half"])
def test_what_is_no_packed_plan_is_refused_as_other_states_are(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(data)
