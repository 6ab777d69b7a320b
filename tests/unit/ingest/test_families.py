"""Which families are read, and where, is what the settings say."""

from events.devices import Family, Origin
from ingest.families import FAMILIES, OFF, read_all
from vaka.settings import Settings


def test_every_family_has_a_setting_of_its_name() -> None:
    assert set(FAMILIES) <= set(Settings.__struct_fields__)


def test_by_default_all_are_read_where_they_usually_speak() -> None:
    filters = read_all({name: getattr(Settings(), name) for name in FAMILIES}).filters()
    assert "zigbee2mqtt/#" in filters
    assert "application/+/device/+/event/+" in filters
    assert any(filter.startswith("v3/") for filter in filters)
    assert any(filter.startswith("homeassistant/") for filter in filters)


def test_a_family_can_be_off_or_speak_in_several_places() -> None:
    reader = read_all(dict.fromkeys(FAMILIES, OFF) | {"zigbee2mqtt": "attic, homes/+/zigbee2mqtt"})
    assert sorted(reader.filters()) == ["attic/#", "homes/+/zigbee2mqtt/#", "vaka/v1/#"]


def test_a_device_that_speaks_in_a_family_is_listened_to_where_that_family_speaks() -> None:
    reader = read_all({name: getattr(Settings(), name) for name in FAMILIES})
    sos = Origin(Family.ZIGBEE2MQTT, "zigbee2mqtt", "sos")
    assert reader.topics(frozenset({sos})) == {"zigbee2mqtt/sos"}
    assert reader.topics(frozenset({Origin(Family.SCAIP, "", "4711")})) == frozenset()
