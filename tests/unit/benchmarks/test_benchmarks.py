"""Each benchmark runs at a very small size. Whether its figures are good is not a test's business."""

import json
from collections.abc import Sequence

import pytest

from benchmarks import __main__ as command
from benchmarks import adapters, backtest, deadlines, end_to_end, escalator, footprint, latency, rules, storm
from benchmarks.table import Cell, Table
from events.delivery import Rejected
from ingest.families import FAMILIES, OFF, read_all

SLOW_SECONDS = 180
"""They start a Vaka or two on servers of their own, on a machine that may be busy."""


@pytest.fixture(autouse=True)
def one_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (end_to_end, footprint, latency, storm):
        monkeypatch.setattr(module, "brokers", lambda: ["iotcore"])


def figures(row: Sequence[Cell]) -> list[float]:
    """The cells after the name of the row."""
    return [float(cell) for cell in row[1:]]


def test_the_rules_alone() -> None:
    alone, whole, sizes = rules.run(rules.Size(residents=20, hours=1, repetitions=2))
    for speed in (alone, whole):
        assert len(speed.rows) == 6
        assert all(figure > 0 for row in speed.rows for figure in figures(row))
    (largest,), (mean,) = map(figures, sizes.rows)
    assert 0 < mean <= largest


@pytest.mark.timeout(SLOW_SECONDS)
def test_backtest() -> None:
    (table,) = backtest.run(backtest.Size(residents=1, days=2))
    assert len(table.rows) == 2
    assert all(figure > 0 for row in table.rows for figure in figures(row))


def test_understanding_a_message() -> None:
    (table,) = adapters.run(adapters.Size(repetitions=3))
    assert {row[0] for row in table.rows} >= {"canonical", "zigbee2mqtt"}
    for family in adapters.MEASURED:
        reader = read_all(dict.fromkeys(FAMILIES, OFF) | {family.name: family.bases})
        for topic, payload in family.before:
            reader.read(topic, payload, adapters.NOW, retained=True)
        for topic, payload in family.messages.values():
            content = reader.reread(topic, payload, adapters.NOW)
            assert content
            assert not [seen for seen in content if isinstance(seen, Rejected)]


@pytest.mark.timeout(SLOW_SECONDS)
def test_a_step_of_the_escalator() -> None:
    """Each alarm tells who is on duty, at the console and by push, and then also who is signed in."""
    (table,) = escalator.run(escalator.Size(alarms=4, units=2, staff=4, repetitions=1))
    told = [row[1] for row in table.rows]
    assert told == [8, 16, 8]
    assert all(float(row[2]) > 0 for row in table.rows)


def test_deadlines() -> None:
    """Every deadline becomes an alarm, by the rules as by the script."""
    (table,) = deadlines.run(deadlines.Size(residents=(20,), spread_seconds=0))
    assert [figures(row)[0] for row in table.rows] == [20, 20]


@pytest.mark.timeout(SLOW_SECONDS)
def test_end_to_end() -> None:
    """It fails by itself unless every event is stored once and every press is an alarm's."""
    (table,) = end_to_end.run(end_to_end.Size(residents=2, events=300, rounds=1))
    assert [row[0] for row in table.rows] == ["iotcore, drained", "iotcore, live"]


@pytest.mark.timeout(SLOW_SECONDS)
def test_from_press_to_alarm() -> None:
    (table,) = latency.run(latency.Size(residents=2, presses=3, background=(50,), pause_seconds=0.01))
    assert [row[0] for row in table.rows] == ["iotcore, 50"]


@pytest.mark.timeout(SLOW_SECONDS)
def test_presses_in_a_storm_of_test_alarms() -> None:
    """It fails by itself if a test alarm or a press is lost, or somebody is told of a test."""
    (table,) = storm.run(storm.Size(towns=2, residents=2, alarms=20, seconds=0.2, calm_seconds=0.2))
    assert [len(row) for row in table.rows] == [6, 6]
    assert all(row[1] for row in table.rows)


@pytest.mark.timeout(SLOW_SECONDS)
def test_footprint() -> None:
    (table,) = footprint.run(footprint.Size(starts=1, idle_seconds=0))
    first, later, slowest, processes, rss, pss = figures(table.rows[0])
    assert processes == 3
    assert min(first, later, slowest) > 0
    assert pss <= rss
    assert rss > 20


def test_the_command_prints_one_table_as_text_or_as_json(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    table = Table("Trial", ("what", "a second"), [("one", 1234.5), ("two", 1.5)], ["A note."])
    monkeypatch.setitem(command.BENCHMARKS, "rules", command.Benchmark(list, lambda: [table]))
    command.main(["--quick", "--only", "rules"])
    assert capfd.readouterr().out.split("\n\n", 1)[1] == (
        "### Trial\n\n| what | a second |\n|------|---------:|\n| one  |    1,234 |\n| two  |     1.50 |\n\n- A note.\n"
    )
    command.main(["--quick", "--only", "rules", "--format", "json"])
    told = json.loads(capfd.readouterr().out)
    assert told["rules"][0]["rows"] == [{"what": "one", "a second": 1234.5}, {"what": "two", "a second": 1.5}]
