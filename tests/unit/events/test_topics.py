"""Topics are built and parsed the same way, and a wrong one says what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import DeviceId, TenantId, is_id
from events.kinds import KINDS, URGENT
from events.topics import (
    EVERYTHING,
    URGENT_FILTERS,
    BadTopic,
    Topic,
    command_topic,
    event_topic,
    is_any_marker,
    is_command,
    is_marker,
    marker_topic,
    parse_topic,
)

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}", fullmatch=True)
TENANT, DEVICE = TenantId("demo"), DeviceId("demo-d-0001-button")


@given(IDS, IDS, st.sampled_from(list(KINDS)))
def test_what_is_built_is_parsed_back(tenant: str, device: str, kind: str) -> None:
    topic = event_topic(TenantId(tenant), DeviceId(device), kind)
    assert parse_topic(topic) == Topic(TenantId(tenant), DeviceId(device), kind)
    assert not is_command(topic)
    assert not is_any_marker(topic)


def test_topics_are_those_of_the_design() -> None:
    assert event_topic(TENANT, DEVICE, "motion") == "vaka/v1/demo/demo-d-0001-button/motion"
    assert command_topic(TENANT, DEVICE, "remind") == "vaka/v1/demo/demo-d-0001-button/command/remind"
    assert EVERYTHING == "vaka/v1/#"


@pytest.mark.parametrize(
    ("topic", "wrong"),
    [
        ("", "''"),
        ("vaka/v1/demo/d1", "vaka/v1/demo/d1"),
        ("vaka/v1/demo/d1/motion/more", "motion/more"),
        ("vaka/v2/demo/d1/motion", "vaka/v2"),
        ("other/v1/demo/d1/motion", "other/v1"),
        ("vaka/v1/demo/d1/command/remind", "command/remind"),
        ("/vaka/v1/demo/d1/motion", "/vaka"),
        ("vaka/v1//d1/motion", "tenant ''"),
        ("vaka/v1/demo//motion", "device ''"),
        ("vaka/v1/de mo/d1/motion", "tenant 'de mo'"),
        ("vaka/v1/demo/-d1/motion", "device '-d1'"),
        ("vaka/v1/demo/d1\n/motion", "device 'd1\\n'"),
        ("vaka/v1/demo/å/motion", "device 'å'"),
        (f"vaka/v1/demo/{'d' * 101}/motion", f"device '{'d' * 101}'"),
        ("vaka/v1/_marker/s1/marker", "tenant '_marker'"),
    ],
)
def test_a_wrong_topic_says_what_is_wrong(topic: str, wrong: str) -> None:
    with pytest.raises(BadTopic) as raised:
        parse_topic(topic)
    assert wrong in str(raised.value)


def test_the_kind_is_left_to_the_codec() -> None:
    assert parse_topic("vaka/v1/demo/d1/nonsense").kind == "nonsense"


def test_commands_are_told_from_events() -> None:
    assert is_command(command_topic(TENANT, DEVICE, "speak"))
    assert not is_command("other/v1/demo/d1/command/speak")
    assert not is_command("vaka/v1/demo/d1/other/speak")


def test_a_session_knows_its_own_marker_and_that_of_others() -> None:
    assert is_marker(marker_topic("a"), "a")
    assert not is_marker(marker_topic("b"), "a")
    assert is_any_marker(marker_topic("b"))
    with pytest.raises(BadTopic):
        parse_topic(marker_topic("a"))


def test_there_is_one_urgent_filter_for_each_urgent_kind() -> None:
    assert {text.removeprefix("vaka/v1/+/+/") for text in URGENT_FILTERS} == URGENT
    assert len(URGENT_FILTERS) == len(URGENT)


@pytest.mark.parametrize("text", ["", "_a", ".a", "a/b", "a+", "a#", "a b", "a\n", "å", "a" * 101])
def test_what_cannot_be_an_id(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize("text", ["a", "0", "demo-d-0001-button", "A.b_c:d@e-f", "a" * 100])
def test_what_can_be_an_id(text: str) -> None:
    assert is_id(text)
