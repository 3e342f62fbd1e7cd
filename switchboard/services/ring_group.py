"""A caller is put through to a group: all its phones at once, or one after the other, until somebody takes the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

from switchboard.domain.call_record import EventKind
from switchboard.domain.dialling import (
    Choice,
    DialOutcome,
    Phone,
    PhoneResult,
    RingResult,
    WhileRinging,
    most_telling,
)
from switchboard.domain.ring_strategy import Member, Strategy, turns
from switchboard.ports import Acceptance, Call
from switchboard.services.forward_call import ring_phones, talk_to
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

SHORTEST_ROUND = timedelta(seconds=1)  # one in which all refused at once is not repeated: nothing would come of it
# What it came to, the most telling first: of several people, one who is busy tells less than one who was rung.
_TELLING = (
    DialOutcome.DECLINED,
    DialOutcome.NO_ANSWER,
    DialOutcome.BUSY,
    DialOutcome.UNAVAILABLE,
    DialOutcome.FAILED,
)
_FOR_GOOD = (DialOutcome.DECLINED, DialOutcome.UNAVAILABLE, DialOutcome.FAILED)  # it would come out the same


@dataclass(frozen=True, slots=True)
class Group:
    """Who is rung, and how."""

    members: tuple[Member, ...]
    strategy: Strategy
    each: timedelta  # a turn, where they are rung one after the other
    in_all: timedelta
    hearing: WhileRinging
    acceptance: Acceptance | None = None


async def ring_group(call: Call, group: Group, office: Office, recorder: CallRecorder) -> RingResult | None:
    """Ring until somebody takes the call, and let them talk; None if nobody is there to be rung.

    Who is away or talks is passed over, and so is a phone that declined this call before. Who did not answer is rung
    again when the others' turns are over, as long as there is time. After ANSWERED the talk is over and the caller is
    still there.
    """
    there, passed_over = _present(group.members, office, recorder)
    if not there:
        return _come_to(passed_over) if passed_over else None
    now = recorder.now()
    order = turns(group.strategy, there, lambda member: office.phone_uses.use_of(member, now), _draw(call))
    results: dict[Phone, PhoneResult] = {each.phone: each for each in passed_over}
    until = now + group.in_all
    while True:
        began = recorder.now()
        turns_left = list(_turns_left(order, results, recorder))
        for phones in turns_left:
            left = until - recorder.now()
            if left <= timedelta():
                break
            timeout = left if len(turns_left) == 1 else min(left, group.each)
            result = await ring_phones(
                call, phones, recorder, timeout=timeout, hearing=group.hearing, acceptance=group.acceptance
            )
            results |= {each.phone: each for each in result.each}
            if result.outcome is DialOutcome.ANSWERED:
                await talk_to(call, result.answered_by or phones[0], recorder)
            if result.outcome is DialOutcome.ANSWERED or result.choice is Choice.TO_VOICEMAIL:
                return result
        if recorder.now() - began < SHORTEST_ROUND or recorder.now() >= until:
            return _come_to(list(results.values()))


def _draw(call: Call) -> Random:
    """By the call's id: replayed, it draws the same."""
    return Random(call.id.int)  # noqa: S311


def _come_to(results: list[PhoneResult]) -> RingResult:
    """What it came to where nobody took the call."""
    told = most_telling([min(results, key=lambda each: _TELLING.index(each.outcome))])
    return replace(told, each=tuple(results))


def _present(
    members: Sequence[Member], office: Office, recorder: CallRecorder
) -> tuple[list[Member], list[PhoneResult]]:
    """Who can be rung, and how the phones of those come out who are there and are not; the record tells why."""
    there, passed_over = [], []
    for member in members:
        why, outcome = _away(member, office, recorder)
        if not why:
            there.append(member)
            continue
        recorder.note(EventKind.SKIPPED, person=member.person, name=member.name, link="group", why=why)
        if outcome is not None:
            passed_over += [PhoneResult(phone, outcome) for phone in member.phones]
    return there, passed_over


def _away(member: Member, office: Office, recorder: CallRecorder) -> tuple[str, DialOutcome | None]:
    """Why somebody is not rung, "" if they are; and, of one who is at work, what ringing would come to."""
    if all(phone.line in recorder.declined for phone in member.phones):
        return "declined this call before", DialOutcome.DECLINED
    if office.phone_uses.use_of(member, recorder.now()).is_talking:
        return "in a call", DialOutcome.BUSY
    person = office.organisation.people.get(member.person)
    if person is None:
        return "", None
    hours = office.hours.get(person.hours) if person.hours else None
    situation = office.presence.situation_of(person, ZoneInfo(office.organisation.timezone), hours)
    if situation.is_there:
        return "", None
    return situation.why or "away", DialOutcome.BUSY if situation.is_busy else None


def _turns_left(
    order: Sequence[Sequence[Member]], results: Mapping[Phone, PhoneResult], recorder: CallRecorder
) -> Iterator[list[Phone]]:
    """The phones of each turn that may still take the call."""
    for turn in order:
        phones = [phone for member in turn for phone in member.phones if phone.line not in recorder.declined]
        still = [phone for phone in phones if phone not in results or results[phone].outcome not in _FOR_GOOD]
        if still:
            yield still
