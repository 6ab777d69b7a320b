"""All payload families on one page: a setting for where each speaks, and its adapter. One line adds one."""

from collections.abc import Callable, Mapping, Sequence

from events.topics import ROOT
from ingest.adapter import Adapter
from ingest.adapters.chirpstack import ChirpStack
from ingest.adapters.home_assistant import HomeAssistant
from ingest.adapters.things_stack import ThingsStack
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from ingest.reader import Reader

# Home Assistant comes last: what it learns of may speak on topics of another family, which knows better.
FAMILIES: dict[str, Callable[[Sequence[str]], Adapter]] = {
    "zigbee2mqtt": Zigbee2Mqtt,
    "chirpstack": ChirpStack,
    "things_stack": ThingsStack,
    "home_assistant": HomeAssistant,
}
"""By the name of the setting that holds the family's base topics, separated by commas, or OFF."""

OFF = "off"


def read_all(topics: Mapping[str, str]) -> Reader:
    """A reader of all families, with the base topics of each. A topic belongs to the first family that reads it."""
    adapters = [make(_bases(topics[name])) for name, make in FAMILIES.items() if topics[name] != OFF]
    others = [adapter for adapter in adapters if not isinstance(adapter, HomeAssistant)]
    for adapter in adapters:
        if isinstance(adapter, HomeAssistant):
            adapter.is_foreign = lambda topic: topic.startswith(ROOT) or any(other.reads(topic) for other in others)
    return Reader(adapters)


def _bases(text: str) -> list[str]:
    return [base.strip() for base in text.split(",") if base.strip()]
