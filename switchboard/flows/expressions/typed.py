"""What expressions may name, and what is known of a part of one: its meaning and its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switchboard.domain.hours import HoursTable
from switchboard.flows.expressions.calculations import Unclear
from switchboard.flows.expressions.meaning import Constant, Meaning
from switchboard.flows.expressions.tokens import Fault
from switchboard.flows.expressions.types import Type

# Each function with an example of its use.
FUNCTIONS = {
    "starts": "starts(caller, '+371')",
    "length": "length(caller)",
    "hours": "hours(office)",
    "min": "min(tries, 3)",
    "max": "max(tries, 3)",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What expressions may name."""

    types: Mapping[str, Type]  # what is known of every call, and the variables
    hours: Mapping[str, HoursTable]


@dataclass(slots=True)
class Understood:
    """The meaning, None where there are faults besides warnings."""

    meaning: Meaning | None = None
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Typed:
    """A part with its type; `word` where it is only a word so far."""

    meaning: Meaning
    type: Type
    at: int
    word: str = ""

    @property
    def is_unclear(self) -> bool:
        return isinstance(self.type, Unclear) and not self.word


def is_constant(part: Typed) -> bool:
    return isinstance(part.meaning, Constant)
