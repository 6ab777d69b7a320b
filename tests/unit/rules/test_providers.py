"""Settings of providers: what is taken, what is refused and how, and that no secret is shown."""

import json
from typing import Any

import pytest

from rules.contact import Channel
from rules.given import GivenError
from rules.providers import PROVIDERS, read_provider, shown, written

GATEWAY = {"url": "https://sms.example/send", "template": {"to": "{to}", "text": "{text}"}}
SMTP = {"host": "mail.example", "sender": "vaka@prov.example"}
CENTRE = {"host": "larm.example", "transport": "tcp"}
GOOD: list[tuple[Channel, dict[str, Any]]] = [
    (Channel.SMS, GATEWAY),
    (
        Channel.VOICE,
        {
            **GATEWAY,
            "method": "PUT",
            "headers": {"Authorization": "Bearer {secret.token}", "X-Id": "{id}"},
            "body": "form",
            "sender": "Vaka",
            "user": "u",
            "secrets": {"token": "s3cret", "password": "s3cret"},
            "language": "en",
            "answer": {"accepted": {"path": "ok", "values": ["true"]}, "reference": "messages.0.id"},
            "receipts": {"reference": "id", "state": "state", "delivered": ["ok"], "key": "digits", "accept_key": "5"},
        },
    ),
    (Channel.EMAIL, {**SMTP, "port": 465, "security": "tls", "user": "u", "password": "s3cret"}),
    (Channel.SCAIP, {"centres": [{**CENTRE, "user": "u", "password": "s3cret"}, CENTRE]}),
    (Channel.APPRISE, {"schemes": ["ntfys", "tgram"]}),
]
BAD: list[tuple[Channel, dict[str, Any], str]] = [
    (Channel.PUSH, {}, "channel"),
    (Channel.MQTT, {}, "channel"),
    (Channel.SMS, {}, "url"),
    (Channel.SMS, {**GATEWAY, "extra": 1}, "extra"),
    (Channel.SMS, {**GATEWAY, "url": "ftp://x/"}, "url"),
    (Channel.SMS, {**GATEWAY, "url": "http://u:p@x/"}, "url"),
    (Channel.SMS, {**GATEWAY, "url": "http://{to}/"}, "url"),
    (Channel.SMS, {**GATEWAY, "url": "http://x/ y"}, "url"),
    (Channel.SMS, {**GATEWAY, "url": "http://x/#y"}, "url"),
    (Channel.SMS, {**GATEWAY, "method": "DELETE"}, "method"),
    (Channel.SMS, {**GATEWAY, "method": "GET"}, "body"),
    (Channel.SMS, {**GATEWAY, "template": {}}, "template"),
    (Channel.SMS, {**GATEWAY, "template": {"a": "{text}"}}, "template"),
    (Channel.SMS, {**GATEWAY, "template": {"to": "{to}", "b": "{to.__class__}"}}, "template.b"),
    (Channel.SMS, {**GATEWAY, "template": {"to": "{to}", "b": ["{nothing}"]}}, "template.b.0"),
    (Channel.SMS, {**GATEWAY, "template": {"to": "{to}", "b": "{secret.gone}"}}, "template.b"),
    (Channel.SMS, {**GATEWAY, "body": "form", "template": {"to": "{to}", "b": {"c": 1}}}, "template"),
    (Channel.SMS, {**GATEWAY, "headers": {"Host": "evil"}}, "headers"),
    (Channel.SMS, {**GATEWAY, "headers": {"X Y": "z"}}, "headers"),
    (Channel.SMS, {**GATEWAY, "headers": {"X": "a\r\nY: b"}}, "headers.X"),
    (Channel.SMS, {**GATEWAY, "headers": {"Authorization": "Bearer s3cret"}}, "headers"),
    (Channel.SMS, {**GATEWAY, "secrets": {"A": "x"}}, "secrets"),
    (Channel.SMS, {**GATEWAY, "secrets": {"a": "s3cret\r\nX: 1"}}, "secrets"),
    (Channel.SMS, {**GATEWAY, "user": "u"}, "user"),
    (Channel.SMS, {**GATEWAY, "answer": {"reference": "a..b"}}, "answer.reference"),
    (Channel.SMS, {**GATEWAY, "receipts": {"reference": "a", "state": "b", "accept_key": "12"}}, "receipts.accept_key"),
    (Channel.EMAIL, {**SMTP, "host": "mail example"}, "host"),
    (Channel.EMAIL, {**SMTP, "host": "-x"}, "host"),
    (Channel.EMAIL, {**SMTP, "port": 0}, "port"),
    (Channel.EMAIL, {**SMTP, "sender": "Vaka"}, "sender"),
    (Channel.EMAIL, {**SMTP, "sender": "a@b>\r\nBcc: <c@d"}, "sender"),
    (Channel.EMAIL, {**SMTP, "user": "u"}, "user"),
    (Channel.EMAIL, {**SMTP, "security": "none", "user": "u", "password": "s3cret"}, "security"),
    (Channel.SCAIP, {"centres": []}, "centres"),
    (Channel.SCAIP, {"centres": [{**CENTRE, "password": "s3cret"}]}, "centres.0.user"),
    (Channel.SCAIP, {"centres": [{**CENTRE, "transport": "sctp"}]}, "centres[0].transport"),
    (Channel.SCAIP, {"centres": [{**CENTRE, "user": 'a"b', "password": "x"}]}, "centres[0].user"),
    (Channel.APPRISE, {"schemes": []}, "schemes"),
    (Channel.APPRISE, {"schemes": ["A://"]}, "schemes[0]"),
    (Channel.APPRISE, {"schemes": ["syslog"]}, "schemes"),
    (Channel.APPRISE, {"schemes": ["ntfys", "dbus"]}, "schemes"),
]


def test_every_channel_with_a_provider_is_here() -> None:
    assert {channel for channel, _ in GOOD} == set(PROVIDERS)


@pytest.mark.parametrize(("channel", "data"), GOOD)
def test_good_settings_are_kept_as_they_are(channel: Channel, data: dict[str, Any]) -> None:
    assert read_provider(channel, written(read_provider(channel, data))) == read_provider(channel, data)


@pytest.mark.parametrize(("channel", "data", "field"), BAD)
def test_bad_ones_are_refused_by_the_name_of_their_field(channel: Channel, data: dict[str, Any], field: str) -> None:
    with pytest.raises(GivenError) as caught:
        read_provider(channel, data)
    assert caught.value.field == field
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("channel", "data"), GOOD)
def test_secrets_are_not_shown_and_the_rest_is(channel: Channel, data: dict[str, Any]) -> None:
    said = shown(data)
    assert "s3cret" not in json.dumps(said)
    assert set(said) == set(data)


def test_of_a_secret_it_is_shown_that_there_is_one() -> None:
    assert shown({"secrets": {"token": "s3cret"}}) == {"secrets": {"token": "***"}}
    assert shown({"centres": [{"host": "x", "password": "s3cret"}]}) == {"centres": [{"host": "x", "password": "***"}]}
