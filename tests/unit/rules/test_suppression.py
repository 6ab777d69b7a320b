"""Which cells are not told: worked examples."""

from rules.elimination import determined
from rules.suppression import Cell, hidden, tabulate


def table(rows: dict[str, tuple[int, int]]) -> dict[Cell, int]:
    """Women and men of each unit."""
    persons = [
        ({"unit": unit, "sex": sex}, number)
        for unit, numbers in rows.items()
        for sex, number in zip(("female", "male"), numbers, strict=True)
    ]
    return tabulate(persons, ("unit", "sex"))


def cell(unit: str | None = None, sex: str | None = None) -> Cell:
    return tuple((name, value) for name, value in (("unit", unit), ("sex", sex)) if value is not None)


def test_all_cells_of_tables_of_up_to_two_dimensions_are_counted() -> None:
    counts = table({"north": (7, 3)})
    assert counts == {
        (): 10,
        cell("north"): 10,
        cell(sex="female"): 7,
        cell(sex="male"): 3,
        cell("north", "female"): 7,
        cell("north", "male"): 3,
    }


def test_a_small_cell_takes_others_with_it_so_that_no_subtraction_gives_it() -> None:
    counts = table({"north": (20, 3), "south": (30, 12), "west": (40, 40)})
    # All men less those of the other units would be North's, and so would all of North less its women; and where the
    # women of one unit are kept back, those of another must be.
    assert hidden(counts) == {cell(unit, sex) for unit in ("north", "south") for sex in ("female", "male")}


def test_nobody_is_no_secret() -> None:
    assert hidden(table({"north": (20, 0), "south": (30, 12)})) == frozenset()


def test_two_small_ones_that_together_are_small_need_a_third() -> None:
    counts = table({"north": (50, 1), "south": (50, 2), "west": (50, 30)})
    assert cell("west", "male") in hidden(counts)


def test_a_municipality_with_few_persons_is_told_nothing_of() -> None:
    counts = table({"north": (2, 1)})
    assert hidden(counts) == set(counts)


def test_the_threshold_is_the_municipality_s_to_set() -> None:
    counts = table({"north": (20, 3), "south": (30, 12)})
    assert hidden(counts, threshold=3) == frozenset()
    assert cell("south", "male") in hidden(counts, threshold=13)


def test_unknowns_are_determined_by_one_equation_or_by_several() -> None:
    assert determined([{"a": 1}]) == {"a"}
    assert determined([{"a": 1, "b": 1}]) == set()
    assert determined([{"a": 1, "b": 1}, {"a": 1, "b": -1}]) == {"a", "b"}
    assert determined([{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"c": 1, "a": 1}]) == {"a", "b", "c"}
    assert determined([{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"c": 1, "d": 1}, {"d": 1, "a": 1}]) == set()
    assert determined([{"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 1}]) == {"a"}
    assert determined([]) == set()
    assert determined([{}, {"a": 0}]) == set()
