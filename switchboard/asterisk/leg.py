"""One phone being rung for a caller, and what its SIP answer means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from switchboard.domain.dialling import DialOutcome, HangupCause, Phone, RingResult

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
#: The most telling first: what several phones' outcomes come to.
_TELLING = (
    DialOutcome.DECLINED,
    DialOutcome.BUSY,
    DialOutcome.NO_ANSWER,
    DialOutcome.UNAVAILABLE,
    DialOutcome.FAILED,
)


class LegState(Enum):
    """Where a leg stands."""

    RINGING = auto()
    ANSWERED = auto()
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

    def ended(self, cause: int, sip_status: int) -> None:
        """The phone's last word (ChannelDestroyed): Q.850 cause and SIP status, 0 where unknown."""
        if self.state is LegState.RINGING:
            self.cause, self.sip_status = cause, sip_status
            self.outcome = dial_outcome(cause, sip_status)
        self.state = LegState.GONE

    def unavailable(self) -> None:
        """Asterisk could not even ring it: not registered."""
        self.state, self.outcome = LegState.GONE, DialOutcome.UNAVAILABLE


def dial_outcome(cause: int, sip_status: int) -> DialOutcome:
    """What an unanswered ring came to. SIP's status says more than the cause Asterisk maps it to."""
    return _OUTCOME_OF_SIP_STATUS.get(sip_status) or _OUTCOME_OF_CAUSE.get(cause) or DialOutcome.FAILED


def ring_result(legs: list[Leg]) -> RingResult:
    """What ringing all of them came to, when nobody answered."""
    if not legs:
        return RingResult(DialOutcome.UNAVAILABLE)
    told = min(legs, key=lambda leg: _TELLING.index(leg.outcome))
    return RingResult(told.outcome, None, told.cause, told.sip_status)
