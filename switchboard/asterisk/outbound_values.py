"""The rules for calls outside (domain/outbound.py) as the dialplan is given them: patterns, numbers, seconds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from switchboard.asterisk import escaping
from switchboard.asterisk.escaping import Escaped
from switchboard.domain.number_plan import ANY, LONGEST, NumberPattern, dialled_at_home
from switchboard.domain.organisation import Organisation, Trunk
from switchboard.domain.outbound import SHORTEST_LEFT, OutboundRole, Verdict

# What a desk phone is told, by verdict: prompt ids, said in the organisation's language. Without one it hears tones.
PROMPTS = {
    Verdict.NOT_ALLOWED: "outside_not_allowed",
    Verdict.COSTLY: "outside_costly",
    Verdict.NOT_NOW: "outside_not_now",
    Verdict.LIMIT: "outside_limit",
}
_SPOKEN_CLASSES = {ANY: "X", ANY[1:]: "Z", ANY[2:]: "N"}
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)
_HOURS = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Dialled:
    """A beginning of a number at a trunk, behind the digits that choose the trunk."""

    prefix: str
    begin: str  # in E.164


def outbound_values(organisation: Organisation, recording: Callable[[str], Escaped]) -> Values:
    """`outbound` of the template. `recording` finds a prompt's. Raises ValueError if something can't be written."""
    rules = organisation.outbound
    if rules is None:
        return {"is_ruled": False}
    home = dialled_at_home(organisation.country)
    roles = [role for role in rules.roles.values() if role.allowed]
    words = {role.id: escaping.word(role.id) for role in roles}
    phones = ((extension, rules.role_of(extension)) for extension in sorted(organisation.phones))
    return {
        "is_ruled": True,
        "roles": [_role(role) for role in roles],
        "role_of": [
            {"extension": escaping.dial_number(extension), "role": words[role.id]}
            for extension, role in phones
            if role is not None and role.id in words
        ],
        "refusals": [
            {"word": Escaped(verdict.value), "prompt": recording(prompt) if prompt in organisation.prompts else None}
            for verdict, prompt in PROMPTS.items()
        ],
        "home": {
            "code": Escaped(home.code),
            "abroad": Escaped(home.abroad),
            "abroad_length": len(home.abroad),
            "trunk": Escaped(home.trunk),
            "trunk_length": len(home.trunk),
        },
        "prefixes": [Escaped(prefix) for prefix in sorted({trunk.prefix for trunk in organisation.trunks})],
        "longest": LONGEST + 1,
        "lines": list(_lines(organisation.trunks, home.e164)),
        "zone": _zone(organisation.timezone),
    }


def pattern(numbers: NumberPattern) -> Escaped:
    """As the dialplan writes it: `_+3725XXXXXX`."""
    places = (_SPOKEN_CLASSES.get(place, place if len(place) == 1 else f"[{place}]") for place in numbers.places)
    return Escaped(f"_+{''.join(places)}{'.' if numbers.is_open else ''}")


def _role(role: OutboundRole) -> Values:
    if role.hours and not _HOURS.fullmatch(role.hours):
        raise ValueError(f"role {role.id}: hours {role.hours!r} cannot be asked for")
    return {
        "id": escaping.word(role.id),
        "forbidden": _patterns(role.forbidden_numbers),
        "costly": _patterns(role.costly_numbers),
        "allowed": _patterns(role.allowed_numbers),
        "hours": Escaped(role.hours),
        "longest_seconds": _seconds(role.longest_call),
        "shortest_seconds": SHORTEST_LEFT,
        "calls_at_once": role.calls_at_once,
        "calls_per_day": role.calls_per_day,
        "seconds_per_day": role.minutes_per_day * 60 if role.minutes_per_day is not None else None,
    }


def _zone(name: str) -> Escaped:
    if not _ZONE.fullmatch(name):
        raise ValueError(f"{name!r} is no time zone")
    return Escaped(name)


def _seconds(length: timedelta) -> int:
    return max(1, int(length.total_seconds()))


def _patterns(numbers: Iterable[NumberPattern]) -> list[Escaped]:
    return [pattern(each) for each in numbers]


def _lines(trunks: Iterable[Trunk], e164: Callable[[str], str]) -> Iterable[Mapping[str, Escaped]]:
    """Which trunk takes which numbers, by the digits that choose it; the first trunk named takes what several could."""
    taken: set[_Dialled] = set()
    for trunk, begin in itertools.chain.from_iterable(((trunk, begin) for begin in trunk.allowed) for trunk in trunks):
        dialled = _Dialled(trunk.prefix, e164(begin))
        if dialled not in taken:
            taken.add(dialled)
            caller = escaping.dial_number(trunk.caller_number) if trunk.caller_number else Escaped("")
            yield {
                "pattern": Escaped(f"_{dialled.prefix}{dialled.begin}."),
                "strip": Escaped(str(len(dialled.prefix))),
                "trunk": escaping.word(trunk.id),
                "caller_number": caller,
            }
