"""The machine's speaker: plays what a simulated caller hears while the script is printed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from switchboard.commands.call_sound import RATE, CallSounds
from switchboard.errors import SetupError
from switchboard.speech.sound import Sound
from switchboard.speech.wav_file import write_wav
from switchboard.testing.transcript import Happening, Line

# The first that is installed plays; each is given the file's name as the last argument.
PLAYERS = (
    ("aplay", "-q"),
    ("paplay",),
    ("pw-play",),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("play", "-q"),
)
LONGEST_RING = timedelta(minutes=5)
LONGEST_PAUSE = 5.0  # s: who listens need not wait as long as two people talk
LATE = 5.0  # s that a player may take longer than the sound lasts

_CUT_BY = (Happening.STOPPED, Happening.CALLER_HANGS_UP, Happening.PICKS_UP, Happening.NOT_REACHED)


def find_player() -> tuple[str, ...]:
    """The command that plays a file. Raises SetupError where none is installed."""
    for command in PLAYERS:
        if (program := shutil.which(command[0])) is not None:
            return (program, *command[1:])
    names = ", ".join(command[0] for command in PLAYERS[:-1])
    raise SetupError(
        f"--speak: no program that plays sound is installed; install one of {names} or {PLAYERS[-1][0]} "
        "(on Debian: `apt install alsa-utils`), or write the call into a file with --wav FILE"
    )


class Speaker(AbstractContextManager["Speaker"]):
    """Plays each line's sound in its time. A person who plays by hand may act while something is still being said."""

    def __init__(self, sounds: CallSounds, *, by_hand: bool, wait: Callable[[float], None] = time.sleep) -> None:
        self._sounds = sounds
        self._by_hand = by_hand
        self._wait = wait
        self._command = find_player()
        self._player: subprocess.Popen[bytes] | None = None
        self._last: Line | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="switchboard-sound-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def before(self, line: Line) -> None:
        """Wait until it is time for the line; stop what it stops."""
        if self._last is not None:
            self._let_pass(self._last, line)
        self._last = line

    def begin(self, line: Line) -> None:
        """Begin the sound that begins with the line."""
        samples = self._sounds.of(line)
        if samples is None:
            return
        file = Path(self._folder.name) / "ringing.wav"
        if line.utterance is not None:
            file = self._sounds.file_of(line.utterance)
        else:
            write_wav(Sound(np.resize(samples, int(LONGEST_RING.total_seconds()) * RATE), RATE), file)
        self._stop()
        command = [*self._command, str(file)]
        self._player = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def _let_pass(self, last: Line, line: Line) -> None:
        seconds = (line.at - last.at).total_seconds()
        acts = line.what in (Happening.PRESSES, Happening.SILENCE)
        if self._by_hand and acts:
            self._stop()  # they have listened for as long as they liked
        elif last.what is Happening.SAYS and line.what not in _CUT_BY and not acts:
            self._finish(seconds + LATE)
        else:
            self._wait(min(seconds, LONGEST_PAUSE))
            if line.what in _CUT_BY:
                self._stop()

    def _finish(self, seconds: float) -> None:
        if self._player is not None:
            try:
                self._player.wait(seconds)
            except subprocess.TimeoutExpired:
                self._stop()

    def _stop(self) -> None:
        if self._player is not None and self._player.poll() is None:
            self._player.terminate()
            self._player.wait()
        self._player = None
