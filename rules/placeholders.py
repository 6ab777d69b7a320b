"""Placeholders in a gateway's template: `{to}` stands for the number. Named ones only; nothing is computed.

What they stand for is put in as it is, and only then written as JSON, as a form or into an address: a value cannot
become anything but a value.
"""

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDERS = frozenset({"to", "text", "title", "body", "url", "id", "sender", "priority", "language"})
SECRET_PREFIX = "secret."  # noqa: S105 - how the name of a secret begins, not one.

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")


def names_in(text: str) -> list[str]:
    return _PLACEHOLDER.findall(text)


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """`template` (JSON) with what each placeholder stands for. Raises KeyError for one that is not known."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
    if isinstance(template, dict):
        return {name: filled(value, values) for name, value in template.items()}
    return [filled(value, values) for value in template] if isinstance(template, list) else template
