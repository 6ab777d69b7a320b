"""Will somebody be reached during the next day? Shifts, contact points, sign-ins and policies, moment by moment."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from msgspec.structs import replace

from events.ids import StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.contact import Channel, ContactPoint, Owner
from rules.coverage import LASTING, Forecast, Gap, GapReason, KnownGap, Outlook, Town, Watched, gaps, settle
from rules.duty import Duty, DutyException, Leg, Shift, Skill, Use
from rules.policy import CARE_LADDER, Group, Policy, PolicyHours, Rung, Whom
from rules.policy_choice import Policies, PolicyVersion
from rules.reach import Person, Roster, Webhook
from rules.staffing import Need

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
NORTH = UnitId("north")
TENANT = TenantId("testby")
ANNA, BO = StaffId("anna"), StaffId("bo")
SOCIAL, MEDICINE = Technology.SOCIAL_ALARM, Technology.MEDICINE
WATCHED = Watched(TENANT, NORTH, (SOCIAL, MEDICINE), 12)
CENTRE = Webhook("centre", None, "alarm_centre")
IN_USE = frozenset({Use(NORTH, None)})


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def shift(staff: StaffId, start: float, end: float) -> Shift:
    return Shift(f"{staff} {start}", staff, (NORTH,), None, at(start), at(end))


def point(staff: StaffId, *, usable: bool = True) -> ContactPoint:
    return ContactPoint(f"telephone of {staff}", Owner.STAFF, staff, Channel.SMS, 1, usable)


DAY = (shift(ANNA, -4, 4), shift(BO, 4, 14), shift(ANNA, 14, 30))
"""Somebody at every moment."""


def town(
    *shifts: Shift,
    points: tuple[ContactPoint, ...] = (point(ANNA), point(BO)),
    webhooks: tuple[Webhook, ...] = (),
    policies: tuple[Policy, ...] = (),
    needs: tuple[Need, ...] = (),
    signed_in: dict[StaffId, datetime] | None = None,
    exceptions: tuple[DutyException, ...] = (),
) -> Town:
    people = tuple(Person(id, NORTH, "staff", signed_in=False) for id in (ANNA, BO))
    duty = Duty(
        "Europe/Stockholm",
        shifts=shifts,
        exceptions=exceptions,
        skills={ANNA: frozenset({Skill.NURSE}), BO: frozenset({Skill.ASSISTANT})},
        in_use=IN_USE if shifts else frozenset(),
    )
    versions = tuple(PolicyVersion(policy.name, 1, None, policy) for policy in policies)
    return Town(
        Roster(TENANT, people, webhooks, points, duty),
        Policies(TENANT, "Europe/Stockholm", versions),
        needs,
        signed_in or {},
    )


def forecast(given: Town) -> Forecast:
    return Outlook(given, NOON).of(WATCHED)


def reasons(given: Town, technology: Technology = SOCIAL) -> list[tuple[float, GapReason | None]]:
    """When each stretch begins, in hours, and what is missing then."""
    stretches = forecast(given)[technology]
    assert stretches[0].start == NOON
    assert stretches[-1].end == at(24)
    assert all(one.end == other.start for one, other in pairwise(stretches))
    return [((stretch.start - NOON) / timedelta(hours=1), stretch.reason) for stretch in stretches]


def test_a_day_that_is_filled_has_no_gap() -> None:
    full = town(*DAY)
    assert reasons(full) == [(0, None), (4, None), (14, None)]
    assert [(s.on_duty, s.reached) for s in forecast(full)[SOCIAL]] == [((id,), (id,)) for id in (ANNA, BO, ANNA)]
    assert gaps(NORTH, forecast(full)) == ()


def test_a_night_without_anybody_is_seen_in_time_to_the_second() -> None:
    hole = town(shift(ANNA, -4, 4), shift(BO, 4, 14), shift(ANNA, 15.5, 30))
    assert reasons(hole) == [(0, None), (4, None), (14, GapReason.ONLY_LAST_RESORT), (15.5, None)]
    assert gaps(NORTH, forecast(hole)) == (
        Gap(NORTH, GapReason.ONLY_LAST_RESORT, (MEDICINE, SOCIAL), at(14), at(15.5)),
    )


def test_without_any_way_to_anybody_it_is_graver() -> None:
    hole = town(shift(ANNA, -4, 4), points=(), signed_in={ANNA: at(4)})
    assert reasons(hole) == [(0, None), (4, GapReason.NOBODY_REACHABLE)]
    assert [stretch.reached for stretch in forecast(hole)[SOCIAL]] == [(ANNA,), ()]


def test_with_an_alarm_centre_a_hole_is_less_grave() -> None:
    hole = town(shift(ANNA, -4, 4), webhooks=(CENTRE,))
    assert reasons(hole) == [(0, None), (4, GapReason.NOBODY_ON_DUTY)]
    assert [stretch.programs for stretch in forecast(hole)[SOCIAL]] == [True, True]


def test_an_absence_opens_a_gap_and_a_stand_in_closes_it() -> None:
    for instead, expected in ((None, GapReason.ONLY_LAST_RESORT), (ANNA, None)):
        away = DutyException("ill", (Leg(BO, at(5), at(7), instead),))
        assert (5.0, expected) in reasons(town(*DAY, exceptions=(away,)))


def test_who_works_now_must_be_reachable_and_who_will_is_taken_to_sign_in() -> None:
    assert reasons(town(*DAY, points=()))[:2] == [(0, GapReason.NOBODY_REACHABLE), (4, None)]
    assert reasons(town(*DAY, points=(), webhooks=(CENTRE,)))[0] == (0, GapReason.ON_DUTY_UNREACHABLE)
    assert reasons(town(*DAY, points=(), signed_in={ANNA: at(1)}))[0] == (0, None)


def test_a_contact_point_that_is_not_usable_is_none() -> None:
    expired = town(*DAY, points=(point(ANNA, usable=False), point(BO)), webhooks=(CENTRE,))
    assert reasons(expired)[0] == (0, GapReason.ON_DUTY_UNREACHABLE)


def test_too_few_are_a_gap_for_exactly_that_time() -> None:
    need = Need("two", NORTH, None, 2, (), "18:00", "20:00")
    assert reasons(town(*DAY, needs=(need,))) == [
        (0, None),
        (4, None),
        (6, GapReason.BELOW_MINIMUM),
        (8, None),
        (14, None),
    ]
    elsewhere = replace(need, unit=UnitId("south"))
    assert all(reason is None for _, reason in reasons(town(*DAY, needs=(elsewhere,))))


def test_where_no_duty_is_planned_only_now_is_known() -> None:
    assert reasons(town(points=())) == [(0, GapReason.NOBODY_REACHABLE)]
    assert reasons(town(points=(), signed_in={BO: at(0.1)})) == [(0, None)]
    assert reasons(town(points=(), webhooks=(CENTRE,))) == [(0, None)]
    assert reasons(town(points=(point(ANNA),))) == [(0, GapReason.ONLY_LAST_RESORT)]


NURSES = Policy(
    name="nurses",
    rungs=(Rung(0, (Whom(Group.ON_DUTY, skill=Skill.NURSE),)), Rung(60, (Whom(Group.ALARM_CENTRE),))),
    repeat_seconds=300,
    technologies=(MEDICINE,),
    hours=(PolicyHours("22:00", "06:00"),),
)


def test_each_technology_follows_its_own_policy_at_its_hours() -> None:
    """At night doses are for nurses, and from 16:00 to 02:00 only the assistant works."""
    given = town(*DAY, policies=(NURSES, CARE_LADDER))
    assert reasons(given, SOCIAL) == [(0, None), (4, None), (14, None)]
    assert reasons(given, MEDICINE) == [
        (0, None),
        (4, None),
        (10, GapReason.ONLY_LAST_RESORT),
        (14, None),
    ]
    assert gaps(NORTH, forecast(given)) == (Gap(NORTH, GapReason.ONLY_LAST_RESORT, (MEDICINE,), at(10), at(14)),)


def test_each_kind_of_gap_is_told_by_its_first_time() -> None:
    holes = town(shift(ANNA, -4, 4), shift(ANNA, 5, 6), shift(ANNA, 8, 30), webhooks=(CENTRE,))
    assert gaps(NORTH, forecast(holes)) == (Gap(NORTH, GapReason.NOBODY_ON_DUTY, (MEDICINE, SOCIAL), at(4), at(5)),)


LATER = Gap(NORTH, GapReason.NOBODY_ON_DUTY, (SOCIAL,), at(3), at(5))
HERE = LATER._replace(start=NOON)


def test_what_lies_ahead_is_told_at_once_and_once() -> None:
    first = settle([], [LATER], NOON)
    assert [each.gap for each in first.opened] == [LATER]
    second = settle(first.known, [LATER._replace(end=at(6))], at(1))
    assert (second.opened, second.closed) == ((), ())
    assert second.known == (KnownGap(LATER._replace(end=at(6)), NOON, NOON),)
    third = settle(second.known, [], at(2))
    assert (third.known, third.opened, third.closed) == ((), (), second.known)


def test_what_is_here_already_is_told_when_it_lasts() -> None:
    first = settle([], [HERE], NOON)
    assert (first.opened, first.known) == ((), (KnownGap(HERE, NOON),))
    soon = NOON + LASTING - timedelta(seconds=1)
    assert settle(first.known, [HERE._replace(start=soon)], soon).opened == ()
    then = NOON + LASTING
    assert len(settle(first.known, [HERE._replace(start=then)], then).opened) == 1
    assert settle(first.known, [], soon) == ((), (), ())


def test_a_gap_that_comes_closer_stays_the_same_one() -> None:
    known = settle([], [LATER], NOON).known
    for hours in (1, 2, 3, 4):
        settled = settle(known, [LATER._replace(start=max(LATER.start, at(hours)))], at(hours))
        assert (settled.opened, settled.closed) == ((), ())
        known = settled.known
