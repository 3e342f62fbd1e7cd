"""An ear that costs next to nothing, for many callers at once: prompts are tones, so each moment tells which it is."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from tests import hearing
from tests.hearing import RATE, Audio
from tests.phone_call import PhoneCall

WINDOW = RATE // 20  # samples looked at at once; so long, tones 20 Hz apart are told from each other
HERTZ = RATE // WINDOW
CLEAR = 0.8  # share of the energy from which a moment is one tone
BEEP = 1000  # Hz, before recordings

# What callers hear, by prompt: Hz.
PROMPTS = {
    "safety_goodbye": 440,
    "safety_greeting": 480,
    "safety_leave_message": 520,
    "message_call_back": 560,
    "message_leave": 600,
    "message_who": 640,
    "message_too_short": 680,
    "message_time_left": 720,
    "message_review": 760,
    "message_saved": 840,
    "goodbye": 880,
    "message_no_room": 920,
    "mailbox_nobody": 960,
}
NAMES = {hertz: prompt for prompt, hertz in PROMPTS.items()} | {BEEP: "beep"}
VOICES = range(1200, 3000, 40)  # Hz, of callers


class Ear:
    """What a caller heard so far, moment by moment."""

    def __init__(self, call: PhoneCall) -> None:
        self._call = call
        self.moments: list[int] = []  # Hz, one a WINDOW; 0: nothing that is one tone

    @property
    def now(self) -> float:
        """Seconds heard so far."""
        return len(self.moments) / (RATE / WINDOW)

    def listen(self) -> list[int]:
        """What came since the last time."""
        heard, begin = self._call.heard, len(self.moments)
        new = [tone_of(heard[at : at + WINDOW]) for at in range(begin * WINDOW, len(heard) // WINDOW * WINDOW, WINDOW)]
        self.moments += new
        return new

    def told(self) -> str:
        """For a person to read: "message_leave 0.6 s, beep 0.2 s, …"."""
        said: list[tuple[str, int]] = []
        for hertz in self.moments:
            name = NAMES.get(hertz, f"{hertz} Hz" if hertz else "")
            if said and said[-1][0] == name:
                said[-1] = (name, said[-1][1] + 1)
            else:
                said.append((name, 1))
        return ", ".join(f"{name or 'silence'} {count * WINDOW / RATE:.2f} s" for name, count in said if count > 1)


def tone_of(moment: Audio) -> int:
    """The one tone that a WINDOW is, in steps of HERTZ; 0 if it is none."""
    if hearing.is_silent(moment):
        return 0
    power = np.abs(np.fft.rfft(moment * np.hanning(len(moment)))) ** 2
    peak = int(power.argmax())
    around = power[max(0, peak - 1) : peak + 2].sum()
    return peak * HERTZ if around > CLEAR * power.sum() else 0


def write_tone(path: Path, frequency: float, seconds: float) -> None:
    """A recording of a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((hearing.tone(frequency, seconds) * 32767).astype("<i2").tobytes())
