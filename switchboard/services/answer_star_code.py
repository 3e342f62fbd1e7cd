"""Star codes: what somebody tells the switchboard from their desk phone, and its answer in words.

    code         what it does
    -----------  ---------------------------------------------------------------
    *76          available again
    *77          away
    *77 HHMM     away until that time: today, or tomorrow if it is over
    *78          do not disturb
    *79          do not disturb no more: available
    *60          block whoever called this phone last
    *97          hear the messages of this phone, and what is set of its mailbox

A new code is a line in STAR_CODES; the dialplan is made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from switchboard.domain.call_record import Disposition, EventKind
from switchboard.domain.dialling import HangupCause
from switchboard.domain.mailbox_menu import mailbox_of
from switchboard.domain.organisation import Person
from switchboard.domain.presence import Presence, Status
from switchboard.errors import CallerHungUp, CallTakenAway, SwitchboardError
from switchboard.ports import DeskCall, Hearer
from switchboard.services.hear_messages import hear_messages
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder
from switchboard.services.screen_call import block_last_caller

log = structlog.get_logger(__name__)

# Prompts; one that has no text is not said.
NOT_UNDERSTOOD = "star_not_understood"
NOT_DONE = "star_not_done"
NOBODYS_PHONE = "star_nobodys_phone"
BLOCKED = "star_blocked"
NOBODY_CALLED = "star_nobody_called"  # since the switchboard was started, with a number
UNAVAILABLE = "star_unavailable"  # by the dialplan, while no controller lives
CONFIRMED = {
    Status.AVAILABLE: "star_available",
    Status.AWAY: "star_away",
    Status.DO_NOT_DISTURB: "star_do_not_disturb",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever dialled a star code."""

    extension: str
    person: Person | None  # whose phone it is; None: a place's
    digits: str  # after the code
    office: Office
    recorder: CallRecorder
    call: DeskCall


@dataclass(frozen=True, slots=True)
class StarCode:
    """One code; `do` returns the prompt that answers, "" where all is said."""

    code: str  # "*78"
    do: Callable[[Desk], Awaitable[str]]
    digits: int = 0  # that may follow it, all or none

    @property
    def patterns(self) -> tuple[str, ...]:
        """As the dialplan matches it."""
        return (self.code, f"_{self.code}{'X' * self.digits}") if self.digits else (self.code,)


async def answer_star_code(
    call: DeskCall, dialled: str, extension: str, office: Office, *, witness: Mapping[str, Any] | None = None
) -> None:
    """Do what the code says, confirm it in words, and end the call. What was confirmed survives whatever happens.

    A call that the phone goes on with by itself gets no last event from us: Asterisk's own log notes it.
    """
    recorder = CallRecorder(call.id, office.ledger, office.clock, office.organisation.default_language)
    recorder.note_offer(
        recorder.now(),
        number=dialled,
        caller_number=extension,
        caller_name=call.caller.name,
        flow_version=office.version,
        language=recorder.language,
        **(witness or {}),
    )
    is_over = True
    try:
        await call.answer()
        recorder.note(EventKind.ANSWERED)
        prompt = await _done(call, dialled, extension, office, recorder)
        if (speech := office.prompts.get(prompt)) is not None:
            await call.play(speech[recorder.language])
        await call.hang_up()
    except CallTakenAway:
        is_over = False
    except CallerHungUp:
        pass
    except asyncio.CancelledError:
        is_over = False
        raise
    except SwitchboardError as error:
        log.warning("star_code_broke_off", extension=extension, error=str(error))
        recorder.note(EventKind.FAULT, error=f"{type(error).__name__}: {error}", done="gave up")
    finally:
        if is_over:
            cause = int(call.hangup_cause) or int(HangupCause.NORMAL)
            disposition = Disposition.INTERNAL.value
            recorder.note(EventKind.ENDED, disposition=disposition, cause=cause, ended_by=call.ended_by)


async def _done(call: DeskCall, dialled: str, extension: str, office: Office, recorder: CallRecorder) -> str:
    """Do it; the prompt that answers."""
    found = next((each for each in STAR_CODES if dialled.startswith(each.code)), None)
    digits = dialled.removeprefix(found.code) if found else ""
    if found is None or len(digits) not in (0, found.digits):
        return NOT_UNDERSTOOD
    person = office.organisation.person_at(extension)
    try:
        return await found.do(Desk(extension, person, digits, office, recorder, call))
    except OSError as error:  # the disk refuses it: not a word of confirmation
        log.error("star_code_not_done", code=found.code, extension=extension, error=str(error))
        recorder.note(EventKind.FAULT, error=str(error), done="said that it was not done")
        return NOT_DONE


def _sets(status: Status) -> Callable[[Desk], Awaitable[str]]:
    async def do(desk: Desk) -> str:
        if desk.person is None:
            return NOBODYS_PHONE
        now = desk.recorder.now()
        until = None
        if desk.digits and (until := _next_time(desk.digits, now, desk.office)) is None:
            return NOT_UNDERSTOOD
        by = f"star code at {desk.extension}"
        await desk.office.presence.set(Presence(desk.person.id, status, now, until, by))
        told = until.isoformat() if until else None
        desk.recorder.note(EventKind.PRESENCE, person=desk.person.id, status=status.value, until=told)
        return CONFIRMED[status]

    return do


def _next_time(digits: str, now: datetime, office: Office) -> datetime | None:
    """1530: the next half past three on the organisation's wall clock. None if there is no such time."""
    hour, minute = int(digits[:2]), int(digits[2:])
    if hour > 23 or minute > 59:
        return None
    zone = ZoneInfo(office.organisation.timezone)
    local = now.astimezone(zone)
    at = datetime.combine(local.date(), time(hour, minute), zone)
    return (at if at > local else at + timedelta(days=1)).astimezone(now.tzinfo)


async def _block_last_caller(desk: Desk) -> str:
    who = desk.person.name if desk.person else f"phone {desk.extension}"
    return BLOCKED if await block_last_caller(desk.extension, who, desk.office) else NOBODY_CALLED


async def _hear_messages(desk: Desk) -> str:
    mailbox = mailbox_of(desk.office.organisation, desk.extension)
    if mailbox is None:
        return NOBODYS_PHONE
    who = desk.person.name if desk.person else f"phone {desk.extension}"
    by = Hearer(who, f"desk phone {desk.extension}", desk.extension, desk.call.id, at_desk=True)
    await hear_messages(desk.call, mailbox, by, desk.office, desk.recorder, dial=desk.call.dial_on)
    return ""


STAR_CODES: tuple[StarCode, ...] = (
    StarCode("*60", _block_last_caller),
    StarCode("*76", _sets(Status.AVAILABLE)),
    StarCode("*77", _sets(Status.AWAY), digits=4),
    StarCode("*78", _sets(Status.DO_NOT_DISTURB)),
    StarCode("*79", _sets(Status.AVAILABLE)),
    StarCode("*97", _hear_messages),
)
