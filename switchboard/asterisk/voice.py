"""What the caller hears and presses: prompts one after the other, ringback, music, keys."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import Event
from switchboard.asterisk.channel import Asterisk, Channel
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.domain.dialling import WhileRinging
from switchboard.ports import Utterance

PLAYBACK_GRACE = 5.0  # seconds a playback may take beyond the length of its files
PLAYBACKS = 16  # ids that a call's playbacks take in turn; at most two of them are in use at once

log = structlog.get_logger()


class VoiceChannel(Channel):
    """A caller's channel that is spoken to. `prompts` are those of the version the call is led by."""

    def __init__(self, asterisk: Asterisk, channel: Event, prompts: PromptStore) -> None:
        super().__init__(asterisk, channel)
        self.prompts = prompts
        self._answered: bool = channel["state"] == "Up"
        self._keys: deque[str] = deque()
        self._playback: str | None = None
        self._playbacks = 0
        self._lost_playback = False

    @property
    def is_answered(self) -> bool:
        """See ports.Call."""
        return self._answered

    async def answer(self) -> None:
        """See ports.Call."""
        self._check()
        if not self._answered:
            self._command(operations.ANSWER, channelId=self.channel)
            self._answered = True

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """See ports.Call."""
        self._check()
        if barge_in and self._keys:
            return
        media = self.prompts.media_of(utterances)
        deadline = sum(m.seconds for m in media) + PLAYBACK_GRACE
        while True:
            playback = self._playback = self._next_playback()
            self._lost_playback = False
            self._command(operations.PLAY, channelId=self.channel, playbackId=playback, media=[m.uri for m in media])
            await self._until(lambda: self._playback is None or (barge_in and bool(self._keys)), deadline)
            if self._playback is not None:
                # Barged in, or overdue. The stop overtakes nothing: what is played next comes after it.
                self._command(operations.STOP_PLAYBACK, playbackId=playback, ignore_gone=True)
                self._playback = None
            if not self._lost_playback:
                return
            # The link was cut meanwhile. Heard twice is better than not heard; but not one after the other.
            self._command(operations.STOP_PLAYBACK, playbackId=playback, ignore_gone=True)

    async def key(self, timeout: timedelta) -> str | None:
        """See ports.Call."""
        if await self._until(lambda: bool(self._keys), timeout.total_seconds()):
            return self._keys.popleft()
        return None

    def forget_keys(self) -> None:
        """See ports.Call."""
        self._keys.clear()

    async def silence(self) -> None:
        """Stop whatever an earlier controller let the caller hear: what we say would wait until that is over."""
        ids = [self._playback_id(number) for number in range(PLAYBACKS)]
        ari = self._asterisk.ari
        answers = await asyncio.gather(
            *(ari.request(operations.STOP_PLAYBACK, playbackId=name) for name in ids),
            ari.request(operations.STOP_MUSIC, channelId=self.channel),
            ari.request(operations.STOP_RINGBACK, channelId=self.channel),
            return_exceptions=True,
        )
        stopped = [number for number in range(PLAYBACKS) if not isinstance(answers[number], BaseException)]
        self._playbacks = stopped[-1] + 1 if stopped else 0

    # What the exchange tells us.

    def key_pressed(self, key: str) -> None:
        """The caller pressed a key (ChannelDtmfReceived)."""
        self._keys.append(key)
        self._wake()

    def playback_finished(self, playback: str, state: str) -> None:
        """A playback ended (PlaybackFinished), by itself or stopped."""
        if playback == self._playback:
            if self.ended_by == "caller":
                return  # broken off by a hangup, not heard to its end: `left` follows
            if state == "failed" and self.ended_by == "unknown":
                log.warning("playback_failed", call=str(self._id))
            self._playback = None
            self._wake()

    def link_restored(self, *, is_up: bool) -> None:
        """Events and requests were lost while the link was down; `is_up` tells whether the channel is answered."""
        if self._answered and not is_up:
            self._command(operations.ANSWER, channelId=self.channel)
        if self._playback is not None:
            self._lost_playback, self._playback = True, None
            self._wake()

    def _next_playback(self) -> str:
        self._playbacks += 1
        return self._playback_id(self._playbacks % PLAYBACKS)

    def _playback_id(self, number: int) -> str:
        """An id that whoever takes the call over knows, too."""
        return f"{self._id.hex}-{number}"

    def _hearing(self, what: WhileRinging, *, start: bool) -> None:
        starts, stops = {
            WhileRinging.RINGBACK: (operations.START_RINGBACK, operations.STOP_RINGBACK),
            WhileRinging.MUSIC: (operations.START_MUSIC, operations.STOP_MUSIC),
        }[what]
        if what is WhileRinging.RINGBACK or self._answered:
            self._command(starts if start else stops, channelId=self.channel)
