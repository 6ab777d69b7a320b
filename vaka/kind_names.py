"""What alarms are called, for the messages of units that let them say it: the console's own words."""

import json
from importlib.resources import files

from rules.message_text import WORDS

PREFIX = "kind."


def kind_names() -> dict[str, dict[str, str]]:
    """By language, then by kind of alarm."""
    return {language: _kinds(language) for language in WORDS}


def _kinds(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((files("api.console") / f"{language}.json").read_text(encoding="utf-8"))
    return {name.removeprefix(PREFIX): text for name, text in texts.items() if name.startswith(PREFIX)}
