"""How many messages one transaction takes."""

from processors.batch_size import LEAST, LONG_SECONDS, MOST, BatchSize

LONG, SHORT = 2 * LONG_SECONDS, LONG_SECONDS / 4


def test_it_is_halved_while_transactions_take_long_and_never_below_the_least() -> None:
    size = BatchSize()
    limits = []
    for _ in range(6):
        size.took(size.limit, LONG)
        limits.append(size.limit)
    assert limits == [MOST // 2, MOST // 4, MOST // 8, LEAST, LEAST, LEAST]


def test_it_grows_again_with_full_transactions_that_take_little_and_never_above_the_most() -> None:
    size = BatchSize()
    size.took(LEAST * 2, LONG)
    assert size.limit == LEAST
    for _ in range(5):
        size.took(size.limit, SHORT)
    assert size.limit == MOST


def test_a_transaction_that_is_not_full_does_not_make_it_grow() -> None:
    size = BatchSize()
    size.took(200, LONG)
    size.took(99, SHORT)
    assert size.limit == 100


def test_a_few_messages_that_take_long_say_nothing_about_many() -> None:
    size = BatchSize()
    size.took(LEAST, LONG)
    assert size.limit == MOST


def test_between_long_and_little_it_stays() -> None:
    size = BatchSize()
    size.took(200, LONG)
    size.took(100, LONG_SECONDS * 0.75)
    assert size.limit == 100
