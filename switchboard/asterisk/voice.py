"""What the caller hears, presses and says: prompts one after the other, ringback, music, keys, recordings."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari import Event
from switchboard.asterisk.channel import Asterisk, Channel
from switchboard.asterisk.prompt_store import Media, PromptStore
from switchboard.asterisk.sound_level import measure
from switchboard.domain.dialling import WhileRinging
from switchboard.domain.voice_recording import Recorded, RecordingEnd
from switchboard.errors import AsteriskError, CallerHungUp, CallTakenAway, LegGone
from switchboard.ports import RecordingRef, Utterance

SKIP = 5000  # milliseconds that skipping goes back or ahead
SKIPPING_GRACE = 600.0  # seconds it may take longer where the caller can go back in it
SKIPS = "#"  # pressed before the beep: whatever was said, the caller wants to speak
PLAYBACK_GRACE = 5.0  # seconds a playback may take beyond the length of its files
RECORDING_GRACE = 2.0  # seconds Asterisk gets to tell that a recording is over, and to write its end
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
        self._skipping: dict[str, str] = {}  # keys that skip in what is played, and how ARI calls it
        self._lasts, self._played_since = 0.0, 0.0  # seconds of it, and when it would have begun had nobody skipped
        self._recording: str | None = None

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
        await self._play(self.prompts.media_of(utterances), barge_in)

    async def play_recordings(
        self, recordings: Sequence[RecordingRef], *, lasts: timedelta, back: str = "", ahead: str = ""
    ) -> None:
        """See ports.Call."""
        self._check()
        if self._keys:
            return
        each = lasts.total_seconds() / max(1, len(recordings))
        media = [Media(f"recording:{one.file}", each) for one in recordings]
        if not (back and ahead):
            await self._play(media, barge_in=True)
            return
        self._skipping = {back: "reverse", ahead: "forward"}
        try:
            for one, recording in zip(media, recordings, strict=True):  # Asterisk skips within one file
                self._lasts = await asyncio.to_thread(self._length_of, recording)
                self._played_since = asyncio.get_running_loop().time()
                if not self._keys:
                    await self._play([one], barge_in=True)
        finally:
            self._skipping = {}

    def _length_of(self, recording: RecordingRef) -> float:
        try:
            return measure(self._asterisk.recordings / f"{recording.file}.wav")[0].total_seconds()
        except AsteriskError:
            return 0.0  # it is skipped, whole

    def _skip(self, key: str) -> None:
        """Go back or ahead in what is played. Asterisk begins anew where fewer than SKIP are left: it is over then."""
        now, skip = asyncio.get_running_loop().time(), SKIP / 1000
        if self._skipping[key] == "forward":
            self._played_since -= skip
            if now - self._played_since >= self._lasts:
                self._command(operations.STOP_PLAYBACK, playbackId=self._playback, ignore_gone=True)
                return
        else:
            self._played_since = min(now, self._played_since + skip)
        operation = self._skipping[key]
        self._command(operations.SKIP_IN_PLAYBACK, playbackId=self._playback, operation=operation, ignore_gone=True)

    async def _play(self, media: Sequence[Media], barge_in: bool) -> None:
        deadline = sum(m.seconds for m in media) + (SKIPPING_GRACE if self._skipping else PLAYBACK_GRACE)
        while True:
            playback = self._playback = self._next_playback()
            self._lost_playback = False
            skip: dict[str, Any] = {"skipms": SKIP} if self._skipping else {}
            self._command(
                operations.PLAY, channelId=self.channel, playbackId=playback, media=[m.uri for m in media], **skip
            )
            await self._until(lambda: self._playback is None or (barge_in and self._is_interrupted()), deadline)
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

    def _is_interrupted(self) -> bool:
        """What may be cut short is to be."""
        return bool(self._keys)

    def forget_keys(self) -> None:
        """See ports.Call."""
        self._keys.clear()

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """See ports.Call."""
        self._check()
        if beep:
            await self._play([self.prompts.beep], barge_in=False)
            self._keys = deque(key for key in self._keys if key != SKIPS)
        await self._begin_recording(str(name), longest, silence)
        try:
            ended_by, key = await self._end_of_recording(longest, stop_keys)
        finally:
            self._recording = None
        duration, level = await self._measured(self._asterisk.recordings / f"{name}.wav")
        return Recorded(duration, level, ended_by, key)

    async def _measured(self, recording: Path) -> tuple[timedelta, float]:
        """Of one that was broken off as it began, Asterisk tells the end before it has written the file's head."""
        deadline = asyncio.get_running_loop().time() + RECORDING_GRACE
        while True:
            try:
                return await asyncio.to_thread(measure, recording)
            except AsteriskError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(0.05)

    async def finish_recording(self, names: Sequence[UUID], *, longest: timedelta, stop_keys: str = "#") -> str:
        """See ports.Call. Asterisk holds back the last two seconds of what it records: until a recording has ended, its
        file lacks them."""
        self._check()
        ari = self._asterisk.ari
        asked = [(str(name), ari.request(operations.GET_RECORDING, recordingName=str(name))) for name in names]
        answers = await asyncio.gather(*(answer for _, answer in asked), return_exceptions=True)
        going_on = [name for (name, _), found in zip(asked, answers, strict=True) if isinstance(found, dict)]
        for name in going_on[:1]:  # a channel has one at a time
            # Whatever ended it between the answer and this has told us already, to no effect: so it is asked again.
            self._recording = name
            ari.request(operations.GET_RECORDING, recordingName=name).add_done_callback(
                partial(self._recording_looked_for, name)
            )
            try:
                _, key = await self._end_of_recording(longest, stop_keys)
            finally:
                self._recording = None
            return key
        return ""

    async def _begin_recording(self, name: str, longest: timedelta, silence: timedelta) -> None:
        self._recording = name
        self._command(
            operations.RECORD,
            channelId=self.channel,
            name=name,
            format="wav",
            maxDurationSeconds=math.ceil(longest.total_seconds()) + 1,  # whole ones; we stop it, should we live
            maxSilenceSeconds=math.ceil(silence.total_seconds()),
            ifExists="overwrite",
        )

    async def _end_of_recording(self, longest: timedelta, stop_keys: str) -> tuple[RecordingEnd, str]:
        """Wait until it has ended: by itself, by a key (which one), by the caller's hanging up."""

        def is_stopped() -> bool:
            return any(key in stop_keys for key in self._keys)

        try:
            is_in_time = await self._until(lambda: self._recording is None or is_stopped(), longest.total_seconds())
            if self._recording is not None:
                self._command(operations.STOP_RECORDING, ignore_gone=True, recordingName=self._recording)
                await self._until(lambda: self._recording is None, RECORDING_GRACE)
        except CallTakenAway:
            raise
        except CallerHungUp:
            return RecordingEnd.HANGUP, ""
        if self.ended_by == "caller":
            return RecordingEnd.HANGUP, ""  # asked for; it leaves in a moment
        if not is_stopped():
            return (RecordingEnd.SILENCE if is_in_time else RecordingEnd.LENGTH), ""
        while (key := self._keys.popleft()) not in stop_keys:
            pass
        return RecordingEnd.KEY, key

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
        if self._playback is not None and key in self._skipping:
            self._skip(key)
            return
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

    def recording_over(self, name: str, problem: str = "") -> None:
        """A recording ended (RecordingFinished), or could not be made (RecordingFailed)."""
        if name == self._recording:
            if problem:
                self._fault = AsteriskError(f"recording failed: {problem}")
            self._recording = None
            self._wake()

    def link_restored(self, *, is_up: bool) -> None:
        """Events and requests were lost while the link was down; `is_up` tells whether the channel is answered."""
        if self._answered and not is_up:
            self._command(operations.ANSWER, channelId=self.channel)
        if self._playback is not None:
            self._lost_playback, self._playback = True, None
            self._wake()
        if self._recording is not None:
            going_on = self._asterisk.ari.request(operations.GET_RECORDING, recordingName=self._recording)
            going_on.add_done_callback(partial(self._recording_looked_for, self._recording))

    def _recording_looked_for(self, name: str, answer: asyncio.Future[Any]) -> None:
        if not answer.cancelled() and isinstance(answer.exception(), LegGone):
            self.recording_over(name)  # while we were cut off

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
