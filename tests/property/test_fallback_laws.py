"""Laws of falling back: an owner's contact points are told in rising order, each once in a rung, until it is enough."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rules.contact import Channel, ContactPoint, Owner
from rules.delivery import Fallback, FallbackReason, Silence, fall_back

IDS = st.text("abcdef", min_size=1, max_size=2)


@st.composite
def owners(draw: st.DrawFn) -> tuple[ContactPoint, ...]:
    """Up to eight contact points of one owner in any order; several may have one rank."""
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    ranks = st.integers(1, 4)
    return tuple(ContactPoint(id, Owner.STAFF, "o", Channel.SMS, draw(ranks), draw(st.booleans())) for id in ids)


def key(point: ContactPoint) -> tuple[int, str]:
    return point.rank, point.id


def silent(point: ContactPoint, told: Sequence[ContactPoint], **known: bool) -> Silence:
    happened = {name: known.get(name, False) for name in ("closed", "accepted", "forwarded", "reached")}
    return Silence(rank=point.rank, point=point.id, told=frozenset(p.id for p in told), **happened)


def tell_until_quiet(points: Sequence[ContactPoint], begun: Sequence[ContactPoint]) -> list[ContactPoint]:
    """Everybody in `begun` is told, and nobody ever answers: who is told then, in the order of telling."""
    told, waiting = list(begun), list(begun)
    while waiting:
        to = fall_back(silent(waiting.pop(0), told), points)
        if to.point is not None:
            told.append(to.point)
            waiting.append(to.point)
    return told[len(begun) :]


@given(owners(), st.data())
def test_each_is_told_at_most_once_in_a_rung(points: tuple[ContactPoint, ...], data: st.DataObject) -> None:
    begun = data.draw(st.lists(st.sampled_from(points), min_size=1, unique=True))
    told = [*begun, *tell_until_quiet(points, begun)]
    assert len(told) == len(set(told))


@given(owners(), st.data())
def test_from_one_in_rising_order_over_all_that_are_usable(
    points: tuple[ContactPoint, ...], data: st.DataObject
) -> None:
    first = data.draw(st.sampled_from(points))
    told = tell_until_quiet(points, [first])
    assert told == sorted((p for p in points if p.usable and key(p) > key(first)), key=key)


@given(owners(), st.data())
def test_nobody_is_left_out_behind_the_first_that_the_rung_named(
    points: tuple[ContactPoint, ...], data: st.DataObject
) -> None:
    begun = data.draw(st.lists(st.sampled_from(points), min_size=1, unique=True))
    told = {*begun, *tell_until_quiet(points, begun)}
    assert {p for p in points if p.usable and key(p) > min(map(key, begun))} <= told


@given(owners(), st.data())
def test_once_it_is_enough_nobody_is_told(points: tuple[ContactPoint, ...], data: st.DataObject) -> None:
    point = data.draw(st.sampled_from(points))
    enough = data.draw(st.sampled_from(["closed", "accepted", "forwarded", "reached"]))
    assert fall_back(silent(point, [point], **{enough: True}), points) == Fallback(FallbackReason(enough))


@given(owners(), st.data())
def test_the_order_in_which_they_are_read_does_not_matter(
    points: tuple[ContactPoint, ...], data: st.DataObject
) -> None:
    point, told = data.draw(st.sampled_from(points)), data.draw(st.lists(st.sampled_from(points), unique=True))
    shuffled = data.draw(st.permutations(points))
    assert fall_back(silent(point, told), points) == fall_back(silent(point, told), shuffled)
