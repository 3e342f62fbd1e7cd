"""One phone being rung for a caller, and what its SIP answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from switchboard.asterisk.acceptance import Decision
from switchboard.domain.dialling import (
    Choice,
    DialOutcome,
    HangupCause,
    Phone,
    PhoneResult,
    RingResult,
    most_telling,
)

LEG_PREFIX = "leg-"  # channel ids of legs we make; a restarted controller knows them by it

_OUTCOME_OF_SIP_STATUS = {
    403: DialOutcome.DECLINED,
    404: DialOutcome.UNAVAILABLE,
    408: DialOutcome.NO_ANSWER,
    410: DialOutcome.UNAVAILABLE,
    480: DialOutcome.NO_ANSWER,
    486: DialOutcome.BUSY,
    487: DialOutcome.NO_ANSWER,
    503: DialOutcome.UNAVAILABLE,
    600: DialOutcome.BUSY,
    603: DialOutcome.DECLINED,
    604: DialOutcome.UNAVAILABLE,
    607: DialOutcome.DECLINED,
}
_OUTCOME_OF_CAUSE: dict[int, DialOutcome] = {
    HangupCause.UNALLOCATED: DialOutcome.UNAVAILABLE,
    HangupCause.BUSY: DialOutcome.BUSY,
    HangupCause.NO_USER_RESPONSE: DialOutcome.NO_ANSWER,
    HangupCause.NO_ANSWER: DialOutcome.NO_ANSWER,
    HangupCause.REJECTED: DialOutcome.DECLINED,
}
_OUTCOME_OF_CHOICE = {
    Choice.ACCEPTED: DialOutcome.ANSWERED,
    Choice.TO_VOICEMAIL: DialOutcome.DECLINED,
    Choice.REFUSED: DialOutcome.DECLINED,
    Choice.NONE: DialOutcome.NO_ANSWER,
}


class LegState(Enum):
    """Where a leg stands."""

    RINGING = auto()
    DECIDING = auto()  # picked up, and asked whether to take the call
    ANSWERED = auto()
    NOT_TAKEN = auto()  # being ended: refused by its owner, or too late
    GONE = auto()


@dataclass(slots=True)
class Leg:
    """A channel we made towards a phone."""

    channel: str
    phone: Phone
    state: LegState = LegState.RINGING
    is_ours: bool = False  # in the hands of our application, so that it can be dialled
    outcome: DialOutcome = DialOutcome.NO_ANSWER  # if it ends without an answer
    cause: int = HangupCause.UNKNOWN  # Q.850
    sip_status: int = 0
    decision: Decision | None = None  # if the callee is to be asked
    name: str = ""  # Asterisk's, once we have the channel in hand

    @property
    def choice(self) -> Choice | None:
        """What the callee chose; None if not asked, or not yet."""
        return self.decision.choice if self.decision is not None else None

    @property
    def result(self) -> PhoneResult:
        """How it came out."""
        outcome = DialOutcome.ANSWERED if self.state is LegState.ANSWERED else self.outcome
        return PhoneResult(self.phone, outcome, self.cause, self.sip_status, self.choice)

    def picked_up(self) -> None:
        """The phone was answered: that is it, or the callee is asked first."""
        if self.decision is None:
            self.state = LegState.ANSWERED
        else:
            self.state = LegState.DECIDING
            self.decision.begin()

    def decided(self) -> None:
        """The callee has chosen."""
        if self.state is LegState.DECIDING and self.choice is not None:
            self.outcome = _OUTCOME_OF_CHOICE[self.choice]
            self.state = LegState.ANSWERED if self.choice is Choice.ACCEPTED else LegState.NOT_TAKEN

    def ended(self, cause: int, sip_status: int) -> None:
        """The phone's last word (ChannelDestroyed): Q.850 cause and SIP status, 0 where unknown."""
        if self.state is LegState.RINGING:
            self.cause, self.sip_status = cause, sip_status
            self.outcome = dial_outcome(cause, sip_status)
        elif self.state is LegState.DECIDING and self.decision is not None:
            self.decision.choice = Choice.NONE  # hung up instead
        if self.decision is not None:
            self.decision.close()
        self.state = LegState.GONE

    def unavailable(self, outcome: DialOutcome = DialOutcome.UNAVAILABLE) -> None:
        """It could not even be rung: not registered."""
        self.state, self.outcome = LegState.GONE, outcome


def extension_of(channel_name: str) -> str:
    """Whose channel it is by its name: "101" of "PJSIP/101-0000002a"."""
    return channel_name.partition("/")[2].rpartition("-")[0]


def written(phone: Phone) -> str:
    """A phone as the name of a conversation, for whoever takes it over: `101`, `101/+37255501234`."""
    return f"{phone.extension}/{phone.outside}" if phone.outside else phone.extension


def read(name: str, phones: Mapping[str, Phone]) -> Phone:
    """What `written` wrote; `phones` by extension tell whose it is."""
    extension, _, outside = name.partition("/")
    known = phones.get(extension)
    return Phone(extension, known.name if known else outside or extension, outside)


def dial_outcome(cause: int, sip_status: int) -> DialOutcome:
    """What an unanswered ring came to. SIP's status says more than the cause Asterisk maps it to."""
    return _OUTCOME_OF_SIP_STATUS.get(sip_status) or _OUTCOME_OF_CAUSE.get(cause) or DialOutcome.FAILED


def ring_result(legs: Sequence[Leg]) -> RingResult:
    """What ringing all of them came to, when nobody took the call."""
    return most_telling([leg.result for leg in legs])
