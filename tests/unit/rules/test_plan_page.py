"""docs/plans.md says what the types say."""

from rules.plan import Plan
from tests.support.plan_page import PAGE, page


def test_the_page_is_made_from_the_types() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.support.plan_page`"


def test_every_part_is_on_it() -> None:
    assert [part for part in Plan.__struct_fields__ if f"| `{part}` |" not in page()] == []
