"""What figures are asked to be added up by."""

from typing import TypeVar

from api.problems import invalid

Dimension = TypeVar("Dimension", bound=str)


def dimensions(by: str, known: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Those of `known` that `by` names, separated by commas, in their own order."""
    names = [name for name in by.split(",") if name]
    if not set(names) <= set(known):
        raise invalid("by", f"is not made of {', '.join(known)}", by[:200])
    return tuple(dimension for dimension in known if dimension in names)
