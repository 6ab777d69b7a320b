"""Coverage-guided fuzzing of every family's adapter, by hand: `pip install atheris`, then

python -m tests.fuzz.adapters SECONDS

It begins from the examples of each family and stops at the first message for which a law does not hold. Atheris is no
dependency of Vaka or its tests: Hypothesis fuzzes the same adapters in every run.
"""

import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LONGEST = 4096
RETAINED, OTHER_TOPIC = 1, 2
"""Bits of the second byte of an input. The first byte chooses a topic, all others are the payload."""


def main(seconds: str) -> None:
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["ingest", "events"]):
        families = import_module("ingest.families")
    examples = import_module("tests.support.adapter_examples")
    check = import_module("tests.support.adapter_laws").check
    messages = [message for family in examples.FAMILIES.values() for message in examples.messages(family)]
    reader = families.read_all(examples.SETTINGS)

    def one_input(data: bytes) -> None:
        if len(data) < 2:
            return
        topic, payload = messages[data[0] % len(messages)][0], data[2:]
        if data[1] & OTHER_TOPIC:
            made, _, payload = payload.partition(b"\n")
            topic = f"{topic.split('/')[0]}/{made.decode('utf-8', 'backslashreplace')}"
        check(reader.read(topic, payload, NOW, retained=bool(data[1] & RETAINED)))

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, (_, payload) in enumerate(messages):
            (corpus / str(number)).write_bytes(bytes([number, 0]) + payload)
        words = Path(folder) / "words"
        words.write_text("".join(f'"{word}"\n' for word in _words()), encoding="utf-8")
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-dict={words}", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], one_input)
        atheris.Fuzz()


def _words() -> set[str]:
    """Names and values that the tables know: the fuzzer would need long to find them by itself."""
    fields = import_module("ingest.adapters.zigbee2mqtt_fields")
    actions = import_module("ingest.adapters.zigbee2mqtt_actions")
    names = {*fields.PROPERTIES, *actions.SOURCES, *actions.PRESSES, *actions.LOCK_ACTIONS, "last_seen", "linkquality"}
    values = {value for known in fields.PROPERTIES.values() for value in known.values if isinstance(value, str)}
    return names | values | {"true", "false", "null", "NaN", "1e999", "1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"}


if __name__ == "__main__":
    main(sys.argv[1])
