"""docs/plans.md, made from the types of `rules.plan`: `python -m tests.support.plan_page` writes it anew."""

import ast
from pathlib import Path
from typing import Any

import msgspec

from rules import plan

PAGE = Path(__file__).parents[2] / "docs/plans.md"
HEAD = """# What a plan can say

Made from the types in `rules/plan.py`, which check every plan. What each part does, with examples, is in
[Rules and plans](rules.md). A plan is sent to [`POST /api/v1/plans`](api.md); a unit's defaults have the same parts.
"""


def page() -> str:
    schema = msgspec.json.schema(plan.Plan)
    texts = _texts()
    names = ["Plan", *(name for name in texts if name in schema["$defs"] and name != "Plan")]
    return HEAD + "".join(_section(name, schema["$defs"][name], texts[name]) for name in names)


def _texts() -> dict[str, dict[str, str]]:
    """Of each class its own text (under the empty name) and those of its fields, in the order of the source."""
    source = ast.parse(Path(plan.__file__).read_text(encoding="utf-8"))
    classes = {node.name: node for node in source.body if isinstance(node, ast.ClassDef)}
    found: dict[str, dict[str, str]] = {}
    for name, node in classes.items():
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        fields = {field: text for base in bases for field, text in found.get(base, {}).items()}
        for line, following in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                said = following.value if isinstance(following, ast.Expr) else None
                fields[line.target.id] = (
                    str(said.value) if isinstance(said, ast.Constant) else fields.get(line.target.id, "")
                )
        found[name] = {**fields, "": ast.get_docstring(node) or ""}
    return found


def _section(name: str, schema: dict[str, Any], texts: dict[str, str]) -> str:
    struct = getattr(plan, name)
    fields = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
    required = schema.get("required", [])
    rows = [
        f"| `{field}` | {_kind(about)} | {_default(field, about, required)} | {texts[fields[field]]} |\n"
        for field, about in schema["properties"].items()
    ]
    head = f"\n## {name}\n\n{texts['']}\n\n| field | value | unless given | |\n|---|---|---|---|\n"
    return head + "".join(rows)


def _default(field: str, schema: dict[str, Any], required: list[str]) -> str:
    return "required" if field in required else f"`{msgspec.json.encode(schema.get('default')).decode()}`"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_kind(schema['items'])}{_between(schema, 'minItems', 'maxItems')}"
    if "pattern" in schema:
        return "local time `HH:MM`"
    if schema["type"] == "string":
        return f"text{_between(schema, 'minLength', 'maxLength', ' characters')}"
    names = {"integer": "whole number", "number": "number", "null": "null"}
    return names[schema["type"]] + _between(schema, "minimum", "maximum")


def _between(schema: dict[str, Any], low: str, high: str, unit: str = "") -> str:
    if high not in schema:
        return ""
    return f", {schema.get(low, 0)} to {schema[high]}{unit}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
