"""Sound as numbers: from a recording or a synthesiser to a telephone prompt.

Only worker processes import this (numpy). Samples are float64 in [-1, 1]; levels are dBFS with 0 dBFS = RMS 1.0
(dBov of ITU-T G.100.1), so -20 dBFS is about -14 dBm0, the level of a clear but not loud talker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

SPEECH_LEVEL = -20.0  # dBFS, RMS of active speech
PEAK_LEVEL = -3.0  # dBFS, no sample above: room for a lossy codec's overshoot
LEAD_IN = 0.020  # s kept before the first sound: a key pressed or a jitter buffer starting must not eat a consonant
LEAD_OUT = 0.060  # s kept after the last: room for a plosive's release
FADE = 0.005  # s at both ends, so that a cut is not heard as a click
FRAME = 0.010  # s, the unit in which silence is judged
ACTIVE_BELOW_LOUD = 30.0  # dB: a frame this far below the loud ones is a pause, not speech (ITU-T P.56 has 15.9)
SILENT_BELOW_SPEECH = 42.0  # dB: a frame this far below active speech is silence and may be trimmed
LOW_CUT = 70.0  # Hz: below any voice; takes hum, rumble and DC away
PASSBAND = 0.93  # of the new Nyquist frequency; the filter's slope ends at 1.0


class NotSound(ValueError):
    """The file or the synthesiser's output is not usable sound; says why."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono sound."""

    samples: Samples
    rate: int  # Hz

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def prompt_of(sound: Sound, rate: int) -> Sound:
    """The sound as a prompt at `rate`: band-limited, levelled, trimmed, with soft ends. Raises NotSound on silence."""
    if not len(sound.samples):
        raise NotSound("silence")
    samples = _trim(_band(sound, rate), rate)
    gain = 10 ** ((SPEECH_LEVEL - active_level(samples, rate)) / 20)
    return Sound(_soft_ends(_limit(samples * gain, rate), rate), rate)


def active_level(samples: Samples, rate: int) -> float:
    """RMS level of the speech without its pauses, dBFS. Raises NotSound if there is none."""
    power = _frame_power(samples, rate)
    if not len(power) or power.max() < 1e-9:  # -90 dBFS: below one step of 16 bits
        raise NotSound("silence")
    loud = np.percentile(power[power > power.max() * 1e-5], 95)
    return 10 * math.log10(float(power[power > loud * 10 ** (-ACTIVE_BELOW_LOUD / 10)].mean()))


def peak_level(samples: Samples) -> float:
    """Highest sample, dBFS."""
    return 20 * math.log10(max(float(np.abs(samples).max(initial=0)), 1e-6))


def _frame_power(samples: Samples, rate: int) -> Samples:
    size = max(1, round(FRAME * rate))
    padded = np.pad(samples, (0, -len(samples) % size))
    power: Samples = np.square(padded.reshape(-1, size)).mean(axis=1)
    return power


def _band(sound: Sound, rate: int) -> Samples:
    """Resample by cutting or extending the spectrum: exact, no aliases, any ratio.

    Padding makes both lengths whole and keeps the transform's wrap-around in silence. Raised-cosine slopes instead
    of brick walls keep the ringing short.
    """
    ratio = Fraction(rate, sound.rate)
    pad = round(0.1 * sound.rate)
    padded = np.pad(sound.samples - sound.samples.mean(), (pad, pad))
    # A length of small factors: the transform is slow where it has a large prime in it.
    unit = ratio.denominator << max(0, (len(padded) // ratio.denominator).bit_length() - 8)
    padded = np.pad(padded, (0, -len(padded) % unit))
    length = len(padded) * ratio.numerator // ratio.denominator
    spectrum = np.fft.rfft(padded)
    hertz: Samples = np.fft.rfftfreq(len(padded), 1 / sound.rate).astype(np.float64)
    nyquist = min(rate, sound.rate) / 2
    spectrum *= _slope(hertz, LOW_CUT / 2, LOW_CUT) * (1 - _slope(hertz, nyquist * PASSBAND, nyquist))
    bins = np.zeros(length // 2 + 1, spectrum.dtype)
    kept = min(len(bins), len(spectrum))
    bins[:kept] = spectrum[:kept]
    samples: Samples = np.fft.irfft(bins, length) * (length / len(padded))
    return samples


def _slope(hertz: Samples, low: float, high: float) -> Samples:
    """0 below `low`, 1 above `high`, half a cosine between."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((hertz - low) / (high - low), 0, 1))


def _trim(samples: Samples, rate: int) -> Samples:
    """Cut silence at both ends, leaving LEAD_IN and LEAD_OUT."""
    threshold = 10 ** ((active_level(samples, rate) - SILENT_BELOW_SPEECH) / 10)
    heard = np.flatnonzero(_frame_power(samples, rate) > threshold)
    size = max(1, round(FRAME * rate))
    first = int(heard[0]) * size - round(LEAD_IN * rate)
    last = (int(heard[-1]) + 1) * size + round(LEAD_OUT * rate)
    return np.pad(samples[max(0, first) : last], (max(0, -first), max(0, last - len(samples))))


def _limit(samples: Samples, rate: int) -> Samples:
    """Hold peaks under PEAK_LEVEL by turning the volume down around them, smoothly (look-ahead limiter)."""
    ceiling = 10 ** (PEAK_LEVEL / 20)
    if np.abs(samples).max() <= ceiling:
        return samples
    half = round(0.005 * rate)
    loudest = _running_maximum(np.pad(np.abs(samples), 2 * half), 2 * half + 1)
    gain = np.minimum(1, ceiling / np.maximum(loudest, 1e-9))
    # Each gain in the mean covers the sample in the middle, so the mean can't exceed what that sample allows.
    sums = np.concatenate([np.zeros(1), np.cumsum(gain)])
    smooth: Samples = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
    return samples * smooth


def _running_maximum(samples: Samples, size: int) -> Samples:
    """Of every stretch of `size` samples, in steps that double."""
    covered = 1
    while covered < size:
        step = min(covered, size - covered)
        samples = np.maximum(samples[:-step], samples[step:])
        covered += step
    return samples


def _soft_ends(samples: Samples, rate: int) -> Samples:
    size = min(round(FADE * rate), len(samples) // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(size) / max(1, size))
    samples = samples.copy()
    samples[:size] *= ramp
    samples[len(samples) - size :] *= ramp[::-1]
    return samples
