"""Types of the rules, as OpenAPI describes them."""

from typing import Any

import msgspec


def schema_of(type: Any) -> dict[str, Any]:
    """JSON Schema of a type of the rules, without references: OpenAPI keeps its schemas in another place."""
    schema = msgspec.json.schema(type)
    definitions = schema.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, dict):
            reference = node.get("$ref", "").rpartition("/")[2]
            return inline(definitions[reference]) if reference else {k: inline(v) for k, v in node.items()}
        return [inline(item) for item in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = inline(schema)
    return resolved
