"""Pages and their cursors."""

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from api.lists import BY_ID, BY_NUMBER, BY_TIME, Page, Paging, by_id, key_of
from api.problems import ProblemError


@dataclass
class Thing:
    id: str


def forged(key: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def test_the_last_page_has_no_next() -> None:
    page: Page[Thing] = Paging(limit=2).page([Thing("a"), Thing("b")], by_id)
    assert (len(page.items), page.next) == (2, None)


def test_the_cursor_of_a_page_gives_the_key_of_its_last_item() -> None:
    page: Page[Thing] = Paging(limit=2).page([Thing("a"), Thing("b:2"), Thing("c")], by_id)
    assert [thing.id for thing in page.items] == ["a", "b:2"]
    assert Paging(cursor=page.next).after(BY_ID) == ("b:2",)


def test_cursors_hold_times_numbers_and_days() -> None:
    at = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)
    assert Paging(cursor=forged((at, "x"))).after(BY_TIME) == (at, "x")
    assert Paging(cursor=forged((2**63 - 1,))).after(BY_NUMBER) == (2**63 - 1,)
    assert Paging(cursor=forged(("n", date(2026, 3, 2)))).after(key_of([str, date])) == ("n", date(2026, 3, 2))


def test_cursors_can_stand_in_an_address() -> None:
    page: Page[Thing] = Paging(limit=1).page([Thing("~" * 50), Thing("x")], lambda thing: (thing.id + "ÿ?>",))
    assert page.next is not None
    assert not set(page.next) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    ("cursor", "decoder"),
    [
        ("", BY_ID),
        ("abc", BY_ID),
        ("not base64!", BY_ID),
        ("ÿÿÿÿ", BY_ID),
        (forged(5), BY_ID),
        (forged((5,)), BY_ID),
        (forged(("a", "b")), BY_ID),
        (forged(("a\x00",)), BY_ID),
        (forged(("a\n",)), BY_ID),
        (forged(("' OR 1=1",)), BY_ID),
        (forged((2**63,)), BY_NUMBER),
        (forged((-1,)), BY_NUMBER),
        (forged(("2026-03-02T12:00:00", "a")), BY_TIME),
        (forged(("0000-03-02T12:00:00Z", "a")), BY_TIME),
        (forged(["["] * 300), BY_ID),
    ],
)
def test_a_forged_cursor_is_refused(cursor: str, decoder: Any) -> None:
    with pytest.raises(ProblemError) as refused:
        Paging(cursor=cursor).after(decoder)
    assert refused.value.status_code == 400
    assert [error.field for error in refused.value.errors] == ["cursor"]
