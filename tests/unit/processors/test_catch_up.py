"""When deadlines wait for a backlog, and when they go on."""

import pytest

from processors.catch_up import CatchUp


class Backlog:
    def __init__(self) -> None:
        self.read = False

    def is_caught_up(self) -> bool:
        return self.read


class Loop:
    """What the owner of the log does with it; `time` in seconds."""

    def __init__(self) -> None:
        self.backlog = Backlog()
        self.catch_up = CatchUp(at_most=60)
        self.holding = False
        self.time = 0.0

    def batch(self, *, fails: bool = False) -> str:
        """What was decided in one batch."""
        said, holding = [], self.holding
        if self.catch_up.wants_hold(holding):
            holding = True
            said.append("hold")
        ended = self.catch_up.ended(holding, self.backlog, self.time)
        if ended is not None:
            holding = False
            said.append("read" if ended else "waited enough")
        if not fails:
            self.holding = holding
            self.catch_up.committed(holding)
        return ", ".join(said)

    @property
    def has_news(self) -> bool:
        return self.catch_up.has_news(self.holding, self.backlog)


@pytest.fixture
def loop() -> Loop:
    loop = Loop()
    loop.catch_up.begin()
    return loop


def test_nothing_waits_before_there_is_a_backlog() -> None:
    loop = Loop()
    assert not loop.has_news
    assert loop.batch() == ""


def test_deadlines_wait_until_the_backlog_is_read(loop: Loop) -> None:
    assert loop.has_news
    assert loop.batch() == "hold"
    assert not loop.has_news
    assert loop.batch() == ""
    loop.backlog.read = True
    assert loop.has_news
    assert loop.batch() == "read"
    assert not loop.has_news
    assert loop.batch() == ""


def test_a_backlog_that_is_read_already_holds_nothing_up(loop: Loop) -> None:
    loop.backlog.read = True
    assert loop.batch() == "hold, read"
    assert not loop.holding
    assert not loop.has_news
    assert loop.batch() == ""


def test_deadlines_do_not_wait_for_ever(loop: Loop) -> None:
    loop.batch()
    loop.time = 59.9
    assert loop.batch() == ""
    loop.time = 60
    assert loop.batch() == "waited enough"
    assert loop.batch() == ""


def test_the_limit_is_counted_from_the_first_batch_that_held(loop: Loop) -> None:
    loop.time = 1000
    assert loop.batch() == "hold"
    loop.time = 1059
    assert loop.batch() == ""
    loop.time = 1060
    assert loop.batch() == "waited enough"


def test_every_outage_has_its_own_limit(loop: Loop) -> None:
    loop.batch()
    loop.time = 60
    loop.batch()
    loop.time = 1000
    loop.catch_up.begin()
    assert loop.batch() == "hold"
    loop.time = 1059
    assert loop.batch() == ""


def test_a_connection_that_comes_and_goes_does_not_silence_deadlines(loop: Loop) -> None:
    said = []
    for second in range(0, 200, 20):
        loop.time = second
        loop.catch_up.begin()
        said.append(loop.batch())
    assert said == ["hold", "", "", "waited enough", "hold", "", "", "waited enough", "hold", ""]


def test_a_reconnect_while_deadlines_wait_is_part_of_the_same_wait(loop: Loop) -> None:
    loop.batch()
    loop.catch_up.begin()
    assert loop.batch() == ""
    loop.backlog.read = True
    assert loop.batch() == "read"
    assert not loop.has_news


def test_a_batch_that_fails_is_asked_again(loop: Loop) -> None:
    assert loop.batch(fails=True) == "hold"
    assert loop.has_news
    assert loop.batch(fails=True) == "hold"
    assert loop.batch() == "hold"
    loop.backlog.read = True
    assert loop.batch(fails=True) == "read"
    assert loop.has_news
    assert loop.batch() == "read"


def test_a_batch_that_fails_after_the_limit_is_asked_again(loop: Loop) -> None:
    loop.batch()
    loop.time = 60
    assert loop.batch(fails=True) == "waited enough"
    assert loop.batch() == "waited enough"


def test_a_backlog_that_begins_while_a_batch_is_committed_is_not_missed(loop: Loop) -> None:
    loop.backlog.read = True
    loop.catch_up.wants_hold(loop.holding)
    loop.catch_up.begin()
    loop.catch_up.committed(holding=False)
    loop.backlog.read = False
    assert loop.has_news
    assert loop.batch() == "hold"


def test_a_hold_that_was_found_in_the_log_ends_like_any_other() -> None:
    """A process that took over from one that was killed while deadlines waited."""
    loop = Loop()
    loop.holding = True
    loop.catch_up.begin()
    assert loop.batch() == ""
    loop.time = 60
    assert loop.batch() == "waited enough"
    assert loop.batch() == ""
