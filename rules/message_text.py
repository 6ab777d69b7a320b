"""What a message says that leaves the house. Who may read a telephone is not known, so it names nobody and nothing,
unless the unit has decided otherwise; a link leads to the rest, behind a sign-in.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple


class Shows(StrEnum):
    """What a unit can let messages say: the kind of the alarm, and the resident's name."""

    KIND = "kind"
    NAME = "name"


class Text(NamedTuple):
    title: str
    body: str


class Words(NamedTuple):
    """The fixed texts of one language; `several` holds the number."""

    alarm: str
    several: str
    open: str
    test: Text


WORDS: Mapping[str, Words] = {
    "sv": Words("Larm", "{} larm", "Öppna Vaka", Text("Test från Vaka", "Bara ett test, ingenting behöver göras")),
    "en": Words("Alarm", "{} alarms", "Open Vaka", Text("Test from Vaka", "Only a test, nothing needs to be done")),
}


def alarm_text(language: str, count: int, shows: Collection[str], kind: str | None, name: str | None) -> Text:
    """Of `count` alarms; of a single one what `shows` allows. `kind` as people call it, `name` the resident's."""
    words = WORDS[language]
    if count > 1:
        return Text(words.several.format(count), words.open)
    told = [(Shows.KIND in shows, kind), (Shows.NAME in shows, name)]
    more = ", ".join(text for allowed, text in told if allowed and text)
    return Text(words.alarm, f"{more}. {words.open}" if more else words.open)


def text_of_test(language: str) -> Text:
    return WORDS[language].test


def link(public_url: str | None, notification: str) -> str | None:
    """Where Vaka's page opens, and says that whoever is signed in there has seen it."""
    return f"{public_url.rstrip('/')}/?notification={notification}" if public_url else None
