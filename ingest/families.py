"""All payload families on one page: a setting for where each speaks, and its adapter. One line adds one."""

from collections.abc import Callable, Mapping, Sequence

from ingest.adapter import Adapter
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from ingest.reader import Reader

FAMILIES: dict[str, Callable[[Sequence[str]], Adapter]] = {
    "zigbee2mqtt": Zigbee2Mqtt,
}
"""By the name of the setting that holds the family's base topics, separated by commas, or OFF."""

OFF = "off"


def read_all(topics: Mapping[str, str]) -> Reader:
    """A reader of all families, with the base topics of each. A topic belongs to the first family that reads it."""
    return Reader([make(_bases(topics[name])) for name, make in FAMILIES.items() if topics[name] != OFF])


def _bases(text: str) -> list[str]:
    return [base.strip() for base in text.split(",") if base.strip()]
