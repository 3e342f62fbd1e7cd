"""Ringing a phone: whom, what the caller hears meanwhile, and how it came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class DialOutcome(StrEnum):
    """How ringing ended. A closed set: the `ring` step routes each."""

    ANSWERED = "answered"
    BUSY = "busy"  # SIP 486
    NO_ANSWER = "no_answer"  # rang until the time was up, or 408, 480
    DECLINED = "declined"  # SIP 603, 403: a person refused
    UNAVAILABLE = "unavailable"  # not registered, 404, 410
    FAILED = "failed"  # anything else


class WhileRinging(StrEnum):
    """What the caller hears while a phone rings."""

    RINGBACK = "ringback"
    MUSIC = "music"


class Choice(StrEnum):
    """What a callee chose who was asked whether to take the call (ports.Acceptance)."""

    ACCEPTED = "accepted"  # ANSWERED
    TO_VOICEMAIL = "to_voicemail"  # DECLINED; the caller shall leave a message
    REFUSED = "refused"  # DECLINED
    NONE = "none"  # NO_ANSWER: said nothing, as a mobile's voicemail does, or hung up


class HangupCause(IntEnum):
    """Q.850 causes we send or name (ITU-T Q.850; Asterisk's causes.h)."""

    UNKNOWN = 0
    UNALLOCATED = 1
    NORMAL = 16
    BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    REJECTED = 21
    CONGESTION = 34
    INTERWORKING = 127


@dataclass(frozen=True, slots=True)
class Phone:
    """A desk phone: what registers, and whom it belongs to; or a person's mobile, on the telephone network."""

    extension: str  # digits, also its SIP account; of a mobile its owner's, "" where there is none
    name: str  # shown on displays and in records: "Reception", "Mari Tamm"
    outside: str = ""  # a mobile's number (E.164, "+37255501234"), rung through a trunk; empty: a desk phone

    @property
    def line(self) -> str:
        """What tells two phones of one person apart: the number or extension that is dialled."""
        return self.outside or self.extension


@dataclass(frozen=True, slots=True)
class PhoneResult:
    """How one of the phones rung came out."""

    phone: Phone
    outcome: DialOutcome
    cause: int = HangupCause.UNKNOWN  # Q.850
    sip_status: int = 0  # 0 where Asterisk gave none
    choice: Choice | None = None  # None: was not asked


@dataclass(frozen=True, slots=True)
class RingResult:
    """How ringing one or several phones came out."""

    outcome: DialOutcome
    answered_by: Phone | None = None
    cause: int = HangupCause.UNKNOWN  # Q.850
    sip_status: int = 0  # 0 where Asterisk gave none
    choice: Choice | None = None  # of the phone that decided the outcome
    each: tuple[PhoneResult, ...] = ()  # every phone rung, in the order given


#: The most telling first: what several phones' outcomes come to.
_TELLING = (
    DialOutcome.DECLINED,
    DialOutcome.BUSY,
    DialOutcome.NO_ANSWER,
    DialOutcome.UNAVAILABLE,
    DialOutcome.FAILED,
)


def most_telling(each: Sequence[PhoneResult]) -> RingResult:
    """What ringing them came to when nobody took the call; UNAVAILABLE where there was nobody to ring."""

    def rank(result: PhoneResult) -> tuple[int, bool]:
        return _TELLING.index(result.outcome), result.choice is not Choice.TO_VOICEMAIL

    if not each:
        return RingResult(DialOutcome.UNAVAILABLE)
    told = min(each, key=rank)
    return RingResult(told.outcome, None, told.cause, told.sip_status, told.choice, tuple(each))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the network told us. Untrusted text: show it, never interpret it."""

    number: str  # as received; "" when withheld
    name: str = ""
