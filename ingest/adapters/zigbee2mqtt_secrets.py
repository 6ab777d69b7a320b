"""Door codes and passwords that some devices repeat in every payload: they do not belong in a log."""

import json
import re
from typing import Any

SECRET = re.compile(r"pin_?code|password|passwd|action_code|admin_code|user_code|network_key|secret", re.IGNORECASE)
HIDDEN = "hidden"

DEEPEST = 20
"""Real payloads are nested two or three deep."""

_HINTS = (b"code", b"passw", b"secret", b"network_key")


def without_secrets(fields: dict[str, Any], payload: bytes, kept: bytes) -> bytes:
    """`kept`, the JSON to be kept of `payload`; when a name in that speaks of a secret, with the secret hidden."""
    lower = payload.lower()
    if not any(hint in lower for hint in _HINTS):
        return kept
    hidden = json.dumps(_hide(fields), separators=(",", ":"))
    # What was not quite JSON is kept as a text, and NaN is still none after the secret is hidden.
    return hidden.encode() if kept is payload else json.dumps(hidden).encode()


def _hide(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {name: HIDDEN if SECRET.search(name) else _hide(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hide(inner, depth + 1) for inner in value]
    return value
