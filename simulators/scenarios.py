"""Named mixtures of faults, each a bad but ordinary day of a municipality's devices."""

from collections.abc import Callable
from datetime import timedelta

from simulators.faults import Messages, cut_off, delayed, duplicated, lost, reordered, skewed
from simulators.timed import TimedMessage

Scenario = Callable[[Messages, int], list[TimedMessage]]
"""From messages by time and a seed to the messages that are sent, by time."""


def clean(messages: Messages, seed: int) -> list[TimedMessage]:
    return list(messages)


def nervous_radio(messages: Messages, seed: int) -> list[TimedMessage]:
    """Acknowledgements get lost: a fifth is sent twice within a minute."""
    return duplicated(messages, seed, share=0.2, within=timedelta(minutes=1))


def slow_network(messages: Messages, seed: int) -> list[TimedMessage]:
    """A tenth is up to two hours late."""
    return delayed(messages, seed, share=0.1, by=timedelta(hours=2))


def careless_hub(messages: Messages, seed: int) -> list[TimedMessage]:
    """A hub sends what it has collected in any order."""
    return reordered(messages, seed, run=8)


def wrong_clocks(messages: Messages, seed: int) -> list[TimedMessage]:
    """Clocks are up to ten minutes off."""
    return skewed(messages, seed, most=timedelta(minutes=10))


def outage(messages: Messages, seed: int) -> list[TimedMessage]:
    """In the middle of it all nothing gets through for a tenth of the time; then everything comes at once."""
    if not messages:
        return []
    first, last = messages[0].time, messages[-1].time
    start = first + (last - first) * 0.45
    return cut_off(messages, start, start + (last - first) * 0.1, buffered=True)


def dead_spots(messages: Messages, seed: int) -> list[TimedMessage]:
    """One in twenty messages never arrives."""
    return lost(messages, seed, share=0.05)


def bad_day(messages: Messages, seed: int) -> list[TimedMessage]:
    """Everything that loses nothing, at once."""
    for scenario in (wrong_clocks, slow_network, careless_hub, nervous_radio, outage):
        messages = scenario(messages, seed)
    return list(messages)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        clean,
        nervous_radio,
        slow_network,
        careless_hub,
        wrong_clocks,
        outage,
        dead_spots,
        bad_day,
    )
}
