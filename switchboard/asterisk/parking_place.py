"""Parking places as the dialplan has them: which there are, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.asterisk.escaping import Escaped
from switchboard.domain.organisation import Organisation
from switchboard.domain.parking import FIRST_PLACE, LAST_PLACE, PARKED_AT, PARKING_EXTENSION, digit_prompts, is_free

PARKED_SECONDS = 120  # until a parked caller rings at whoever parked the call
ANNOUNCE_SECONDS = 8  # that the phone of whoever parked a call rings to tell where


def parking_values(organisation: Organisation, recording: Callable[[str], Escaped | None]) -> Mapping[str, Any] | None:
    """The templates' `parking`; None where the organisation uses the numbers otherwise. `recording` has a prompt's."""
    if not is_free(organisation):
        return None
    return {
        "extension": int(PARKING_EXTENSION),
        "first": FIRST_PLACE,
        "last": LAST_PLACE,
        "seconds": PARKED_SECONDS,
        "announce_seconds": ANNOUNCE_SECONDS,
        "places": [
            {"number": place, "said": _said(str(place), recording)} for place in range(FIRST_PLACE, LAST_PLACE + 1)
        ],
    }


def _said(place: str, recording: Callable[[str], Escaped | None]) -> Escaped | None:
    """The recordings that tell the place, as Playback takes them; None if one has no text."""
    parts = [recording(prompt) for prompt in (PARKED_AT, *digit_prompts(place))]
    known = [part for part in parts if part is not None]
    return Escaped("&".join(known)) if len(known) == len(parts) else None
