"""Keys and derived ids: the same in every run, different for different things."""

from events.ids import EVERYBODY, DeviceId, ResidentId, derived_id, device_key, resident_key


def test_a_resident_and_a_device_of_the_same_name_have_different_keys() -> None:
    assert resident_key(ResidentId("a")) == "r:a"
    assert device_key(DeviceId("a")) == "d:a"
    assert EVERYBODY == ""


def test_a_derived_id_is_the_same_in_every_run() -> None:
    assert derived_id("missed_dose", "r1", 7) == "48f162db03175cce69860d2a786e122f"


def test_parts_do_not_run_into_each_other() -> None:
    assert derived_id("ab", "c") != derived_id("a", "bc")
