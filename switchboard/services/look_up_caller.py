"""Another system is asked about a caller; the call waits for it, and no longer than was said."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.domain.call_record import EventKind
from switchboard.domain.lookups import Looked, Lookup, LookupOutcome, value_at
from switchboard.domain.phone_numbers import e164
from switchboard.ports import Call
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder

NO_NUMBER = "no number"
LONGEST_VALUE = 200  # characters of what is kept


async def look_up_caller(
    call: Call, lookup: Lookup, paths: Sequence[str], office: Office, recorder: CallRecorder
) -> Looked:
    """Ask about the caller's number, and take what stands at these paths; the record is told.

    Nobody is asked about a caller without a number.
    """
    number = e164(call.caller.number, office.organisation.country)
    if not number:
        looked = Looked(LookupOutcome.NOT_FOUND, why=NO_NUMBER)
    else:
        answer = await office.lookups.ask(lookup, number, call.number)
        is_found = answer.outcome is LookupOutcome.FOUND
        values = {path: _plain(value_at(answer.content, path)) for path in paths} if is_found else {}
        looked = Looked(answer.outcome, values, answer.why)
    recorder.note(
        EventKind.LOOKED_UP, lookup=lookup.id, outcome=looked.outcome.value, values=dict(looked.values), why=looked.why
    )
    return looked


def _plain(value: object) -> str | int | bool | None:
    """Of what JSON can hold, what a variable can."""
    if isinstance(value, bool | int):
        return value
    return value[:LONGEST_VALUE] if isinstance(value, str) else None
