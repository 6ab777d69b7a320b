"""Plans: what is accepted, and how a plan that cannot be followed is told."""

import json
from typing import Any

import pytest

from rules.plan import (
    DoseWindow,
    Hours,
    InactivityLimit,
    InactivityPlan,
    MedicinePlan,
    Plan,
    PlanError,
    day_pattern,
    merged,
    read_plan,
    write_plan,
)

FULL: dict[str, Any] = {
    "medicine": {
        "windows": [
            {"from": "08:00", "to": "09:00"},
            {"from": "20:00", "to": "21:00", "name": "evening", "remind_after_minutes": None},
            {"from": "23:00", "to": "01:00", "remind_after_minutes": 0},
        ]
    },
    "inactivity": {
        "limits": [{"minutes": 300}, {"from": "08:00", "to": "12:00", "minutes": 120}],
        "quiet": [{"from": "22:00", "to": "07:00"}],
    },
}


def test_a_plan_is_read() -> None:
    assert read_plan(FULL) == Plan(
        MedicinePlan(
            (
                DoseWindow("08:00", "09:00"),
                DoseWindow("20:00", "21:00", "evening", None),
                DoseWindow("23:00", "01:00", remind_after_minutes=0),
            )
        ),
        InactivityPlan(
            (InactivityLimit(300), InactivityLimit(120, "08:00", "12:00")),
            (Hours("22:00", "07:00"),),
        ),
    )


@pytest.mark.parametrize("plan", [{}, FULL, {"medicine": FULL["medicine"]}, {"inactivity": FULL["inactivity"]}])
def test_what_is_written_is_read_again(plan: dict[str, Any]) -> None:
    assert read_plan(write_plan(read_plan(plan))) == read_plan(plan)
    assert set(write_plan(read_plan(plan))) == set(plan)
    assert json.loads(json.dumps(write_plan(read_plan(plan)))) == write_plan(read_plan(plan))


def test_nothing_is_watched_by_an_empty_plan() -> None:
    assert read_plan({}) == read_plan({"medicine": None, "inactivity": None}) == Plan()


def test_a_window_is_named_after_its_times() -> None:
    assert [window.id for window in read_plan(FULL).medicine.windows] == [  # type: ignore[union-attr]
        "08:00-09:00",
        "evening",
        "23:00-01:00",
    ]


def window(**fields: Any) -> dict[str, Any]:
    return {"medicine": {"windows": [{"from": "08:00", "to": "09:00"} | fields]}}


def limit(**fields: Any) -> dict[str, Any]:
    return {"inactivity": {"limits": [{"minutes": 60} | fields]}}


def condition(**fields: Any) -> dict[str, Any]:
    return {"conditions": [{"name": "c", "when": {"kind": "door_opened"}} | fields]}


def spans(*texts: str) -> list[dict[str, Any]]:
    return [{"from": text[:5], "to": text[6:]} for text in texts]


def medicine(*texts: str) -> dict[str, Any]:
    return {"medicine": {"windows": spans(*texts)}}


def quiet(minutes: int, limit: str, *texts: str) -> dict[str, Any]:
    return {"inactivity": {"limits": [{**spans(limit)[0], "minutes": minutes}], "quiet": spans(*texts)}}


# What is wrong, the field, and the value as it is told.
REFUSED: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "plan", "[]"),
    "nothing": (None, "plan", "None"),
    "an unknown part": ({"medcine": {}}, "medcine", "{'medcine': {}}"),
    "medicine is a list": ({"medicine": []}, "medicine", "[]"),
    "no windows": ({"medicine": {"windows": []}}, "medicine", "nothing is watched"),
    "windows are missing": ({"medicine": {}}, "medicine", "nothing is watched"),
    "windows are an object": ({"medicine": {"windows": {"from": "08:00"}}}, "medicine.windows", "{'from': '08:00'}"),
    "too many windows": (medicine(*["08:00-09:00"] * 25), "medicine.windows", "08:00"),
    "no end": ({"medicine": {"windows": [{"from": "08:00"}]}}, "medicine.windows[0]", "{'from': '08:00'}"),
    "one digit": (window(**{"from": "8:00"}), "medicine.windows[0].from", "'8:00'"),
    "24 o'clock": (window(to="24:00"), "medicine.windows[0].to", "'24:00'"),
    "61 minutes": (window(to="09:60"), "medicine.windows[0].to", "'09:60'"),
    "seconds": (window(to="09:00:00"), "medicine.windows[0].to", "'09:00:00'"),
    "a line break after the time": (window(to="09:00\n"), "medicine.windows[0].to", "09:00\\n"),
    "digits of another script": (window(to="٠٩:٠٠"), "medicine.windows[0].to", "٠٩:٠٠"),
    "a number as time": (window(to=9), "medicine.windows[0].to", "'9'"),
    "an empty name": (window(name=""), "medicine.windows[0].name", "''"),
    "a long name": (window(name="n" * 101), "medicine.windows[0].name", "'nnn"),
    "reminds before": (window(remind_after_minutes=-1), "medicine.windows[0].remind_after_minutes", "'-1'"),
    "reminds too late": (window(remind_after_minutes=1441), "medicine.windows[0].remind_after_minutes", "'1441'"),
    "reminds half a minute": (window(remind_after_minutes=0.5), "medicine.windows[0].remind_after_minutes", "'0.5'"),
    "an unknown field": (window(remind=5), "medicine.windows[0]", "'remind': 5"),
    "the second window": (
        {"medicine": {"windows": [*spans("08:00-09:00"), {"from": "1", "to": "2"}]}},
        "medicine.windows[1].from",
        "'1'",
    ),
    "the same window twice": (medicine("08:00-09:00", "08:00-09:00"), "medicine.windows", "'08:00-09:00'"),
    "the same name twice": (
        {"medicine": {"windows": [s | {"name": "dose"} for s in spans("08:00-09:00", "10:00-11:00")]}},
        "medicine.windows",
        "'dose'",
    ),
    "windows that overlap": (medicine("08:00-09:00", "08:59-09:30"), "medicine.windows", "'08:00-09:00'"),
    "windows in any order": (medicine("08:59-09:30", "08:00-09:00"), "medicine.windows", "'08:59-09:30'"),
    "windows that begin together": (medicine("08:00-09:00", "08:00-08:30"), "medicine.windows", "'08:00-08:30'"),
    "windows that overlap after midnight": (
        medicine("00:10-01:00", "23:00-00:30"),
        "medicine.windows",
        "'23:00-00:30'",
    ),
    "a window of all day and another": (medicine("08:00-08:00", "20:00-21:00"), "medicine.windows", "'20:00-21:00'"),
    "nothing to watch at night": ({"night": {"from": "22:00", "to": "06:00"}}, "night", "nothing is watched"),
    "checks that overlap": (
        {"supervision": {"checks": spans("03:00-04:00", "03:30-05:00")}},
        "supervision.checks",
        "'03:00-04:00'",
    ),
    "a dose as needed twice": (
        {"medicine": {"as_needed": [{"dose": "pain", "at_most": 1}, {"dose": "pain", "at_most": 2}]}},
        "medicine.as_needed",
        "'pain'",
    ),
    "an area off the globe": (
        {"geofence": {"zones": [{"name": "home", "latitude": 91, "longitude": 18, "radius_m": 300}]}},
        "geofence.zones[0].latitude",
        "'91'",
    ),
    "an unknown kind": (condition(when={"kind": "door_open"}), "conditions[0].when.kind", "'door_open'"),
    "a device's own health": (condition(when={"kind": "heartbeat"}), "conditions[0].when.kind", "'heartbeat'"),
    "an unknown kind that is waited for": (
        condition(unless_after={"kinds": ["motion", "sleep"], "minutes": 5}),
        "conditions[0].unless_after.kinds",
        "'sleep'",
    ),
    "what begins it is waited for": (
        condition(unless_after={"kinds": ["door_opened"], "minutes": 5}),
        "conditions[0].unless_after.kinds",
        "'door_opened'",
    ),
    "a priority that a condition cannot have": (condition(priority=3), "conditions[0].priority", "'3'"),
    "an expression": (condition(when="door_opened and motion"), "conditions[0].when", "'door_opened and motion'"),
    "the same condition twice": (
        {"conditions": condition()["conditions"] * 2},
        "conditions[0].name",
        "'c'",
    ),
    "no limits": ({"inactivity": {"limits": []}}, "inactivity.limits", "[]"),
    "limits are missing": ({"inactivity": {}}, "limits", "{}"),
    "no minutes": ({"inactivity": {"limits": [{}]}}, "inactivity.limits[0]", "{}"),
    "not a minute": (limit(minutes=0), "inactivity.limits[0].minutes", "'0'"),
    "more than a week": (limit(minutes=10081), "inactivity.limits[0].minutes", "'10081'"),
    "minutes as text": (limit(minutes="60"), "inactivity.limits[0].minutes", "'60'"),
    "minutes that are true": (limit(minutes=True), "inactivity.limits[0].minutes", "'True'"),
    "minutes without end": (limit(minutes=float("inf")), "inactivity.limits[0].minutes", "'inf'"),
    "a limit from nowhere": (limit(**{"from": None}), "inactivity.limits[0].from", "'None'"),
    "no quiet hours but null": (
        limit() | {"inactivity": {"limits": [{"minutes": 60}], "quiet": None}},
        "quiet",
        "None",
    ),
    "quiet all day": (quiet(60, "00:00-00:00", "00:00-00:00"), "inactivity.limits", "60"),
    "a limit as long as its hours": (quiet(240, "08:00-12:00"), "inactivity.limits", "240 between '08:00' and '12:00'"),
    "a limit longer than quiet hours leave": (quiet(961, "00:00-00:00", "22:00-06:00"), "inactivity.limits", "961"),
}


@pytest.mark.parametrize(("plan", "field", "value"), REFUSED.values(), ids=REFUSED)
def test_a_plan_that_cannot_be_followed_is_told_by_field_and_value(plan: Any, field: str, value: str) -> None:
    with pytest.raises(PlanError) as raised:
        read_plan(plan)
    assert [text for text in (field, value) if text not in str(raised.value)] == [], str(raised.value)


def test_a_long_value_is_told_in_part() -> None:
    with pytest.raises(PlanError) as raised:
        read_plan(window(name="n" * 100_000))
    assert len(str(raised.value)) < 250


WORDS: list[tuple[dict[str, Any], str]] = [
    (limit(minutes=0), "Expected `int` >= 1, value '0' - at `inactivity.limits[0].minutes`"),
    ({"x": 1}, "Object contains unknown field `x`, value \"{'x': 1}\" - at `plan`"),
    ({"medicine": {}}, "medicine: neither windows nor as_needed is given, so nothing is watched"),
    (medicine("08:00-09:00", "08:30-09:30"), "medicine.windows: '08:00-09:00' overlaps '08:30-09:30'"),
    (medicine("22:00-09:00", "08:30-09:30"), "medicine.windows: '22:00-09:00' overlaps '08:30-09:30'"),
    (medicine("08:00-09:00", "08:00-09:00"), "medicine.windows: '08:00-09:00' is there twice"),
    (
        {"medicine": {"as_needed": [{"dose": "pain", "at_most": 1}] * 2}},
        "medicine.as_needed: 'pain' is there twice",
    ),
    (
        {"supervision": {"checks": spans("03:00-04:00", "03:30-05:00")}},
        "supervision.checks: '03:00-04:00' overlaps '03:30-05:00'",
    ),
    (
        {"inactivity": {"limits": [{"minutes": 1440}, {"minutes": 1500}], "quiet": spans("22:00-06:00")}},
        "inactivity.limits: quiet hours leave no time for a silence of these minutes: "
        "1440 between '00:00' and '00:00', 1500 between '00:00' and '00:00'",
    ),
    (
        limit()
        | {"inactivity": {"limits": [{"minutes": 60}], "learned": {"ceiling_minutes": 90, "floor_minutes": 91}}},
        "inactivity.learned: ceiling_minutes 90 is below floor_minutes 91",
    ),
    (
        {"night": {"from": "22:00", "to": "06:00"}},
        "night: neither bed_minutes nor door_minutes is given, so nothing is watched",
    ),
    (
        condition(unless_before={"kinds": ["sleep"], "minutes": 5}),
        "conditions[0].unless_before.kinds: 'sleep' is nothing that a device says of a resident",
    ),
]


@pytest.mark.parametrize(("plan", "words"), WORDS, ids=range(len(WORDS)))
def test_the_words_of_a_refusal(plan: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError) as raised:
        read_plan(plan)
    assert str(raised.value) == words


def test_a_ceiling_may_be_the_floor() -> None:
    read_plan({"inactivity": {"limits": [{"minutes": 60}], "learned": {"ceiling_minutes": 90, "floor_minutes": 90}}})


@pytest.mark.parametrize(
    ("defaults", "given", "plan"),
    [
        ({}, {}, {}),
        ({"doors": {"open_minutes": 5}}, {}, {"doors": {"open_minutes": 5}}),
        ({}, {"doors": {"open_minutes": 9}}, {"doors": {"open_minutes": 9}}),
        (
            {"doors": {"open_minutes": 5, "outside": ["front"]}},
            {"doors": {"open_minutes": 9}},
            {"doors": {"open_minutes": 9, "outside": ["front"]}},
        ),
        ({"doors": {"open_minutes": 5}, "lock": {}}, {"doors": None}, {"lock": {}}),
        ({"doors": None}, {"doors": {"open_minutes": 9}}, {"doors": {"open_minutes": 9}}),
        ({"conditions": [{"name": "a"}]}, {"conditions": [{"name": "b"}]}, {"conditions": [{"name": "b"}]}),
    ],
)
def test_a_plan_over_the_defaults_of_its_unit(
    defaults: dict[str, Any], given: dict[str, Any], plan: dict[str, Any]
) -> None:
    assert merged(defaults, given) == plan


@pytest.mark.parametrize(
    "plan",
    [
        medicine("08:00-09:00", "09:00-10:00"),
        medicine("23:00-00:30", "00:30-01:00"),
        medicine("08:00-08:00"),
        quiet(239, "08:00-12:00"),
        quiet(959, "00:00-00:00", "22:00-06:00"),
        limit(minutes=10080),
        {"inactivity": {"limits": [{"minutes": 300, **spans("08:00-12:00")[0]}, {"minutes": 360}]}},
    ],
)
def test_the_limit_of_what_can_be_followed(plan: dict[str, Any]) -> None:
    read_plan(plan)


def test_the_pattern_of_a_day() -> None:
    plan = read_plan(FULL).inactivity
    assert plan is not None
    assert day_pattern(plan) == (
        (0, 420, None),
        (420, 480, 300),
        (480, 720, 120),
        (720, 1320, 300),
        (1320, 1440, None),
    )
