"""Which topics the urgent session answers for: a message is never skipped before that is certain."""

from ingest.handover import Handover


def handover() -> tuple[Handover, list[bytes]]:
    published: list[bytes] = []
    return Handover(published.append), published


def test_a_topic_is_owned_once_the_marker_is_back() -> None:
    over, published = handover()
    over.offer(["z/sos"])
    assert not over.owns("z/sos")
    over.marker_came(published[0])
    assert over.owns("z/sos")
    assert not over.owns("z/door")


def test_a_pattern_owns_what_it_matches() -> None:
    over, published = handover()
    over.offer(["v3/app/devices/+/up"])
    over.marker_came(published[0])
    assert over.owns("v3/app/devices/button/up")
    assert not over.owns("v3/app/devices/button/join")


def test_an_earlier_marker_says_nothing_of_a_later_offer() -> None:
    over, published = handover()
    over.offer(["z/a"])
    over.offer(["z/a", "z/b"])
    over.marker_came(published[0])
    assert not over.owns("z/b")
    over.marker_came(published[1])
    assert over.owns("z/a")
    assert over.owns("z/b")


def test_what_stays_is_owned_while_more_is_offered() -> None:
    over, published = handover()
    over.offer(["z/a"])
    over.marker_came(published[0])
    over.offer(["z/a", "z/b"])
    assert over.owns("z/a")


def test_what_is_withdrawn_is_owned_no_longer() -> None:
    over, published = handover()
    over.offer(["z/a", "z/b"])
    over.marker_came(published[0])
    over.withdraw(["z/a"])
    assert not over.owns("z/a")
    assert over.owns("z/b")
    over.withdraw()
    assert not over.owns("z/b")


def test_after_the_broker_forgot_a_new_marker_is_needed() -> None:
    over, published = handover()
    over.offer(["z/a"])
    over.marker_came(published[0])
    over.withdraw()
    over.offer(["z/a"])
    assert not over.owns("z/a")
    over.marker_came(published[1])
    assert over.owns("z/a")


def test_nothing_to_hand_over_needs_no_marker() -> None:
    over, published = handover()
    over.offer([])
    assert published == []
