from datetime import timedelta

from processors.backoff import Backoff


def test_the_delay_doubles_up_to_the_limit() -> None:
    backoff = Backoff(timedelta(seconds=1), timedelta(seconds=10))
    assert [backoff.delay(failures).total_seconds() for failures in (1, 2, 3, 4, 5, 100_000)] == [1, 2, 4, 8, 10, 10]
