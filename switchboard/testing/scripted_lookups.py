"""Systems that answer by a script."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from switchboard.domain.lookups import Lookup, LookupAnswer, LookupOutcome


class ScriptedLookups:
    """Implements ports.Lookups: one answer after the other, the last again and again; nobody is known without any."""

    def __init__(self, answers: Iterable[LookupAnswer] = ()) -> None:
        self._answers = deque(answers)

    async def ask(self, lookup: Lookup, number: str, dialled: str) -> LookupAnswer:
        """See ports.Lookups."""
        if not self._answers:
            return LookupAnswer(LookupOutcome.NOT_FOUND)
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]


def read_lookups(text: str) -> list[LookupAnswer]:
    """`found customer.segment=order gold=yes; timeout`: what each lookup comes to. Raises ValueError."""
    found = []
    for part in filter(None, map(str.strip, text.split(";"))):
        word, *values = part.split()
        if word not in set(LookupOutcome):
            raise ValueError(f"`{word}` — expected one of {', '.join(LookupOutcome)}")
        if wrong := [each for each in values if "=" not in each]:
            raise ValueError(f"`{wrong[0]}` — expected a place and a value, such as `customer.segment=order`")
        content = dict(each.split("=", 1) for each in values)
        found.append(LookupAnswer(LookupOutcome(word), content if word == LookupOutcome.FOUND else None))
    return found
