"""What leaves the house: nothing about anybody, unless the unit has decided otherwise."""

import pytest

from rules.message_text import WORDS, Shows, Text, alarm_text, link, text_of_test


@pytest.mark.parametrize(
    ("language", "expected"), [("sv", Text("Larm", "Öppna Vaka")), ("en", Text("Alarm", "Open Vaka"))]
)
def test_without_a_decision_it_says_that_there_is_an_alarm(language: str, expected: Text) -> None:
    assert alarm_text(language, 1, (), "Trygghetslarm", "Anna Prov") == expected


@pytest.mark.parametrize(
    ("shows", "body"),
    [
        ((Shows.KIND,), "Trygghetslarm. Öppna Vaka"),
        ((Shows.NAME,), "Anna Prov. Öppna Vaka"),
        ((Shows.NAME, Shows.KIND), "Trygghetslarm, Anna Prov. Öppna Vaka"),
    ],
)
def test_what_a_unit_has_decided(shows: tuple[Shows, ...], body: str) -> None:
    assert alarm_text("sv", 1, shows, "Trygghetslarm", "Anna Prov").body == body


def test_what_is_not_known_is_left_out() -> None:
    assert alarm_text("sv", 1, tuple(Shows), None, None) == alarm_text("sv", 1, (), None, None)


def test_several_are_counted_and_never_named() -> None:
    assert alarm_text("sv", 3, tuple(Shows), "Trygghetslarm", "Anna Prov") == Text("3 larm", "Öppna Vaka")
    assert alarm_text("en", 2, (), None, None) == Text("2 alarms", "Open Vaka")


@pytest.mark.parametrize("language", WORDS)
def test_a_test_says_that_it_is_one(language: str) -> None:
    assert "est" in text_of_test(language).title
    assert text_of_test(language) not in [alarm_text(language, count, (), None, None) for count in (1, 2)]


def test_a_link_names_the_notification_and_nothing_else() -> None:
    assert link("https://vaka.example/", "n-1") == "https://vaka.example/?notification=n-1"
    assert link(None, "n-1") is None
