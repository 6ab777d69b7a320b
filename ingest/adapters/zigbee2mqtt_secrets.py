"""Door codes and passwords that some devices repeat in every payload: they do not belong in a log."""

import json
import re
from typing import Any

SECRET = re.compile(r"pin_?code|password|passwd|action_code|admin_code|user_code|network_key|secret", re.IGNORECASE)
HIDDEN = "hidden"

DEEPEST = 20
"""Real payloads are nested two or three deep."""

_HINTS = (b"code", b"passw", b"secret", b"network_key")


def without_secrets(fields: dict[str, Any], payload: bytes) -> bytes:
    """`payload`, or when a name in it speaks of a secret the same with that secret hidden."""
    lower = payload.lower()
    if not any(hint in lower for hint in _HINTS):
        return payload
    return json.dumps(_hide(fields), separators=(",", ":")).encode()


def _hide(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {name: HIDDEN if SECRET.search(name) else _hide(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hide(inner, depth + 1) for inner in value]
    return value
