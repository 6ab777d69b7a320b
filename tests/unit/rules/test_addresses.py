"""What a contact point's address may hold, and what of it is shown."""

import json
from typing import Any

import pytest

from rules.addresses import ADDRESSES, read_address, shown, written
from rules.contact import Channel
from rules.given import GivenError

KEY = "B" + "A" * 86
PUSH = {"endpoint": "https://push.example/s3cret", "p256dh": KEY, "auth": "A" * 22, "key": KEY}
GOOD: list[tuple[Channel, dict[str, Any]]] = [
    (Channel.PUSH, PUSH),
    (Channel.SMS, {"number": "+46700000001"}),
    (Channel.VOICE, {"number": "+4611212"}),
    (Channel.EMAIL, {"email": "a.b+c@prov.example"}),
    (Channel.MQTT, {"topic": "wall/1"}),
    (Channel.SCAIP, {"cid": "prov-1"}),
    (Channel.APPRISE, {"url": "tgram://123:s3cret/45"}),
]
BAD: list[tuple[Channel, dict[str, Any], str]] = [
    (Channel.CONSOLE, {}, "channel"),
    (Channel.WEBHOOK, {"url": "http://x/"}, "channel"),
    (Channel.SMS, {}, "number"),
    (Channel.SMS, {"number": "0700000001"}, "number"),
    (Channel.SMS, {"number": "+46 70"}, "number"),
    (Channel.SMS, {"number": "+46700000001\n"}, "number"),
    (Channel.SMS, {"number": 46}, "number"),
    (Channel.SMS, {"number": "+46700000001", "to": "x"}, "to"),
    (Channel.EMAIL, {"email": "prov.example"}, "email"),
    (Channel.EMAIL, {"email": "a@b"}, "email"),
    (Channel.EMAIL, {"email": "a@prov.example, b@prov.example"}, "email"),
    (Channel.EMAIL, {"email": "a@prov.example\r\nBcc: b@prov.example"}, "email"),
    (Channel.EMAIL, {"email": "<a@prov.example>"}, "email"),
    (Channel.MQTT, {"topic": "#"}, "topic"),
    (Channel.MQTT, {"topic": "a/+"}, "topic"),
    (Channel.MQTT, {"topic": "/a"}, "topic"),
    (Channel.MQTT, {"topic": "a" * 101}, "topic"),
    (Channel.SCAIP, {"cid": "a b"}, "cid"),
    (Channel.SCAIP, {"cid": "x" * 33}, "cid"),
    (Channel.APPRISE, {"url": "nothing"}, "url"),
    (Channel.APPRISE, {"url": "json://x/ y"}, "url"),
    (Channel.PUSH, {**PUSH, "endpoint": "http://push.example/"}, "endpoint"),
    (Channel.PUSH, {**PUSH, "endpoint": "https://u:p@push.example/"}, "endpoint"),
    (Channel.PUSH, {**PUSH, "endpoint": "https://push.example:0/"}, "endpoint"),
    (Channel.PUSH, {**PUSH, "endpoint": "https://[::1/"}, "endpoint"),
    (Channel.PUSH, {**PUSH, "p256dh": "AAAA"}, "p256dh"),
    (Channel.PUSH, {**PUSH, "auth": "A" * 21}, "auth"),
    (Channel.PUSH, {**PUSH, "auth": "!" * 22}, "auth"),
    (Channel.PUSH, {**PUSH, "key": ""}, "key"),
]


def test_every_channel_with_contact_points_is_here() -> None:
    assert {channel for channel, _ in GOOD} == set(ADDRESSES) == set(Channel) - {Channel.CONSOLE, Channel.WEBHOOK}


@pytest.mark.parametrize(("channel", "data"), GOOD)
def test_a_good_address_is_kept_as_it_is(channel: Channel, data: dict[str, Any]) -> None:
    assert written(read_address(channel, data)) == data


@pytest.mark.parametrize(("channel", "data", "field"), BAD)
def test_a_bad_one_is_refused_by_the_name_of_its_field(channel: Channel, data: dict[str, Any], field: str) -> None:
    with pytest.raises(GivenError) as caught:
        read_address(channel, data)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def test_the_error_repeats_the_value_but_no_secret() -> None:
    with pytest.raises(GivenError, match="0700000001"):
        read_address(Channel.SMS, {"number": "0700000001"})
    for channel, data in ((Channel.APPRISE, {"url": "s3cret"}), (Channel.PUSH, {**PUSH, "endpoint": "http://s3cret/"})):
        with pytest.raises(GivenError) as caught:
            read_address(channel, data)
        assert caught.value.value is None
        assert "s3cret" not in str(caught.value)


def test_what_would_let_others_send_is_not_shown() -> None:
    for channel, data in GOOD:
        said = json.dumps(shown(channel, data))
        assert "s3cret" not in said
        assert "A" * 22 not in said.replace(KEY, "")
    assert shown(Channel.PUSH, PUSH)["endpoint"] == "https://push.example/***"
    assert shown(Channel.APPRISE, {"url": "tgram://1/2"}) == {"url": "tgram://***"}
    assert shown(Channel.SMS, {"number": "+46700000001"}) == {"number": "+46700000001"}
