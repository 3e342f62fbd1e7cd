"""What was heard: levels, tones, and which recording, in 8 kHz audio that came over a telephone line.

Audio is a numpy array of float32 between -1 and 1 at RATE. Everything here is pure; tests/phones.py records.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000  # Hz
Audio = NDArray[np.float32]

_SAME = (
    0.55  # correlation from which a stretch is the same recording: mu-law and lost packets leave > 0.9, others < 0.35
)
_SEARCH = 1.0  # seconds of a recording's beginning that are looked for
_LATE = 0.3  # seconds of a recording's beginning that may be missing where listening began
_STRETCH = 0.25  # seconds compared at once when following a recording
_SLIP = 0.06  # seconds a stretch may have moved (jitter buffers add and drop packets)
_SILENT = 0.004  # RMS below which nothing is said (-48 dB)


def read_wav(path: Path) -> Audio:
    """A mono 16 bit WAV file, resampled plainly to RATE when it has a multiple of it."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1 or file.getframerate() % RATE:
            raise ValueError(f"{path}: not a 16 bit mono WAV of a multiple of {RATE} Hz")
        step = file.getframerate() // RATE
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float32) / 32768
    return samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1).astype(np.float32)


def tone(frequency: float, seconds: float, level: float = 0.3) -> Audio:
    """A sine tone of `frequency` Hz with peak `level`."""
    return (level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def level(audio: Audio) -> float:
    """RMS, 0 to 1; 0 for nothing."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if len(audio) else 0.0


def is_silent(audio: Audio) -> bool:
    """Whether a person would hear nothing."""
    return level(audio) < _SILENT


def tone_share(audio: Audio, frequency: float, width: float = 20.0) -> float:
    """The part (0 to 1) of the audio's energy that lies within `width` Hz of `frequency`; 0 for silence."""
    if len(audio) < RATE // 20 or is_silent(audio):
        return 0.0
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    bins = np.fft.rfftfreq(len(audio), 1 / RATE)
    return float(spectrum[np.abs(bins - frequency) <= width].sum() / spectrum.sum())


def has_tone(audio: Audio, frequency: float, seconds: float = 0.3) -> bool:
    """Whether somewhere for `seconds` the tone alone is heard."""
    window = int(seconds * RATE)
    starts = range(0, len(audio) - window + 1, window // 3)
    return any(tone_share(audio[start : start + window], frequency) > 0.8 for start in starts)


def loud_share(audio: Audio, window: float = 0.1) -> float:
    """The part (0 to 1) of the time in which something is heard."""
    size = int(window * RATE)
    frames = audio[: len(audio) // size * size].reshape(-1, size)
    return float(np.mean([not is_silent(frame) for frame in frames])) if len(frames) else 0.0


def longest_silence(audio: Audio, window: float = 0.1) -> float:
    """Seconds of the longest stretch in which nothing is heard: how long a caller thinks the line is dead."""
    size = int(window * RATE)
    longest = current = 0
    for start in range(0, len(audio) - size + 1, size):
        current = current + 1 if is_silent(audio[start : start + size]) else 0
        longest = max(longest, current)
    return round(longest * window, 3)


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording found in what was heard."""

    at: float  # seconds from the beginning of what was heard
    seconds: float  # how much of the recording was heard before it broke off
    whole: float  # the recording's own length in seconds

    @property
    def is_whole(self) -> bool:
        """Whether it was heard to its end (up to half a second)."""
        return self.whole - self.seconds < 0.5


def find(recording: Path, heard: Audio, *, after: float = 0.0) -> Heard | None:
    """Where the recording (a WAV file) begins in what was heard, `after` seconds or later; None if not heard.

    By cross-correlation of its first second, then followed stretch by stretch, so that a recording that breaks off
    is told from one heard to its end, and two recordings that begin alike from each other by `Heard.seconds`.
    """
    sample, lead = _voiced(recording)
    begin = int(after * RATE)
    edge = int(_LATE * RATE)  # audio that is not up yet may have cost the very beginning
    place = _match(sample[: int(_SEARCH * RATE)], np.concatenate((np.zeros(edge, np.float32), heard[begin:])))
    if place is None:
        return None
    start = begin + place - edge
    return Heard((start - lead) / RATE, _follow(sample, heard, start), len(sample) / RATE)


@lru_cache(maxsize=256)
def _voiced(recording: Path) -> tuple[Audio, int]:
    """The recording without silence at its ends, and the samples cut at its beginning."""
    sample = read_wav(recording)
    loud = np.flatnonzero(np.abs(sample) > _SILENT * 2)
    if not len(loud):
        raise ValueError(f"{recording}: silent")
    return sample[loud[0] : loud[-1] + 1], int(loud[0])


def _correlation(sample: Audio, heard: Audio) -> NDArray[np.float64]:
    """Normalised correlation (-1 to 1) of the sample with every place of `heard` that it fits in."""
    size, count = len(sample), len(heard) - len(sample) + 1
    width = -(-(len(heard) + size) // RATE) * RATE  # whole seconds: a size with small factors is quick to transform
    product = np.fft.irfft(np.fft.rfft(heard, width) * np.conj(np.fft.rfft(sample, width)), width)[:count]
    energy = np.concatenate(([0.0], np.cumsum(np.square(heard, dtype=np.float64))))
    local = energy[size:] - energy[:-size]
    floor = size * _SILENT**2 / 4  # what is silent resembles nothing
    return np.asarray(product / np.sqrt(np.maximum(local, floor) * np.sum(np.square(sample, dtype=np.float64))))


def _match(sample: Audio, heard: Audio) -> int | None:
    if len(heard) < len(sample):
        return None
    scores = _correlation(sample, heard)
    good = np.flatnonzero(scores > _SAME)
    if not len(good):
        return None
    first = int(good[0])
    return first + int(np.argmax(scores[first : first + RATE // 20]))  # the peak right after the first good place


def _follow(sample: Audio, heard: Audio, place: int) -> float:
    """Seconds of the sample heard from `place` on."""
    size, slip = int(_STRETCH * RATE), int(_SLIP * RATE)
    offset, good, misses = place, 0, 0
    for start in range(0, len(sample) - size + 1, size):
        stretch = sample[start : start + size]
        if is_silent(stretch):
            continue  # a pause proves nothing
        first = max(0, offset + start - slip)
        around = heard[first : max(0, offset + start + size + slip)]
        scores = _correlation(stretch, around) if len(around) >= size else np.zeros(1)
        if scores.max() > _SAME:
            offset, good, misses = first + int(scores.argmax()) - start, start + size, 0
        else:
            misses += 1
        if misses == 3:
            break
    return good / RATE
