"""By which trunk people's mobiles are rung.

Only numbers of people.yaml are rung for a caller, never one that a caller has a part in; and each by the first trunk
that desk phones may call it on (its `allowed`). Whoever is rung sees a number of ours: providers refuse to show others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switchboard.domain.organisation import Organisation, Trunk


@dataclass(frozen=True, slots=True)
class MobileLine:
    """How one mobile is dialled."""

    trunk: str  # its id
    caller_number: str  # shown to the callee; empty: the number of ours that was called


def mobile_lines(organisation: Organisation) -> Mapping[str, MobileLine]:
    """The line of each mobile (E.164) that a trunk reaches."""
    lines = {}
    for person in organisation.people.values():
        trunk = trunk_to(person.mobile, organisation) if person.mobile else None
        if trunk is not None:
            lines[person.mobile] = MobileLine(trunk.id, trunk.caller_number)
    return lines


def trunk_to(number: str, organisation: Organisation) -> Trunk | None:
    """The first trunk that allows the number (E.164); None if none does."""
    return next((trunk for trunk in organisation.trunks if number.startswith(tuple(trunk.allowed))), None)
