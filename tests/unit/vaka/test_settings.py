from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from events.address import Address
from vaka.settings import Settings, SettingsError, load_settings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_defaults(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path) == Settings(data_dir=tmp_path / "vaka-data")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "vaka.toml").write_text('http = "127.0.0.1:1"\nmqtt = "127.0.0.1:2"\nqueue_limit = 3\n')
    environ = {"VAKA_MQTT": "127.0.0.1:20", "VAKA_QUEUE_LIMIT": "30", "HOME": "/nowhere"}
    settings = load_settings(environ, tmp_path, {"queue_limit": "300", "data_dir": None})
    assert settings.http == Address("127.0.0.1", 1)
    assert settings.mqtt == Address("127.0.0.1", 20)
    assert settings.queue_limit == 300


def test_the_file_can_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('log_level = "debug"\ncatch_up_seconds = 1.5\n')
    settings = load_settings({"VAKA_CONFIG": "other.toml"}, tmp_path)
    assert (settings.log_level, settings.catch_up_seconds) == ("debug", 1.5)


def test_an_empty_variable_counts_as_not_given(tmp_path: Path) -> None:
    assert load_settings({"VAKA_DATABASE_URL": "", "VAKA_HTTP": ""}, tmp_path) == load_settings({}, tmp_path)


def test_the_data_directory_becomes_absolute(tmp_path: Path) -> None:
    assert load_settings({"VAKA_DATA_DIR": "a/../b"}, tmp_path).data_dir == tmp_path / "b"
    assert load_settings({"VAKA_DATA_DIR": "/c"}, tmp_path).data_dir == Path("/c")


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("VAKA_HTTP", "127.0.0.1:web", "the port 'web' is not a number"),
        ("VAKA_MQTT", "1883", "not HOST:PORT"),
        ("VAKA_QUEUE_LIMIT", "many", "int"),
        ("VAKA_QUEUE_LIMIT", "0", ">= 1"),
        ("VAKA_SESSION_HOURS", "-1", ">= 1"),
        ("VAKA_SNAPSHOT_SECONDS", "0", "> 0"),
        ("VAKA_BROKER", "emqx", "emqx"),
        ("VAKA_LOG_LEVEL", "loud", "loud"),
        ("VAKA_MQTT_URL", "mqtt://broker:x", "'x' is not a number"),
        ("VAKA_DATABASE_URL", "sqlite://", "postgresql://"),
        ("VAKA_SCAIP_LISTEN", "5060", "not HOST:PORT"),
        ("VAKA_SCAIP_ANSWER", "never", "never"),
        ("VAKA_SCAIP_HEARTBEAT_MINUTES", "1441", "<= 1440"),
        ("VAKA_SCAIP_REALM", 'a "b"', "regex"),
        ("VAKA_STANDSTILL_SECONDS", "0", "> 0"),
        ("VAKA_WATCHDOG_SMTP", "mail.example", "smtp://host"),
        ("VAKA_WATCHDOG_WEBHOOK", "ftp://chat.example", "http://host"),
        ("VAKA_HEARTBEAT_URL", "https://", "http://host"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, variable: str, value: str, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({variable: value}, tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{variable}: {value!r}")
    assert reason in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("queue_limt = 1", ["unknown setting 'queue_limt' = 1", "did you mean 'queue_limit'"]),
        ("colour = 'red'", ["unknown setting 'colour' = 'red'"]),
        ("queue_limit = 'many'", ["queue_limit in ", "vaka.toml: 'many'"]),
        ("http = 8000", ["http in ", "not HOST:PORT"]),
        ("http = ", ["vaka.toml cannot be read"]),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "vaka.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings({}, tmp_path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_scaip_on_loopback_needs_nothing_else(tmp_path: Path) -> None:
    settings = load_settings({"VAKA_SCAIP_LISTEN": "127.0.0.1:5060"}, tmp_path)
    assert (settings.scaip_listen, settings.scaip_users) == (Address("127.0.0.1", 5060), None)


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"SCAIP_LISTEN": "0.0.0.0:5060"}, "scaip_users does not say"),
        ({"SCAIP_LISTEN": "alarm.example:5060"}, "scaip_users does not say"),
        ({"SCAIP_TLS_LISTEN": "0.0.0.0:5061", "SCAIP_CERTIFICATE": "c", "SCAIP_KEY": "k"}, "scaip_users does not"),
        ({"SCAIP_TLS_LISTEN": "[::1]:5061"}, "needs scaip_certificate and scaip_key"),
        ({"SCAIP_TLS_LISTEN": "[::1]:5061", "SCAIP_CERTIFICATE": "c"}, "needs scaip_certificate and scaip_key"),
    ],
)
def test_scaip_is_not_open_to_everybody(tmp_path: Path, environ: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_settings({f"VAKA_{name}": value for name, value in environ.items()}, tmp_path)


def test_scaip_over_a_network_with_all_that_it_needs(tmp_path: Path) -> None:
    names = ("SCAIP_LISTEN", "SCAIP_TLS_LISTEN", "SCAIP_CERTIFICATE", "SCAIP_KEY", "SCAIP_USERS")
    values = ("0.0.0.0:5060", "0.0.0.0:5061", "cert.pem", "key.pem", "users")
    environ = {f"VAKA_{name}": value for name, value in zip(names, values, strict=True)}
    assert load_settings(environ, tmp_path).scaip_users == Path("users")


@pytest.mark.parametrize("missing", ["SMTP", "EMAIL_FROM", "EMAIL_TO"])
def test_the_watchdogs_mail_needs_all_of_its_parts(tmp_path: Path, missing: str) -> None:
    parts = {"SMTP": "smtp://mail.example", "EMAIL_FROM": "vaka@provby.example", "EMAIL_TO": "jour@provby.example"}
    whole = {f"VAKA_WATCHDOG_{name}": value for name, value in parts.items()}
    assert load_settings(whole, tmp_path).watchdog_email_to == "jour@provby.example"
    with pytest.raises(SettingsError, match=f"watchdog_{missing.lower()}: needed"):
        load_settings({name: value for name, value in whole.items() if not name.endswith(missing)}, tmp_path)


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="VAKA_CONFIG"):
        load_settings({"VAKA_CONFIG": "absent.toml"}, tmp_path)


def test_an_error_keeps_the_password_to_itself(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"VAKA_MQTT_URL": "mqtt://vaka:secret@broker:x"}, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda field: str(field.name))
def test_every_setting_is_documented_with_its_variable_default_and_meaning(field: msgspec.structs.FieldInfo) -> None:
    meaning = get_type_hints(Settings, include_extras=True)[field.name].__metadata__[0].description
    row = f"| `{field.name}` | `VAKA_{field.name.upper()}` | {_shown(field.default)} | {meaning} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


def test_no_setting_is_documented_that_does_not_exist() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(Settings.__struct_fields__)


def _shown(default: Any) -> str:
    if default is None:
        return "not set"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
