"""The municipality is the same for the same seed, grows without changing, and has what the design asks for."""

from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import is_id
from events.kinds import Technology
from simulators.municipality import Municipality, build_municipality
from simulators.products import BUTTON, CAMERA, DISPENSER, LOCK, PRODUCTS

DEMO = build_municipality(25, 1)


def test_the_same_seed_gives_the_same_municipality() -> None:
    assert build_municipality(25, 1) == DEMO
    assert build_municipality(25, 2).residents != DEMO.residents


@given(st.integers(1, 60), st.integers(0, 3))
def test_a_municipality_that_grows_keeps_the_people_it_has(residents: int, seed: int) -> None:
    small, large = build_municipality(residents, seed), build_municipality(residents + 7, seed)
    assert large.residents[:residents] == small.residents
    assert (large.units, large.staff, large.tenant) == (small.units, small.staff, small.tenant)


def all_ids(municipality: Municipality) -> list[str]:
    residents = municipality.residents
    devices = [device.id for resident in residents for device in resident.devices]
    people = [*(resident.id for resident in residents), *(person.id for person in municipality.staff)]
    return [municipality.tenant, *(unit.id for unit in municipality.units), *people, *devices]


def test_ids_are_ids_and_unique() -> None:
    found = all_ids(build_municipality(200, 1))
    assert all(map(is_id, found))
    assert len(set(found)) == len(found)
    assert (DEMO.tenant, DEMO.residents[0].id) == ("demo", "demo-r-0001")
    assert DEMO.residents[0].device(BUTTON) == "demo-d-0001-button"


def test_it_lies_in_swedish_time_and_has_two_to_four_units() -> None:
    assert ZoneInfo(DEMO.timezone).key == "Europe/Stockholm"
    assert 2 <= len(DEMO.units) <= 4
    assert {resident.unit for resident in DEMO.residents} == {unit.id for unit in DEMO.units}


def test_each_unit_has_two_staff_and_there_is_one_of_each_other_role() -> None:
    assert Counter(person.unit for person in DEMO.staff if person.role == "staff") == Counter(
        {unit.id: 2 for unit in DEMO.units}
    )
    others = [person for person in DEMO.staff if person.role != "staff"]
    assert sorted(person.role for person in others) == ["followup", "manager", "operator"]
    assert all(person.unit is None for person in others)
    assert len({person.username for person in DEMO.staff}) == len(DEMO.staff)


def test_who_visits_is_staff_of_the_unit() -> None:
    units = {person.username: person.unit for person in DEMO.staff}
    assert all(units[resident.visited_by] == resident.unit for resident in DEMO.residents)


def test_the_first_resident_has_every_device() -> None:
    assert [device.product for device in DEMO.residents[0].devices] == [
        *PRODUCTS[:4],
        DISPENSER,
        *PRODUCTS[4:5],
        CAMERA,
        LOCK,
    ]
    technologies = {device.product.technology for device in DEMO.residents[0].devices}
    assert technologies == set(Technology) - {Technology.OTHER}


@pytest.mark.parametrize("seed", range(5))
def test_four_of_five_have_a_social_alarm(seed: int) -> None:
    residents = build_municipality(1000, seed).residents
    shares = Counter(device.product.name for resident in residents for device in resident.devices)
    assert abs(shares["button"] / 1000 - 0.81) < 0.01
    assert all(0.1 < shares[product.name] / 1000 < 0.6 for product in PRODUCTS if product != BUTTON)
    assert all(resident.devices for resident in residents)


def test_habits_go_with_devices() -> None:
    for resident in build_municipality(200, 1).residents:
        assert bool(resident.dose_times) == (resident.device(DISPENSER) is not None)
        assert bool(resident.supervision_times) == (resident.device(CAMERA) is not None)
        assert resident.visit_times or resident.device(LOCK) is None


def test_everything_about_a_person_is_invented() -> None:
    invented = ("Prov", "Test", "Exempel", "Demo", "Påhitt", "Låtsas", "Fiktiv", "Sago")
    for resident in build_municipality(200, 1).residents:
        assert resident.name.split()[1].startswith(invented)
        assert "påhittad" in resident.address
        assert "Påhittad" in resident.instructions
        assert resident.sex in ("female", "male")
        assert resident.housing in ("ordinary", "special")
        assert 1928 <= resident.birth_year <= 1956


@pytest.mark.parametrize("residents", [0, -1])
def test_nobody_is_no_municipality(residents: int) -> None:
    with pytest.raises(ValueError, match=str(residents)):
        build_municipality(residents, 1)
