"""One caller's channel in our hands: how it is commanded, how its task waits, and its lease.

Requests go out without waiting for each answer (Asterisk serves them in order); one that finds the channel gone ends
the call as a hangup does. The call's task sleeps in one place, `_until`, and any event that matters wakes it there.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ami import AmiLinks
from switchboard.asterisk.ari import REQUEST_DEADLINE, AriLink, Event
from switchboard.asterisk.ari_operations import Operation
from switchboard.domain.cel import CALLED_BACK
from switchboard.domain.dialling import HangupCause
from switchboard.domain.identity import CallId, call_id_of
from switchboard.errors import AsteriskError, AsteriskUnreachable, CallerHungUp, CallTakenAway, LegGone

LEASE_SECONDS = 10  # a caller nobody watches over is served by the safety net after this
LEASE_VARIABLE = "TIMEOUT(absolute)"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asterisk:
    """What a call needs of Asterisk."""

    ari: AriLink
    ami: AmiLinks
    recordings: Path  # where ARI records, `<name>.wav` (folders.Folders.messages)


class Channel:
    """The caller's channel, while a call's task leads it."""

    def __init__(self, asterisk: Asterisk, channel: Event) -> None:
        self.channel: str = channel["id"]
        self.channel_name: str = channel["name"]
        self.hangup_cause: int = HangupCause.UNKNOWN
        self.ended_by = "unknown"
        self._asterisk = asterisk
        self._id = call_id_of(self.channel)
        self._gone = False
        self._taken_away = False
        self._waiter: asyncio.Future[None] | None = None
        self._fault: AsteriskError | None = None

    @property
    def id(self) -> CallId:
        """The call's id, derived from the channel's."""
        return self._id

    def lift_lease(self) -> None:
        """Take the lease off the channel, for the length of a conversation.

        Of an agent's whom we rang only the dialplan does, which sets there how long a call outside may last.
        """
        if self.channel.startswith(CALLED_BACK):
            return
        if not self._asterisk.ami.set_variable(self.channel_name, LEASE_VARIABLE, "0"):
            self._command(operations.SET_VARIABLE, channelId=self.channel, variable=LEASE_VARIABLE, value="0")

    def renew_lease(self) -> None:
        """Prove that we live: the safety net takes the caller LEASE_SECONDS after the last of these."""
        self._asterisk.ami.set_variable(self.channel_name, LEASE_VARIABLE, str(LEASE_SECONDS))

    def _command(self, operation: Operation, /, *, ignore_gone: bool = False, **values: Any) -> asyncio.Future[Any]:
        """Request without waiting. A refusal is taken up by whoever sleeps in `_until`."""
        answer = self._asterisk.ari.request(operation, **values)
        answer.add_done_callback(self._refused_if_gone_ignored if ignore_gone else self._refused)
        return answer

    def _refused_if_gone_ignored(self, answer: asyncio.Future[Any]) -> None:
        if answer.cancelled() or isinstance(answer.exception(), LegGone):
            return
        self._refused(answer)

    def _refused(self, answer: asyncio.Future[Any]) -> None:
        if answer.cancelled():
            return
        error = answer.exception()
        if error is None:
            return
        if isinstance(error, LegGone):
            # StasisEnd follows and tells why; if the link dropped it, the next snapshot does.
            log.debug("command_too_late", call=str(self._id), error=str(error))
        elif isinstance(error, AsteriskUnreachable):
            log.debug("command_lost", call=str(self._id), error=str(error))  # `link_restored` makes up for it
        elif isinstance(error, AsteriskError):
            self._fault = error
            self._wake()

    async def _ask(self, operation: Operation, **values: Any) -> None:
        """Request and wait for the answer; when the link drops meanwhile, once more after it is back.

        Ids are ours, so a request that was carried out before the drop answers LegGone ("exists") the second time.
        """
        ari = self._asterisk.ari
        try:
            await ari.request(operation, **values)
        except AsteriskUnreachable:
            await ari.wait_up(REQUEST_DEADLINE)
            self._check()  # the safety net may have the caller by now: hands off
            with contextlib.suppress(LegGone):
                await ari.request(operation, **values)

    def _check(self) -> None:
        if self._gone:
            raise CallTakenAway if self._taken_away else CallerHungUp

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Sleep until the condition holds (True) or the time is up (False).

        Raises CallerHungUp when the caller is gone, and AsteriskError when Asterisk refused a command.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            self._check()
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
            if condition():
                return True
            if loop.time() >= deadline:
                return False
            self._waiter = loop.create_future()
            timer = loop.call_at(deadline, self._wake) if seconds != math.inf else None
            try:
                await self._waiter
            finally:
                if timer is not None:
                    timer.cancel()
