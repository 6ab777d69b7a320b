"""Who has which device at which time, as the control entries of the log tell it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from events.control import AssignmentChanged, DeviceChanged, PlanChanged, ResidentChanged, TenantChanged
from events.devices import Family, Origin, Watch
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from processors.directory import Directory

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
TENANT = TenantId("prov")
BUTTON = DeviceId("button")
ANNA, BO = ResidentId("anna"), ResidentId("bo")


def lent(id: str, to: ResidentId, start: int, end: int | None = None) -> AssignmentChanged:
    """From hour `start` until before hour `end`."""
    return AssignmentChanged(
        assignment=id,
        device=BUTTON,
        resident=to,
        technology=Technology.SOCIAL_ALARM,
        start=START + start * HOUR,
        end=START + end * HOUR if end is not None else None,
    )


def holders(directory: Directory, *hours: float) -> list[ResidentId | None]:
    return [directory.holder(BUTTON, START + hour * HOUR) for hour in hours]


def test_a_device_that_is_with_nobody() -> None:
    assert holders(Directory(), 0) == [None]


def test_an_assignment_holds_from_its_start_until_before_its_end() -> None:
    directory = Directory()
    directory.change(lent("1", ANNA, 2, 4))
    assert holders(directory, 1.99, 2, 3.99, 4, 100) == [None, ANNA, ANNA, None, None]


def test_an_assignment_without_end_holds_until_further_notice() -> None:
    directory = Directory()
    directory.change(lent("1", ANNA, 2))
    assert holders(directory, 1, 2, 100_000) == [None, ANNA, ANNA]


def test_a_device_that_is_used_by_one_after_the_other() -> None:
    directory = Directory()
    for change in (lent("3", ANNA, 6), lent("1", ANNA, 0, 2), lent("2", BO, 2, 4)):
        directory.change(change)
    assert holders(directory, -1, 1, 2, 3, 5, 6, 7) == [None, ANNA, BO, BO, None, ANNA, ANNA]


def test_a_change_takes_the_place_of_what_was_known_of_that_assignment() -> None:
    directory = Directory()
    directory.change(lent("1", ANNA, 0))
    directory.change(lent("1", ANNA, 0, 2))
    directory.change(lent("2", BO, 2))
    directory.change(lent("2", BO, 3))
    directory.change(lent("2", BO, 3))
    assert holders(directory, 1, 2, 3) == [ANNA, None, BO]


@pytest.mark.parametrize("ids", [("1", "2"), ("2", "1")])
def test_an_assignment_that_was_ended_at_once_does_not_hide_another(ids: tuple[str, str]) -> None:
    directory = Directory()
    directory.change(lent(ids[0], BO, 0))
    directory.change(lent(ids[1], ANNA, 0, 0))
    assert holders(directory, 0, 1) == [BO, BO]


def test_keys() -> None:
    directory = Directory()
    assert directory.key(BUTTON, None) == "d:button"
    assert directory.key(BUTTON, ANNA) == "r:anna"
    directory.change(ResidentChanged(resident=ANNA, tenant=TENANT, unit=UnitId("norr")))
    assert directory.key(BUTTON, ANNA) == "r:anna"


def test_residents_and_devices_are_the_newest_that_is_known() -> None:
    directory = Directory()
    for unit in ("norr", "soder"):
        directory.change(ResidentChanged(resident=ANNA, tenant=TENANT, unit=UnitId(unit)))
    for technology in (Technology.OTHER, Technology.LOCK):
        directory.change(DeviceChanged(device=BUTTON, tenant=TENANT, technology=technology))
    assert directory.residents[ANNA].unit == "soder"
    assert directory.devices[BUTTON].technology is Technology.LOCK


def test_a_plan_is_nothing_to_it() -> None:
    directory = Directory()
    directory.change(PlanChanged(resident=ANNA, version=1, timezone="UTC", plan={}))
    assert directory.residents == {}


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/Stockholm", "2026-03-02T22:59:59", date(2026, 3, 2)),
        ("Europe/Stockholm", "2026-03-02T23:00:00", date(2026, 3, 3)),
        ("Europe/Stockholm", "2026-07-02T22:00:00", date(2026, 7, 3)),
        ("Asia/Kathmandu", "2026-03-02T18:14:59", date(2026, 3, 2)),
        ("Asia/Kathmandu", "2026-03-02T18:15:00", date(2026, 3, 3)),
        ("America/St_Johns", "2026-03-02T03:29:59", date(2026, 3, 1)),
        ("UTC", "0001-01-01T00:00:00", date(1, 1, 1)),
        ("UTC", "9999-12-31T23:59:59", date(9999, 12, 31)),
    ],
)
def test_the_local_day_of_a_municipality(zone: str, at: str, day: date) -> None:
    directory = Directory()
    directory.change(TenantChanged(tenant=TENANT, timezone=zone))
    assert directory.local_day(TENANT, datetime.fromisoformat(at).replace(tzinfo=UTC)) == day


def test_the_local_day_of_a_municipality_that_is_not_known_is_that_of_utc() -> None:
    assert Directory().local_day(TENANT, datetime(2026, 3, 2, 23, 30, tzinfo=UTC)) == date(2026, 3, 2)


def test_an_assignment_that_lasts_no_time_never_was() -> None:
    directory = Directory()
    directory.change(lent("1", ANNA, 0, 8))
    directory.change(lent("1", ANNA, 0, 0))
    assert holders(directory, 1) == [None]


BRIDGE = Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "bridge")
SOS = Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "sos")


def known(device: DeviceId, origin: Origin | None, *, critical: bool = False) -> DeviceChanged:
    watch = Watch(life_critical=critical)
    return DeviceChanged(device=device, tenant=TENANT, technology=Technology.SOCIAL_ALARM, origin=origin, watch=watch)


def test_a_device_is_found_by_the_first_of_its_origins_that_is_registered() -> None:
    directory = Directory()
    directory.change(known(BUTTON, SOS))
    assert directory.device_of([BRIDGE, SOS]) == BUTTON
    directory.change(known(DeviceId("hub"), BRIDGE))
    assert directory.device_of([BRIDGE, SOS]) == "hub"
    directory.change(known(BUTTON, None))
    assert directory.device_of([SOS]) is None


def test_an_origin_that_another_device_took_over_stays_with_it() -> None:
    directory = Directory()
    directory.change(known(BUTTON, SOS))
    directory.change(known(DeviceId("spare"), SOS))
    directory.change(known(BUTTON, None))
    assert directory.device_of([SOS]) == "spare"


def test_where_life_critical_devices_speak_is_told_anew_only_when_it_changes() -> None:
    directory = Directory()
    nowhere = directory.critical
    directory.change(known(DeviceId("hub"), BRIDGE))
    assert directory.critical is nowhere
    directory.change(known(BUTTON, SOS, critical=True))
    assert directory.critical == {SOS}
    directory.change(known(BUTTON, SOS, critical=False))
    assert directory.critical == frozenset()
