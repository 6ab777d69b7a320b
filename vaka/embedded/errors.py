"""The one error of this package."""


class ServerError(Exception):
    """An embedded server cannot run: the message says which, why, and what to do about it."""
