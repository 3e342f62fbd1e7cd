"""What the caller of a simulated call hears: prompts, ringback and music, laid out in the call's time."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from switchboard.asterisk.hold_music import make_wav
from switchboard.asterisk.tones import tones_of
from switchboard.commands.draft import draft_folders
from switchboard.commands.preparation import make_place
from switchboard.commands.progress import ShownProgress
from switchboard.domain.dialling import WhileRinging
from switchboard.flows.configuration import Configuration
from switchboard.folders import Folders
from switchboard.ports import Utterance
from switchboard.settings import load
from switchboard.speech.render import PAUSE_SECONDS, render_missing
from switchboard.speech.sound import Samples, Sound
from switchboard.speech.wav_file import read_wav
from switchboard.testing.transcript import Happening, Line

RATE = 8000  # Hz, as on the telephone
TONE_LEVEL = 0.2  # peak: softer than speech


class CallSounds:
    """The sounds of one configuration's calls. Prompts are rendered when they are needed."""

    def __init__(self, configuration: Configuration, folders: Folders, prompts: Path) -> None:
        self._configuration = configuration
        self._folders = folders
        self._prompts = prompts
        self._music: Samples | None = None

    def render(self, utterances: Iterable[Utterance]) -> None:
        """Have these spoken, where they are not. Raises SetupError where nobody can."""
        texts = self._configuration.organisation.prompts
        with ShownProgress() as shown:
            render_missing(
                utterances,
                self._folders,
                self._prompts,
                lambda done, total, _: shown.tell(f"speaking {total} prompts", done / total),
                texts=texts,
            )

    def file_of(self, utterance: Utterance) -> Path:
        """The recording that says it."""
        name = self._configuration.organisation.recording_of(utterance.text, utterance.language)
        file = self._folders.prompts / f"{name}.wav"
        if not file.exists():
            self.render([utterance])
        return file

    def lasts(self, utterance: Utterance) -> timedelta:
        """How long it takes to say, with the breath after it."""
        with wave.open(str(self.file_of(utterance))) as sound:
            return timedelta(seconds=sound.getnframes() / sound.getframerate() + PAUSE_SECONDS)

    def of(self, line: Line) -> Samples | None:
        """What is heard from a line on, until another one ends it; None where it begins no sound."""
        if line.what is Happening.SAYS and line.utterance is not None:
            return read_wav(self.file_of(line.utterance)).samples
        if line.what is Happening.RINGS:
            if line.hearing is WhileRinging.MUSIC:
                return self._hold_music()
            return tone(tones_of(self._configuration.organisation.country).ring)
        return None

    def laid_out(self, lines: Sequence[Line]) -> Sound:
        """The whole call from its first line to its last."""
        if not lines:
            return Sound(np.zeros(0), RATE)
        began = lines[0].at
        whole: Samples = np.zeros(_samples_until(began, lines[-1].at))
        for number, line in enumerate(lines):
            samples = self.of(line)
            if samples is None:
                continue
            first, last = _samples_until(began, line.at), _samples_until(began, _end_of(lines[number:]))
            if line.what is Happening.RINGS and len(samples):
                samples = np.resize(samples, last - first)  # repeats it
            heard = samples[: last - first]
            whole[first : first + len(heard)] = heard
        return Sound(whole, RATE)

    def _hold_music(self) -> Samples:
        if self._music is None:
            with wave.open(io.BytesIO(make_wav())) as music:
                steps = np.frombuffer(music.readframes(music.getnframes()), "<i2")
            self._music = steps.astype(np.float64) / 32768
        return self._music


def call_sounds(configuration: Configuration, ivr: Path | None, prompts: Path | None) -> CallSounds:
    """The sounds of a draft. Raises SetupError where recordings can be kept nowhere."""
    _, prompts_folder = draft_folders(ivr, prompts)
    return CallSounds(configuration, make_place(load()).folders, prompts_folder)


def tone(cadence: str) -> Samples:
    """One period of a tone in Asterisk's notation: `425/1000,0/4000` is 425 Hz for a second, then four of silence."""
    pieces = []
    for part in cadence.split(","):
        frequencies, _, milliseconds = part.partition("/")
        times = np.arange(RATE * int(milliseconds or 1000) // 1000) / RATE
        hertz = [float(each) for each in frequencies.split("+") if float(each)]
        sines = [np.sin(2 * math.pi * each * times) * TONE_LEVEL / len(hertz) for each in hertz]
        pieces.append(np.sum(sines, axis=0) if sines else np.zeros(len(times)))
    period: Samples = np.concatenate(pieces)
    return period


def _end_of(lines: Sequence[Line]) -> datetime:
    """When the sound that the first line begins is over: a key alone stops nothing, being stopped is a line too."""
    return next((line.at for line in lines[1:] if line.what is not Happening.PRESSES), lines[-1].at)


def _samples_until(began: datetime, at: datetime) -> int:
    return round((at - began).total_seconds() * RATE)
