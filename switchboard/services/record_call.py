"""One call's side of the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.identity import CallId, new_event_id, offer_id_of
from switchboard.domain.language import Language
from switchboard.domain.screening import Screened
from switchboard.ports import CallLedger, Clock

_log = structlog.get_logger(__name__)


class CallRecorder:
    """Notes what happens to one call, and remembers what its disposition follows from."""

    __slots__ = (
        "_call_id",
        "_clock",
        "_ledger",
        "declined",
        "has_message",
        "has_talked",
        "is_served",
        "language",
        "rang",
        "screened",
    )

    def __init__(self, call_id: CallId, ledger: CallLedger, clock: Clock, language: Language) -> None:
        self._call_id = call_id
        self._ledger = ledger
        self._clock = clock
        self.language = language  # the caller hears
        self.has_talked = False  # to a person
        self.has_message = False  # left one
        self.is_served = False  # heard what the flow had to tell
        self.declined: set[str] = set()  # lines of phones that declined the call: they are not rung for it again
        self.screened: Screened | None = None  # None: not yet, or by an earlier controller
        self.rang: set[str] = set()  # extensions of phones that rang for the call

    def note(self, kind: EventKind, **data: Any) -> datetime:
        """Append an event of this instant, and return the instant. Never waits."""
        if kind is EventKind.TALKING:
            self.has_talked = True
        if kind is EventKind.MESSAGE:
            self.has_message = True
        if kind in (EventKind.TALKING, EventKind.RINGING) and data.get("extension"):
            self.rang.add(str(data["extension"]))
        if kind is EventKind.UNACKNOWLEDGED:
            _log.error("nobody_on_call_acknowledged", call_id=str(self._call_id), **data)
        at = self.now()
        self._ledger.append(CallEvent(self._call_id, new_event_id(at), at, kind, data))
        return at

    def note_offer(self, at: datetime, **data: Any) -> None:
        """Append the call's first event. Told again, by whoever takes the call over, it counts once."""
        self._ledger.append(CallEvent(self._call_id, offer_id_of(self._call_id), at, EventKind.OFFERED, data))

    def speak(self, language: Language) -> None:
        """From now on the caller hears this language."""
        if language != self.language:
            self.language = language
            self.note(EventKind.LANGUAGE, language=language)

    def now(self) -> datetime:
        """This instant, UTC."""
        return self._clock.now()

    def disposition(self, otherwise: Disposition) -> Disposition:
        """What the call came to, if nothing better than `otherwise` happened in it."""
        if self.has_talked:
            return Disposition.TALKED
        if self.has_message:
            return Disposition.MESSAGE
        return Disposition.SERVED if self.is_served else otherwise
