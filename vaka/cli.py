"""The `vaka` command: results on stdout, progress and log on stderr, exit code 2 for what was asked wrongly."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vaka.settings import Settings, SettingsError, load_settings

FAILED, MISUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    try:
        settings = load_settings(os.environ, Path.cwd(), _overrides(options))
    except SettingsError as error:
        sys.exit(_complain(error, MISUSED))
    _log_to_stderr(settings)
    sys.exit(_run(options, settings))


def parser() -> argparse.ArgumentParser:
    """All commands. What each one imports is imported when it runs, so that `--help` is quick."""
    root = argparse.ArgumentParser(prog="vaka", description="Keeps watch over welfare-technology devices.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, help_text) in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("--data-dir", metavar="D", help="the data directory (VAKA_DATA_DIR)")
        command.set_defaults(module=module)
        _load(module).add_arguments(command, name)
    return root


COMMANDS = {
    "up": ("vaka.commands.up", "everything in one command: broker, database, ingest, rules, API and console"),
    "engine": ("vaka.commands.role", "ingest and rules against real servers; owner of the log"),
    "escalate": ("vaka.commands.role", "escalation against a real database"),
    "notify": ("vaka.commands.role", "notifications and commands to devices"),
    "api": ("vaka.commands.role", "the HTTP API and the console"),
    "watchdog": ("vaka.commands.watchdog", "keeps watch over Vaka itself, and tells operators by ways of its own"),
    "simulate": ("vaka.commands.simulate", "a virtual municipality publishing to any broker"),
    "simulate-gateway": ("vaka.commands.simulate_gateway", "a gateway for SMS and voice calls that reaches nobody"),
    "replay": ("vaka.commands.replay", "a recording, published over MQTT or imported as history"),
    "backtest": ("vaka.commands.backtest", "history judged by other plans or rules, compared with what happened"),
    "import": ("vaka.commands.import_devices", "devices from a list, tried out first"),
    "duty": ("vaka.commands.duty", "shows who is on duty, or imports shifts from a file, tried out first"),
    "policies": ("vaka.commands.policies", "lists the escalation policies that hold"),
    "coverage": ("vaka.commands.coverage", "gaps in who can be reached within the next 24 hours"),
    "report": ("vaka.commands.report", "usage, indicators and service levels from what is stored"),
    "migrate": ("vaka.commands.migrate", "brings the database to this version's schema"),
    "doctor": ("vaka.commands.doctor", "checks what Vaka stands on and says what to do"),
    "push-keys": ("vaka.commands.push_keys", "shows the key that push messages are signed with, or makes another"),
    "token": ("vaka.commands.token", "makes a bearer token for a program, printed last"),
}


def _load(module: str) -> Any:
    return import_module(module)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    from vaka.commands import Refused

    try:
        return int(asyncio.run(_load(options.module).run(options, settings)) or 0)
    except Refused as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return 130


def _overrides(options: argparse.Namespace) -> dict[str, str | None]:
    names = {"data_dir", "http", "mqtt", "mqtt_url"}
    return {name: value for name, value in vars(options).items() if name in names}


def _log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    # These tell of every packet and every request.
    for name in ("gmqtt", "httpx", "mqtt", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _complain(error: Exception, code: int) -> int:
    print(f"vaka: {error}", file=sys.stderr)
    return code
