"""Whoever is on call is called, and whoever comes after them, until a person takes the caller by a key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from switchboard.domain.call_record import EventKind
from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.domain.organisation import Person
from switchboard.ports import Acceptance, Call, Utterance
from switchboard.services.forward_call import ring_phones, talk_to
from switchboard.services.record_call import CallRecorder


async def call_on_duty(
    call: Call,
    rota: str,
    people: Sequence[Person],
    recorder: CallRecorder,
    *,
    announcement: tuple[Utterance, ...],
    meanwhile: tuple[Utterance, ...],
    timeout: timedelta,
    rounds: int,
    hearing: WhileRinging,
    instead_of: str = "",
) -> Person | None:
    """Ring them one after the other, `rounds` times, each for `timeout`; whoever takes the caller talks to them.

    Somebody who picks up hears the announcement and takes the caller with 1, or passes on with 3: so a mobile's
    voicemail, or somebody half asleep, is not taken for a person. The caller hears `meanwhile` before each but the
    first. `instead_of` is the person (id) whose turn it would be, had the first not swapped. None if nobody
    acknowledged, which is logged as an error.
    """
    acceptance = Acceptance(announcement, to_voicemail="")
    is_first = True
    for number in range(1, rounds + 1):
        for person in people:
            if not is_first:
                await call.play(meanwhile)
            is_first = False
            result = await ring_phones(
                call, person.phones, recorder, timeout=timeout, hearing=hearing, acceptance=acceptance
            )
            outcome = result.outcome.value
            told = {"rota": rota, "person": person.id, "name": person.name, "round": number, "outcome": outcome}
            if instead_of and person is people[0]:
                told["instead_of"] = instead_of
            recorder.note(EventKind.ON_CALL, **told)
            if result.outcome is DialOutcome.ANSWERED:
                await talk_to(call, result.answered_by or person.phones[0], recorder)
                return person
    recorder.note(EventKind.UNACKNOWLEDGED, rota=rota, called=[person.name for person in people])
    return None
