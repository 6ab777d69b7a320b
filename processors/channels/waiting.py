"""How long the other side wants to be left alone: Retry-After (RFC 9110, 10.2.3), seconds or a date."""

from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 3600.0
"""Nobody is believed who asks for more: an alarm must get its next attempt."""


def retry_after(text: str | None, real_now: datetime) -> float | None:
    """Seconds from `real_now` on; None when nothing, or nothing that can be read, was said."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return min(float(text.strip()[:9]), LONGEST_SECONDS)
    try:
        seconds = (parsedate_to_datetime(text) - real_now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        # TypeError: a date without a zone is naive, and says nothing.
        return None
    return min(max(seconds, 0.0), LONGEST_SECONDS)
