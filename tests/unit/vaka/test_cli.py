"""The command: what it says of itself, and how it refuses."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from vaka.cli import COMMANDS, main, parser

DOCS = Path("docs/commands.md").read_text(encoding="utf-8")


def _options(name: str) -> list[str]:
    (commands,) = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return [option for action in commands.choices[name]._actions for option in action.option_strings]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    assert f"`vaka {name}`" in DOCS
    missing = [option for option in _options(name) if option not in DOCS and option not in ("-h", "--help")]
    assert missing == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[name][1].split()[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token", "--role", "admin"], "nothing runs in"),
        (["report", "usage", "--from", "2026-01-02", "--to", "2026-01-01"], "--to 2026-01-01 is before"),
        (["migrate"], "nothing runs in"),
        (["doctor"], "nothing runs in"),
        (["engine"], "nothing runs in"),
        (["simulate"], "VAKA_MQTT_URL"),
        (["up", "--simulate", "-1"], "--simulate -1"),
        (["up", "--speed", "0"], "--speed 0"),
        (["token", "--role", "admin", "--unit", "u"], "--unit needs --tenant"),
    ],
)
def test_it_says_why_not_and_what_to_do(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VAKA_DATA_DIR", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert said in capsys.readouterr().err


def test_a_wrong_setting_is_misuse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VAKA_HTTP", "here")
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    assert ended.value.code == 2
    assert "VAKA_HTTP" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    heavy = "[name for name in ('psycopg', 'fastapi') if name in sys.modules]"
    code = f"import sys; from vaka.cli import parser; parser(); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
