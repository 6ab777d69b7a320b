"""What the rules refuse of something that was given, as a problem that names the field."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.problems import ProblemError, invalid
from rules.given import GivenError


@contextmanager
def checked(prefix: str = "") -> Iterator[None]:
    """A GivenError within becomes a 422; `prefix`: where in the body the given thing stands."""
    try:
        yield
    except GivenError as error:
        raise refused(error, prefix) from None


def refused(error: GivenError, prefix: str = "") -> ProblemError:
    return invalid(f"{prefix}{error.field}", error.message, error.value)
