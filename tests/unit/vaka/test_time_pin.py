"""A data directory keeps its speed."""

from datetime import timedelta
from pathlib import Path

import pytest

from vaka.clock import system_clock
from vaka.time_pin import SpeedError, clock_of, pin, read_pin


def test_without_a_speed_time_is_true(tmp_path: Path) -> None:
    assert clock_of(pin(tmp_path, None)) is system_clock


def test_a_faster_clock_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pin(tmp_path, 3600)
    again = pin(tmp_path, None)
    assert again == first == read_pin(tmp_path)
    monkeypatch.setattr("time.time", lambda: again.epoch.timestamp() + 2)
    assert clock_of(again)() == again.epoch + timedelta(hours=2)


def test_another_speed_is_refused_and_both_are_named(tmp_path: Path) -> None:
    pin(tmp_path, 60)
    with pytest.raises(SpeedError, match=r"--speed 10: .* speed 60 "):
        pin(tmp_path, 10)


def test_true_time_cannot_be_made_faster_later(tmp_path: Path) -> None:
    pin(tmp_path, None)
    with pytest.raises(SpeedError, match="speed 1 "):
        pin(tmp_path, 2)
