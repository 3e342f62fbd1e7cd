"""A caller is put through to somebody who is there: whom they ask for, else whoever stands in, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from switchboard.domain.call_record import EventKind
from switchboard.domain.dialling import Choice, DialOutcome, Phone, WhileRinging
from switchboard.domain.forwarding import Callee, Chain, Reached, Situation, Target, come_to, forward_targets
from switchboard.domain.organisation import Person
from switchboard.ports import Acceptance, Call
from switchboard.services.forward_call import ring_phones, talk_to
from switchboard.services.office import Office, Speech
from switchboard.services.record_call import CallRecorder


@dataclass(frozen=True, slots=True)
class Manner:
    """How the caller is put through."""

    ring_for: timedelta  # each link
    hearing: WhileRinging
    connecting: Speech | None = None  # said before anybody is rung
    trying: Speech | None = None  # said once, before anybody is rung but the first of the chain
    announcing: Speech | None = None  # what who picks up a mobile hears; without it mobiles are not rung
    acceptance: Acceptance | None = None  # what everybody is asked who picks up, of a caller who stated a name


async def reach_person(
    call: Call, callee: Callee, chain: Chain, office: Office, recorder: CallRecorder, manner: Manner
) -> tuple[Reached, str]:
    """Try the chain until somebody answers, and let them talk; (what it came to, in words).

    Who is not there is not rung, and where nobody is, nothing rings. The record tells each link, and why it was
    passed over. After ANSWERED the talk is over and the caller is still there.
    """
    targets = forward_targets(callee, chain, office.organisation, lambda person: _situation(person, office))
    first = targets[0] if targets else None
    outcomes: list[DialOutcome] = []
    told: list[str] = []
    said: list[Speech] = []  # each once
    for target in targets:
        skipped, is_busy = _still_there(target, office) if outcomes else (target.skipped, target.is_busy)
        phones = _to_be_rung(target, manner, recorder)
        if not phones and not skipped:
            is_declined = any(phone.line in recorder.declined for phone in target.phones)
            skipped = "declined this call before" if is_declined else "only a mobile, and nothing is announced to it"
        if skipped:
            _note_skipped(recorder, target, skipped)
            told.append(f"{target.name}: {skipped}")
            outcomes += [DialOutcome.BUSY] if is_busy else []
            continue
        saying = manner.connecting if target is first or manner.trying is None else manner.trying
        if saying is not None and saying not in said:
            said.append(saying)
            await call.play(saying[recorder.language])
        acceptance = manner.acceptance
        if acceptance is None and any(phone.outside for phone in phones):
            acceptance = _acceptance(manner, recorder)
        result = await ring_phones(
            call, phones, recorder, timeout=manner.ring_for, hearing=manner.hearing, acceptance=acceptance
        )
        outcomes.append(result.outcome)
        told.append(f"{target.name}: {result.outcome.value}")
        if result.outcome is DialOutcome.ANSWERED:
            await talk_to(call, result.answered_by or phones[0], recorder)
        if result.outcome is DialOutcome.ANSWERED or result.choice is Choice.TO_VOICEMAIL:
            break
    return come_to(outcomes), _in_words(callee, told)


def _to_be_rung(target: Target, manner: Manner, recorder: CallRecorder) -> list[Phone]:
    """Mobiles only where their owners can be asked; and no phone that declined this call before."""
    phones = [phone for phone in target.phones if phone.line not in recorder.declined]
    return [phone for phone in phones if not phone.outside or manner.announcing or manner.acceptance]


def _in_words(callee: Callee, told: Sequence[str]) -> str:
    return f"for {callee}: " + (", ".join(told) or "nobody in the chain")


def _situation(person: Person, office: Office) -> Situation:
    hours = office.hours.get(person.hours) if person.hours else None
    return office.presence.situation_of(person, ZoneInfo(office.organisation.timezone), hours)


def _still_there(target: Target, office: Office) -> tuple[str, bool]:
    """Somebody may have left while others were rung."""
    person = office.organisation.people.get(target.person)
    if target.skipped or person is None:
        return target.skipped, target.is_busy
    now = _situation(person, office)
    return ("" if now.is_there else now.why), now.is_busy


def _note_skipped(recorder: CallRecorder, target: Target, why: str) -> None:
    recorder.note(EventKind.SKIPPED, person=target.person, name=target.name, link=str(target.link), why=why)


def _acceptance(manner: Manner, recorder: CallRecorder) -> Acceptance | None:
    if manner.announcing is None:
        return None
    return Acceptance(announcement=manner.announcing[recorder.language], to_voicemail="", only_outside=True)
