"""Writes down what is heard in a call, word by word: recordings recognised in the audio that arrived at the phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from tests import hearing
from tests.demo_screen import PhoneLine
from tests.hearing import RATE, Audio, Heard
from tests.phones import PhoneCall

LISTEN_EVERY = 0.3  # seconds
NEWEST = 1.0  # seconds of audio in which a recording's beginning is looked for
CERTAIN_AFTER = 1.7  # seconds of a recording that tell it from another that begins alike
BROKEN_OFF_AFTER = 0.9  # seconds in which a recording did not go on
RINGBACK = 425.0  # Hz, as in Estonia


class Ear:
    """Listens to one call. `recordings` are by what they say; `now` gives the seconds since the demo's begin."""

    def __init__(
        self,
        call: PhoneCall,
        who: str,
        recordings: Mapping[str, Path],
        lines: list[PhoneLine],
        now: Callable[[], float],
    ) -> None:
        self._call, self._who, self._recordings, self._lines, self._now = call, who, recordings, lines, now
        self._origin = 0.0  # of what was heard, on the demo's clock
        self._line: PhoneLine | None = None
        self._text = ""
        self._at = -1.0  # of the last recording recognised, in what was heard
        self._is_ringing = False

    async def listen(self) -> None:
        """Until the call has ended and all of it was looked at."""
        while True:
            is_last = self._call.is_ended
            if self._call.now:
                self._origin = self._now() - self._call.now
                await self._look(self._call.heard, is_last=is_last)
            if is_last:
                return
            await asyncio.sleep(LISTEN_EVERY)

    async def _look(self, heard: Audio, *, is_last: bool) -> None:
        now = len(heard) / RATE
        found = await asyncio.to_thread(self._newest, heard, now if is_last else now - CERTAIN_AFTER)
        if found is not None:
            self._finish()
            self._text, place = found
            self._at, self._is_ringing = place.at, False
            self._line = self._add("")
        if self._line is not None:
            self._follow(heard, now)
        elif not self._is_ringing and hearing.has_tone(heard[-RATE:], RINGBACK):
            self._is_ringing = True
            self._at = now - 1.0
            self._add("ringing").is_done = True
        if is_last:
            self._finish()

    def _newest(self, heard: Audio, latest: float) -> tuple[str, Heard] | None:
        """The next recording that began, not later than that."""
        begin = max(self._at + 1.0, len(heard) / RATE - NEWEST - CERTAIN_AFTER, 0.0)
        window = heard[int(begin * RATE) :]
        found = []
        for text, recording in self._recordings.items():
            place = hearing.find(recording, window)
            if place is not None and place.at + begin <= latest:
                found.append((text, Heard(max(0.0, place.at + begin), place.seconds, place.whole)))
        if not found:
            return None
        first = min(place.at for _, place in found)
        return max((each for each in found if each[1].at < first + 0.4), key=lambda each: each[1].seconds)

    def _follow(self, heard: Audio, now: float) -> None:
        """Write as many words as were heard by now."""
        assert self._line is not None
        place = hearing.find(self._recordings[self._text], heard[max(0, int((self._at - 0.1) * RATE)) :])
        if place is None:
            return
        self._line.what = f"“{words(self._text, place.seconds / place.whole)}”"
        if place.is_whole:
            self._line.what = f"“{self._text}”"
        if place.is_whole or now > self._at + place.seconds + BROKEN_OFF_AFTER:
            self._finish()

    def _add(self, what: str) -> PhoneLine:
        line = PhoneLine(self._origin + self._at, self._who, "hears", what)
        self._lines.append(line)
        return line

    def _finish(self) -> None:
        if self._line is not None:
            self._line.is_done, self._line = True, None


def words(text: str, share: float) -> str:
    """The first words of a text of which that share was said."""
    said = text[: round(len(text) * min(1.0, share))]
    return said if len(said) >= len(text) else said.rpartition(" ")[0] + " …"
