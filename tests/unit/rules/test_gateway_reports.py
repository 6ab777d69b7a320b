"""What gateways report later, read by paths; and what placeholders are filled with."""

from typing import Any

import pytest

from rules.gateway import Match, Receipts
from rules.gateway_reports import Outcome, Report, at, holds, read_report
from rules.placeholders import filled, names_in

RECEIPTS = Receipts(
    reference="message.id",
    state="status",
    delivered=("ok", "1"),
    answered=("busy_no_more",),
    failed=("dead",),
    key="keys.0",
    accept_key="5",
)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"status": "ok"}, Outcome.DELIVERED),
        ({"status": 1}, Outcome.DELIVERED),
        ({"status": "busy_no_more"}, Outcome.ANSWERED),
        ({"status": "busy_no_more", "keys": ["5"]}, Outcome.ACCEPTED),
        ({"status": "busy_no_more", "keys": ["4"]}, Outcome.ANSWERED),
        ({"keys": [5]}, Outcome.ACCEPTED),
        ({"status": "dead"}, Outcome.FAILED),
    ],
)
def test_what_became_of_a_message(said: dict[str, Any], outcome: Outcome) -> None:
    assert read_report(RECEIPTS, {"message": {"id": 17}, **said}) == Report("17", outcome)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status": "ok"},
        {"message": {"id": ""}, "status": "ok"},
        {"message": {"id": {}}, "status": "ok"},
        {"message": {"id": 17}, "status": "queued"},
        {"message": [17], "status": "ok"},
    ],
)
def test_what_is_about_something_else(said: dict[str, Any]) -> None:
    assert read_report(RECEIPTS, said) is None


def test_where_something_stands() -> None:
    data = {"a": [{"b": True}, {"b": 1.5}], "c": None, "long": "x" * 300}
    assert [at(data, path) for path in ("a.0.b", "a.1.b", "a.2.b", "a.x", "c", "a", "long.x")] == [
        "true",
        "1.5",
        *[None] * 5,
    ]
    assert at(data, "long") == "x" * 200
    assert holds(Match(path="a.0.b", values=("true",)), data)
    assert not holds(Match(path="a.0.b", values=("True",)), data)
    assert not holds(None, data)


def test_placeholders_stand_for_values_and_nothing_else() -> None:
    values = {"to": "+46", "text": '{to} " & {id}', "secret.a": "x"}
    template = {"{to}": ["{text}", {"a": "{secret.a}{to}"}, 1, None], "b": "{ to } {} {{to}}"}
    assert filled(template, values) == {"{to}": ['{to} " & {id}', {"a": "x+46"}, 1, None], "b": "{ to } {} {+46}"}
    assert names_in("{to} {a.b} { c } {d!r} {e[0]} {1}") == ["to", "a.b"]
    with pytest.raises(KeyError):
        filled("{nothing}", values)
