"""What operators are told of Vaka's own troubles, and how often."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vaka.watchdog.judge import Book, News, Notice, Patience, Told, Trouble, advance

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PATIENCE = Patience(timedelta(seconds=30), timedelta(minutes=30))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def told(book: Book, seconds: float, **troubles: Trouble) -> tuple[Book, list[tuple[str, News]]]:
    book, notices = advance(book, troubles, at(seconds), PATIENCE)
    return book, [(notice.part, notice.news) for notice in notices]


STILL = Trouble("it has made no turn", START)


def test_a_trouble_is_told_when_it_has_lasted_and_then_not_again_until_it_is_time() -> None:
    book, notices = told({}, 29.9, notifier=STILL)
    assert (book, notices) == ({}, [])
    book, notices = told(book, 30, notifier=STILL)
    assert notices == [("notifier", News.BEGUN)]
    for seconds in (35, 1000, 1829):
        book, notices = told(book, seconds, notifier=STILL)
        assert notices == []
    book, notices = told(book, 1830, notifier=STILL)
    assert notices == [("notifier", News.GOES_ON)]
    assert told(book, 1831, notifier=STILL)[1] == []


def test_it_is_over_when_it_has_stayed_away() -> None:
    book, _ = told({}, 30, notifier=STILL)
    for seconds in (35, 64.9):
        book, notices = told(book, seconds)
        assert notices == []
    book, over = advance(book, {}, at(65), PATIENCE)
    assert over == [Notice("notifier", News.OVER, "it has made no turn", START)]
    assert book == {}


def test_what_comes_and_goes_is_one_trouble() -> None:
    book, _ = told({}, 30, notifier=STILL)
    for seconds in range(40, 600, 20):
        here = {"notifier": Trouble("again", at(seconds))} if seconds % 40 else {}
        book, notices = told(book, seconds, **here)
        assert notices == []
    assert book["notifier"].since == START


def test_what_is_sure_is_told_at_once() -> None:
    assert told({}, 0, clock=Trouble("it jumped", START, at_once=True))[1] == [("clock", News.BEGUN)]


def test_parts_are_told_apart_and_together() -> None:
    both = {"log": STILL, "database": STILL}
    book, notices = told({}, 30, **both)
    assert notices == [("database", News.BEGUN), ("log", News.BEGUN)]
    book, _ = told(book, 40, log=STILL)
    assert told(book, 70, log=STILL)[1] == [("database", News.OVER)]


@given(st.lists(st.tuples(st.floats(1, 400), st.booleans()), max_size=60))
def test_begun_and_over_alternate_and_nothing_short_is_told(steps: list[tuple[float, bool]]) -> None:
    book: Book = {}
    seconds, since, last = 0.0, None, News.OVER
    for step, wrong in steps:
        seconds += step
        since = (seconds if since is None else since) if wrong else None
        book, notices = advance(book, {"x": Trouble("", at(since))} if since is not None else {}, at(seconds), PATIENCE)
        for notice in notices:
            assert (notice.news is News.BEGUN) == (last is News.OVER)
            assert notice.news is not News.BEGUN or (since is not None and seconds - since >= 30 - 1e-6)
            last = notice.news
    assert bool(book) == (last is not News.OVER)
    assert all(isinstance(told, Told) for told in book.values())
