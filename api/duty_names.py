"""Who and what a file means: people by username, alias or name, units by id or name, skills by their usual names."""

import re
from collections.abc import Iterable, Iterator, Sequence

from api.problems import FieldError
from events.ids import UnitId
from rules.duty import Skill
from rules.reach import TOLD_ROLES
from store.people import Staff
from store.registry import Unit

SKILLS: dict[str, Skill] = {
    **{skill.value: skill for skill in Skill},
    "sjuksköterska": Skill.NURSE,
    "ssk": Skill.NURSE,
    "undersköterska": Skill.ASSISTANT,
    "usk": Skill.ASSISTANT,
    "vårdbiträde": Skill.ASSISTANT,
    "operatör": Skill.OPERATOR,
    "tekniker": Skill.OPERATOR,
}

_AND = re.compile(r"\s*[,;/&]\s*")


class Unknown(Exception):
    """The file names what is not there, or cannot work."""

    def __init__(self, field: str, message: str, value: str) -> None:
        super().__init__(message)
        self.error = FieldError(field, message, value[:200])


class Names:
    """The people and units of one tenant that a shift may be for."""

    def __init__(self, people: Iterable[Staff], units: Iterable[Unit]) -> None:
        self._staff: dict[str, list[Staff]] = {}
        self._known: dict[str, Staff] = {}
        for person in people:
            if person.closed_at is None and person.role in TOLD_ROLES:
                self._known[person.username.lower()] = person
                self._staff.setdefault(person.name.lower(), []).append(person)
        for person in list(self._known.values()):
            # Somebody's username is not taken from them by another's alias.
            for alias in person.aliases:
                self._known.setdefault(alias, person)
        self._units: dict[str, UnitId] = {}
        for unit in units:
            self._units.setdefault(unit.name.lower(), unit.id)
        self._units |= {unit.id: unit.id for unit in units}

    def people(self, text: str) -> Iterator[Staff]:
        """Whom `text` names: one person, or several with a comma, a stroke or `&` between them."""
        whole = self._person(text)
        if whole is not None:
            yield whole
            return
        parts = [part for part in _AND.split(text) if part]
        for part in parts:
            person = self._person(part)
            if person is None:
                raise Unknown("staff", "is nobody's username, alias or name", part)
            yield person

    def units(self, names: Sequence[str]) -> list[UnitId]:
        return sorted({self._unit(name) for name in names})

    def skill(self, text: str | None, staff: Staff) -> Skill | None:
        """The skill that is meant, which the person must have."""
        if text is None:
            return None
        skill = SKILLS.get(text.lower())
        if skill is None:
            raise Unknown("skill", f"is none of {', '.join(SKILLS)}", text)
        if skill not in staff.skills:
            raise Unknown("skill", f"is none of {staff.id!r}", text)
        return skill

    def _person(self, text: str) -> Staff | None:
        name = text.strip().lower()
        if name in self._known:
            return self._known[name]
        same = self._staff.get(name, [])
        if len(same) > 1:
            raise Unknown("staff", f"is the name of {len(same)} people: give each an alias", text)
        return same[0] if same else None

    def _unit(self, name: str) -> UnitId:
        found = self._units.get(name) or self._units.get(name.lower())
        if found is None:
            raise Unknown("unit", "is not known", name)
        return found
