"""May this caller be put through? By the organisation's rules, whom people blocked, and how often the number calls."""

from __future__ import annotations

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import new_event_id
from switchboard.domain.phone_numbers import e164
from switchboard.domain.screening import Incoming, Rule, Screened, Verdict, screen
from switchboard.ports import Call
from switchboard.services.office import LastCall, Office
from switchboard.services.record_call import CallRecorder


async def screen_call(call: Call, office: Office, recorder: CallRecorder) -> Screened:
    """The verdict on a call that has just come; the call is counted, and the record told.

    Nothing is said and nothing answered. A spam score is asked for only where no other rule decides, and never waited
    for beyond its deadline.
    """
    found = screen_number(call.caller.number, office, counts=True)
    rules, spam = office.organisation.screening, office.screening.spam
    if found.rule is Rule.NONE and rules.attestation:
        found = screen(Incoming("", attestation=await call.attestation()), rules)
    if found.rule is Rule.NONE and rules.spam is not None and spam is not None:
        number = e164(call.caller.number, office.organisation.country)
        score = await spam.score(number) if number else None
        found = screen(Incoming(number, spam_score=score), rules)
    if found.rule is not Rule.NONE:
        recorder.note(EventKind.SCREENED, verdict=found.verdict.value, rule=found.rule.value, why=found.why)
    recorder.screened = found
    return found


def screen_number(written: str, office: Office, *, counts: bool = False) -> Screened:
    """The verdict on a number as the network delivered it, from memory alone."""
    screening, rules = office.screening, office.organisation.screening
    if screening.always is not None:
        return screening.always
    number = e164(written, office.organisation.country)
    digits = "".join(letter for letter in written if letter.isdigit())
    calls = 1
    if rules.rate is not None and digits:
        now = office.clock.now()
        if counts:
            calls = screening.rates.count(number or digits, now, rules.rate)
        else:
            calls = screening.rates.known(number or digits, now, rules.rate)
    return screen(
        Incoming(
            number=number,
            is_anonymous=not digits,
            calls=calls,
            allowed=screening.lists.allowed(number),
            blocked=screening.lists.blocked(number),
        ),
        rules,
    )


async def block_last_caller(extension: str, who: str, office: Office) -> str:
    """Refuse, from now on, whoever called this desk phone last; returns their number, "" where there is none.

    On disk when this returns: what was confirmed survives whatever happens. Raises OSError if the disk refuses it.
    """
    last = office.screening.last_calls.get(extension)
    if last is None or not last.number:
        return ""
    now = office.clock.now()
    why = f"blocked at phone {extension}"
    data = {"pattern": last.number, "why": why, "who": who, "extension": extension}
    office.ledger.append(CallEvent(last.call_id, new_event_id(now), now, EventKind.BLOCKED, data))
    await office.ledger.durable()
    office.screening.lists.block(last.number, why)
    return last.number


def remember_caller(call: Call, office: Office, recorder: CallRecorder) -> None:
    """Who called the phones that rang, for whoever wants to block them."""
    number = e164(call.caller.number, office.organisation.country)
    for extension in recorder.rang:
        office.screening.last_calls[extension] = LastCall(call.id, number)


def is_let_pass(found: Screened) -> bool:
    """Is the call answered?"""
    return found.verdict is not Verdict.REJECT
