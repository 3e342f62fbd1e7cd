"""Parking: where a call waits for anybody to fetch it."""

from __future__ import annotations

from switchboard.domain.organisation import Organisation

PARKING_EXTENSION = "700"  # whom a desk phone transfers a call to, to park it
FIRST_PLACE, LAST_PLACE = 701, 719  # dialled to fetch the call
PARKED_AT = "parked_at"  # prompt; the place's digits follow


def digit_prompts(number: str) -> tuple[str, ...]:
    """The prompts that say a number digit by digit."""
    return tuple(f"digit_{digit}" for digit in number)


def is_free(organisation: Organisation) -> bool:
    """Whether the organisation uses the numbers of parking for nothing else; if it does, there is no parking."""
    ours = {PARKING_EXTENSION, *(str(place) for place in range(FIRST_PLACE, LAST_PLACE + 1))}
    return not ours & {*organisation.phones, *organisation.numbers, *organisation.emergency_numbers}
