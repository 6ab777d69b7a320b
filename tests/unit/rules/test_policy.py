"""What a policy may say, and how it is told when it may not."""

from typing import Any

import pytest

from rules.given import GivenError
from rules.policy import CARE_LADDER, TECHNICAL_LADDER, Group, read_policy, write_policy

FIRST: dict[str, Any] = {"after_seconds": 0, "to": [{"who": "on_duty"}]}
LAST: dict[str, Any] = {"after_seconds": 300, "to": [{"who": "everybody"}]}


def policy(**fields: Any) -> dict[str, Any]:
    return {"name": "Natt", "rungs": [FIRST, LAST], "repeat_seconds": 300} | fields


def rungs(*to: dict[str, Any]) -> dict[str, Any]:
    return policy(rungs=[{"after_seconds": 0, "to": list(to)}, LAST])


def test_all_that_can_be_said_is_kept_as_it_was_given() -> None:
    data = policy(
        at_person_seconds=2700,
        technologies=["social_alarm", "gps_alarm"],
        kinds=["fall"],
        priorities=[1],
        hours=[{"from": "22:00", "to": "07:00", "days": ["fri", "sat"]}],
        rungs=[
            {
                "after_seconds": 0,
                "to": [{"who": "on_duty", "skill": "nurse"}, {"who": "person", "person": "astrid"}],
                "channels": ["push", "sms"],
            },
            {
                "after_seconds": 60,
                "to": [{"who": "unit", "off_duty": True}, {"who": "unit", "unit": "south"}, {"who": "relatives"}],
            },
            {"after_seconds": 180, "to": [{"who": "alarm_centre"}, {"who": "operators"}, {"who": "forwarded_to"}]},
        ],
    )
    assert write_policy(read_policy(data)) == data


def test_what_is_left_out_is_life_and_care_at_any_time() -> None:
    read = read_policy(policy())
    assert (read.priorities, read.hours, read.technologies, read.kinds) == ((1, 2), (), (), ())
    assert read.at_person_seconds is None
    assert write_policy(read)["priorities"] == [1, 2]


@pytest.mark.parametrize("ladder", [CARE_LADDER, TECHNICAL_LADDER])
def test_vakas_own_are_such_as_anybody_may_write(ladder: Any) -> None:
    data = write_policy(ladder)
    if ladder is TECHNICAL_LADDER:
        del data["rungs"][0]["channels"]
        assert read_policy(data).rungs[0].to[0].who is Group.OPERATORS
    else:
        assert read_policy(data) == ladder


REFUSED = [
    (policy(name=""), "name", ""),
    ({"name": "N", "rungs": [FIRST, LAST]}, "repeat_seconds", None),
    (policy(colour="red"), "colour", None),
    (policy(rungs=[]), "rungs", None),
    (policy(repeat_seconds=59), "repeat_seconds", "59"),
    (policy(repeat_seconds=3601), "repeat_seconds", "3601"),
    (policy(at_person_seconds=0), "at_person_seconds", "0"),
    (policy(priorities=[5]), "priorities[0]", "5"),
    (policy(priorities=[]), "priorities", None),
    (policy(technologies=["telepathy"]), "technologies[0]", "telepathy"),
    (policy(kinds=["boredom"]), "kinds[0]", "boredom"),
    (policy(hours=[{"from": "25:00", "to": "07:00"}]), "hours[0].from", "25:00"),
    (policy(hours=[{"from": "22:00", "to": "07:00", "days": ["friday"]}]), "hours[0].days[0]", "friday"),
    (rungs({"who": "somebody"}), "rungs[0].to[0].who", "somebody"),
    (rungs({"who": "person"}), "rungs[0].to[0].person", None),
    (rungs({"who": "unit", "person": "astrid"}), "rungs[0].to[0].person", "astrid"),
    (rungs({"who": "person", "person": "Ä"}), "rungs[0].to[0].person", "Ä"),
    (rungs({"who": "relatives", "unit": "south"}), "rungs[0].to[0].unit", "south"),
    (rungs({"who": "unit", "skill": "nurse"}), "rungs[0].to[0].skill", "nurse"),
    (rungs({"who": "on_duty", "off_duty": True}), "rungs[0].to[0].off_duty", "True"),
    (policy(rungs=[LAST]), "rungs[0].after_seconds", "300"),
    (policy(rungs=[FIRST, {**LAST, "after_seconds": 0}]), "rungs[1].after_seconds", "0"),
    (policy(rungs=[FIRST, {**LAST, "after_seconds": 3601}]), "rungs[1].after_seconds", "3601"),
    (policy(rungs=[FIRST]), "rungs[0].to", "on_duty"),
    (policy(rungs=[FIRST, {**LAST, "to": [{"who": "operators"}]}]), "rungs[1].to", "operators"),
    (policy(rungs=[FIRST, {**LAST, "channels": ["sms"]}]), "rungs[1].channels", "sms"),
]


@pytest.mark.parametrize(("data", "field", "value"), REFUSED, ids=[field for _, field, _ in REFUSED])
def test_what_is_refused_names_field_and_value(data: dict[str, Any], field: str, value: str | None) -> None:
    with pytest.raises(GivenError) as refused:
        read_policy(data)
    assert (refused.value.field, refused.value.value) == (field, value)


def test_what_is_not_for_life_may_be_slower() -> None:
    late = {"after_seconds": 7200, "to": [{"who": "everybody"}]}
    assert read_policy(policy(rungs=[FIRST, late], priorities=[2], repeat_seconds=7200)).repeat_seconds == 7200


def test_what_is_technical_may_wait_and_end_with_operators() -> None:
    waits = {"after_seconds": 600, "to": [{"who": "operators"}]}
    assert read_policy(policy(rungs=[waits], priorities=[3, 4])).rungs[0].after_seconds == 600
