"""The newest plan of a resident as a CarePlan: the doses and look-ins that are planned, and what else is watched."""

from collections.abc import Iterator

from api.fhir.elements import VAKA, Json, Resource, coding, concept, identifier, instant, present, resource
from api.fhir.patient import subject
from rules.plan import Plan, Window, read_plan
from store.plans import PlanVersion

CATEGORY = f"{VAKA}:plan-part"


def care_plan(version: PlanVersion) -> Resource:
    plan = read_plan(version.plan)
    return resource(
        "CarePlan",
        version.resident,
        identifier=identifier("plan", version.id),
        status="active",
        intent="plan",
        title=f"Plan {version.version}",
        subject=subject(version.resident),
        created=instant(version.created_at),
        activity=[{"detail": detail} for detail in _details(plan)],
    )


def _details(plan: Plan) -> Iterator[Json]:
    for dose in plan.medicine.windows if plan.medicine is not None else ():
        yield _every_day("medicine", dose)
    for check in plan.supervision.checks if plan.supervision is not None else ():
        yield _every_day("supervision", check)
    watched = ("inactivity", "doors", "night", "lock", "geofence", "conditions")
    for part in watched:
        if getattr(plan, part) is not None:
            yield _detail(part)


def _every_day(part: str, window: Window) -> Json:
    """At a local time of every day, as plans mean it."""
    repeat = {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": [f"{window.start}:00"]}
    return _detail(part, scheduledTiming={"repeat": repeat}, description=f"{window.start}-{window.end}")


def _detail(part: str, **more: object) -> Json:
    return present(code=concept(coding(CATEGORY, part)), status="scheduled", **more)
