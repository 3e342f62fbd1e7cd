"""In which order the phones of a group are rung, or the agents of a queue who are free.

    strategy       who is rung
    -------------  ------------------------------------------------------------------------------
    simultaneous   all at once
    in_order       one after the other, as the group lists them
    longest_idle   one after the other, first whose last call is longest ago; whoever had none, before all
    fewest_calls   one after the other, first who took the fewest calls in the last 24 hours
    random         one after the other, in an order drawn anew for each call

Where two are equal, the order of the group, or of the queue's members, decides. A queue looks anew for each caller
whose turn it is, and rings the first of those who are free then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any

from switchboard.domain.call_record import CallEvent
from switchboard.domain.dialling import Phone
from switchboard.domain.event_kind import EventKind
from switchboard.domain.identity import CallId

if TYPE_CHECKING:
    from switchboard.domain.organisation import Person

COUNTED = timedelta(hours=24)  # how long a call counts
_NEVER = datetime.min.replace(tzinfo=UTC)


class Strategy(StrEnum):
    """See above."""

    SIMULTANEOUS = "simultaneous"
    IN_ORDER = "in_order"
    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a group, with all phones that ring for them; or a phone that is nobody's."""

    name: str
    phones: tuple[Phone, ...]
    person: str = ""  # a Person's id


def members_of(people: Iterable[Person]) -> list[Member]:
    """Those who have a phone."""
    return [Member(person.name, person.phones, person.id) for person in people if person.phones]


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody did on the phone lately."""

    idle_since: datetime | None = None  # the end of the last call taken; None: none in the last 24 hours
    calls: int = 0  # taken in the last 24 hours
    is_talking: bool = False


def turns(
    strategy: Strategy, members: Sequence[Member], use_of: Callable[[Member], Use], draw: Random
) -> tuple[tuple[Member, ...], ...]:
    """Who is rung together, turn by turn. Everybody once."""
    if strategy is Strategy.SIMULTANEOUS:
        return (tuple(members),) if members else ()
    ordered = list(members)
    if strategy is Strategy.LONGEST_IDLE:
        ordered.sort(key=lambda member: use_of(member).idle_since or _NEVER)
    elif strategy is Strategy.FEWEST_CALLS:
        ordered.sort(key=lambda member: use_of(member).calls)
    elif strategy is Strategy.RANDOM:
        draw.shuffle(ordered)
    return tuple((member,) for member in ordered)


@dataclass(slots=True)
class PhoneUses:
    """Which phones took which calls in the last 24 hours; told by the events of the record as they happen, and at a
    start by the calls of the archive. What is told twice counts once."""

    _ended: dict[str, dict[CallId, datetime]] = field(default_factory=dict)  # by Phone.line
    _talking: dict[CallId, set[str]] = field(default_factory=dict)

    def use_of(self, member: Member, now: datetime) -> Use:
        """All phones of theirs together."""
        ends = [end for phone in member.phones for end in self._lately(phone.line, now).values()]
        lines = {phone.line for phone in member.phones}
        is_talking = any(lines & talking for talking in self._talking.values())
        return Use(max(ends, default=None), len(ends), is_talking)

    def noted(self, event: CallEvent) -> None:
        """Something happened to a call."""
        line = _line(event.data)
        if event.kind is EventKind.TALKING and line:
            self._talking.setdefault(event.call_id, set()).add(line)
        elif event.kind is EventKind.TALKED and line:
            self._ended.setdefault(line, {})[event.call_id] = event.at
            self._talking.get(event.call_id, set()).discard(line)
        elif event.kind is EventKind.ENDED:
            self._talking.pop(event.call_id, None)

    def remember(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Rows of the archive (domain.call_record.CallRow)."""
        for row in calls:
            if row["answered_extension"] and row["ended_at"] is not None:
                self._ended.setdefault(row["answered_extension"], {}).setdefault(row["id"], row["ended_at"])

    def _lately(self, line: str, now: datetime) -> dict[CallId, datetime]:
        # What ends later than now is of a clock that was set back: who took it would be passed over till then.
        calls = self._ended.get(line, {})
        for call_id in [call_id for call_id, end in calls.items() if not timedelta() <= now - end <= COUNTED]:
            del calls[call_id]
        return calls


def _line(data: Mapping[str, Any]) -> str:
    return str(data.get("outside") or data.get("extension") or "")
