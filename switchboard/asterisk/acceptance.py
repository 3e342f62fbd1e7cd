"""One callee who picked up is told who calls and asked whether to take the call, on the callee's own leg.

Nothing here waits: it is driven by the leg's events and by a timer, and tells the call when the callee has decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari_operations import Operation
from switchboard.asterisk.channel import LEASE_VARIABLE
from switchboard.asterisk.prompt_store import Media
from switchboard.domain.dialling import Choice
from switchboard.ports import Acceptance

PLAYBACK_GRACE = 2.0  # seconds an announcement may take beyond the length of its files
LEASE_GRACE = 5  # seconds more than a decision can take, after which a leg that nobody watches is ended


class Decision:
    """What one callee decides. `choice` is None until then."""

    def __init__(
        self,
        channel: str,
        acceptance: Acceptance,
        announcement: Sequence[Media],
        command: Callable[..., Any],
        decided: Callable[[], None],
    ) -> None:
        self.choice: Choice | None = None
        self._channel = channel
        self._acceptance = acceptance
        self._announcement = announcement
        self._command = command
        self._decided = decided
        self._times_left = acceptance.times
        self._playback = ""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def longest(self) -> float:
        """Seconds after which it is made at the latest."""
        acceptance = self._acceptance
        return acceptance.times * self._announcement_seconds + acceptance.patience.total_seconds()

    def begin(self) -> None:
        """The callee has picked up. Should we die now, the leg ends by itself: nobody sits in silence for long."""
        self._order(operations.SET_VARIABLE, variable=LEASE_VARIABLE, value=str(int(self.longest) + LEASE_GRACE))
        self._announce()

    def key_pressed(self, key: str) -> None:
        """One that means nothing is not heard."""
        choice = self._acceptance.choice(key)
        if choice is not None:
            self._decide(choice)

    def playback_finished(self, playback: str) -> None:
        """The announcement was heard."""
        if playback == self._playback and self.choice is None:
            self._announce()

    def close(self) -> None:
        """The leg is over, or not wanted any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _announce(self) -> None:
        self.close()
        if self._times_left <= 0:
            self._playback = ""
            self._wait(self._acceptance.patience.total_seconds(), lambda: self._decide(Choice.NONE))
            return
        self._times_left -= 1
        self._playback = f"{self._channel}-{self._times_left}"
        media = [each.uri for each in self._announcement]
        self._order(operations.PLAY, playbackId=self._playback, media=media)
        self._wait(self._announcement_seconds, self._announce)  # should we not be told that it has ended

    def _decide(self, choice: Choice) -> None:
        if self.choice is None:
            self.close()
            self.choice = choice
            if self._playback:
                self._command(operations.STOP_PLAYBACK, ignore_gone=True, playbackId=self._playback)
            self._decided()

    @property
    def _announcement_seconds(self) -> float:
        return sum(each.seconds for each in self._announcement) + PLAYBACK_GRACE

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _order(self, operation: Operation, **values: Any) -> None:
        self._command(operation, ignore_gone=True, channelId=self._channel, **values)
