"""What each row of a list would do: add, change, nothing, or what is wrong with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.device_sheet import Planned, lines_of, named, plan
from api.spreadsheet import Unreadable
from events.devices import Family, LifeCycle, Origin
from events.ids import DeviceId, ResidentId, TenantId
from events.kinds import Technology
from store.device_import import Known
from store.device_types import DeviceType
from store.devices import Device

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEST = TenantId("west")
HOME = Origin(Family.ZIGBEE2MQTT, "home", "0x01")
KNOB = Device(DeviceId("knob"), WEST, Technology.SOCIAL_ALARM, "Knapp", None, None, NOW, serial="7", origin=HOME)
HUB = Device(DeviceId("hub"), WEST, Technology.OTHER, None, None, None, NOW)
TYPE = DeviceType("lock", None, "Lås", None, None, Technology.LOCK, 60, 15.0, 25.0, False, {})
THERE = Known(
    devices={KNOB.id: KNOB, HUB.id: HUB},
    taken={KNOB.id, HUB.id, DeviceId("anothers")},
    types={"lock": TYPE},
    hubs={HUB.id: None},
    origins={HOME: KNOB.id},
)


def planned(text: str, known: Known = THERE) -> list[Planned]:
    """`text` has one row in a line, cells divided by `|`."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return plan(lines_of(rows), known, WEST, NOW)


def wrong(text: str, known: Known = THERE) -> list[tuple[int, str, str]]:
    """Row, column and value of what is wrong."""
    return [(p.row.row, error.field, str(error.value)) for p in planned(text, known) for error in p.row.errors]


def test_a_new_device_has_what_the_row_says() -> None:
    (new,) = planned(
        "id | type | serial | family | scope | external_id | hub\nd | lock | 0042 | zigbee2mqtt | home | 0x02 | hub"
    )
    assert (new.row.row, new.row.device, new.row.action, new.row.changes) == (2, "d", "new", [])
    assert new.after == Device(
        DeviceId("d"),
        WEST,
        Technology.LOCK,
        None,
        None,
        None,
        NOW,
        type="lock",
        serial="0042",
        origin=Origin(Family.ZIGBEE2MQTT, "home", "0x02"),
        hub=HUB.id,
        life_cycle=LifeCycle.INSTALLED,
    )


def test_no_new_device_is_in_use_before_it_has_proven_it() -> None:
    assert wrong("id | technology | life_cycle\nd | lock | in_use") == [(2, "life_cycle", "in_use")]


def test_a_change_names_old_and_new() -> None:
    (change,) = planned("id | name | serial | model\nknob | Ny knapp | 7 |")
    assert change.row.action == "change"
    assert [(c.field, c.old, c.new) for c in change.row.changes] == [("name", "Knapp", "Ny knapp")]
    assert change.after == replace(KNOB, name="Ny knapp")


def test_an_empty_cell_and_the_same_value_change_nothing() -> None:
    (same,) = planned("id | technology | name | life_cycle | hub\nknob | social_alarm | Knapp | in_use |")
    assert (same.row.action, same.row.changes) == ("same", [])


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("name\nX", None),
        ("id | colour\nd | red", None),
        ("id | id\nd | e", None),
        ("id | name\n | X", [(2, "id", "None")]),
        ("id | technology\na/b | lock", [(2, "id", "a/b")]),
        ("id | technology\nd | toaster", [(2, "technology", "toaster")]),
        ("id | name\nd | X", [(2, "technology", "None")]),
        ("id | type\nd | none", [(2, "type", "none")]),
        ("id | type\nd | lock\nd | lock", [(3, "id", "d")]),
        ("id | type\nanothers | lock", [(2, "id", "anothers")]),
        ("id | technology\nknob | lock", [(2, "technology", "lock")]),
        ("id | type | hub\nd | lock | none", [(2, "hub", "none")]),
        ("id | type | hub\nd | lock | d", [(2, "hub", "d")]),
        ("id | type | scope\nd | lock | home", [(2, "family", "None")]),
        ("id | type | family\nd | lock | scaip", [(2, "external_id", "None")]),
        ("id | type | family | external_id\nd | lock | x10 | 1", [(2, "family", "x10")]),
        ("id | type | family | scope | external_id\nd | lock | zigbee2mqtt | home | 0x01",
         [(2, "external_id", "zigbee2mqtt home 0x01")]),
        ("id | life_cycle\nknob | lost", [(2, "life_cycle", "lost")]),
        ("id | life_cycle\nknob | in_stock", [(2, "life_cycle", "in_stock")]),
    ],
)  # fmt: skip
def test_what_is_wrong_names_row_column_and_value(text: str, errors: list[tuple[int, str, str]] | None) -> None:
    if errors is None:
        with pytest.raises(Unreadable, match="column"):
            planned(text)
    else:
        assert wrong(text) == errors


def test_two_rows_cannot_have_one_origin() -> None:
    text = "id | type | family | external_id\nd | lock | scaip | 1\ne | lock | scaip | 1"
    assert wrong(text) == [(3, "external_id", "scaip 1")]


def test_a_hub_may_stand_below_what_is_behind_it() -> None:
    rows = planned("id | type | hub\nd | lock | new-hub\nnew-hub | lock |")
    assert [each.row.action for each in rows] == ["new", "new"]


def test_what_is_behind_a_hub_that_is_wrong_is_not_imported_without_it() -> None:
    text = "id | technology | hub\nd | lock | e\ne | lock | f\nf | toaster |"
    assert wrong(text) == [(2, "hub", "e"), (3, "hub", "f"), (4, "technology", "toaster")]


def test_hubs_do_not_go_in_a_circle() -> None:
    assert [row for row, *_ in wrong("id | technology | hub\nd | lock | e\ne | lock | d")] == [2, 3]
    behind = Known(
        {KNOB.id: replace(KNOB, hub=HUB.id), HUB.id: HUB}, {KNOB.id, HUB.id}, {}, {KNOB.id: HUB.id, HUB.id: None}, {}
    )
    assert wrong("id | hub\nhub | knob", behind) == [(2, "hub", "knob")]


def test_a_life_cycle_goes_the_allowed_way_and_not_from_somebodys_home() -> None:
    (row,) = planned("id | life_cycle\nknob | returned")
    assert row.after == replace(KNOB, life_cycle=LifeCycle.RETURNED)
    lent = Known({KNOB.id: replace(KNOB, resident=ResidentId("anna"))}, {KNOB.id}, {}, {}, {})
    assert wrong("id | life_cycle\nknob | returned", lent) == [(2, "life_cycle", "returned")]


def test_what_must_be_looked_up() -> None:
    rows = [["id", "hub", "family", "scope", "external_id"], ["d", "hub", "zigbee2mqtt", "home", "0x01"], [], ["e"]]
    asked = named(lines_of(rows))
    assert (asked.ids, asked.hubs, asked.origins) == ({"d", "e"}, {"hub"}, {HOME})
