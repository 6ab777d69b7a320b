"""Names that nobody has: for residents and staff of the virtual municipality."""

from random import Random
from typing import Literal

Sex = Literal["female", "male"]

_GIVEN: dict[Sex, tuple[str, ...]] = {
    "female": ("Testa", "Provina", "Fiktiva", "Exempla", "Demora", "Låtsia", "Påhitta", "Sagolina", "Uppdikta"),
    "male": ("Testulf", "Provar", "Fiktor", "Exemplar", "Demobert", "Låtsbert", "Påhittar", "Sagobert", "Diktan"),
}
_FIRST = ("Prov", "Test", "Exempel", "Demo", "Påhitts", "Låtsas", "Fiktiv", "Sago")
_LAST = ("sson", "berg", "gren", "lund", "kvist", "ström", "dal")


def invented_name(random: Random, sex: Sex) -> str:
    return f"{random.choice(_GIVEN[sex])} {random.choice(_FIRST)}{random.choice(_LAST)}"


def invented_address(random: Random) -> str:
    return f"{random.choice(_FIRST)}gatan {random.randint(1, 99)}, Demostad (påhittad)"
