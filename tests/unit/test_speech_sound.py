"""Any sound made into a telephone prompt: levels, ends, band, formats."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from switchboard.speech.sound import (
    LEAD_IN,
    LEAD_OUT,
    PEAK_LEVEL,
    SPEECH_LEVEL,
    NotSound,
    Sound,
    active_level,
    peak_level,
    prompt_of,
)
from switchboard.speech.wav_file import read_wav, write_wav


def tone(hertz: float, seconds: float, rate: int, level: float = 0.1) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def syllables(rate: int, level: float = 0.1) -> np.ndarray:
    """Half a second of silence, three bursts with short pauses, a second of silence."""
    gap = np.zeros(round(0.1 * rate))
    burst = tone(400, 0.3, rate, level)
    return np.concatenate([np.zeros(rate // 2), burst, gap, burst, gap, burst, np.zeros(rate)])


def write(path: Path, samples: np.ndarray, rate: int, width: int, channels: int) -> Path:
    """A WAV with the samples in each channel."""
    full = 2 ** (8 * width - 1)
    steps = np.round(samples * (full - 1)).astype(np.int64)
    if width == 1:
        data = (steps + 128).astype("u1").reshape(-1, 1)
    else:
        data = steps.astype("<i8").view("u1").reshape(-1, 8)[:, :width]
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(np.tile(data[:, np.newaxis], (1, channels, 1)).astype("u1").tobytes())
    return path


def strength(samples: np.ndarray, rate: int, hertz: float) -> float:
    """How much of a frequency is in it, as the amplitude of a sine."""
    angle = 2 * np.pi * hertz * np.arange(len(samples)) / rate
    return 2 * float(np.abs(np.dot(samples * np.hanning(len(samples)), np.exp(-1j * angle)))) / (len(samples) / 2)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_any_pcm_wav_becomes_the_same_prompt(tmp_path: Path, rate: int, width: int, channels: int) -> None:
    file = write(tmp_path / "own.wav", syllables(rate), rate, width, channels)
    prompt = prompt_of(read_wav(file), 8000)
    assert prompt.rate == 8000
    assert prompt.seconds == pytest.approx(1.1 + LEAD_IN + LEAD_OUT, abs=0.03)
    assert strength(prompt.samples[800:2000], 8000, 400) == pytest.approx(10 ** (SPEECH_LEVEL / 20) * 2**0.5, rel=0.1)


@pytest.mark.parametrize("level", [0.001, 0.05, 0.9])
def test_quiet_and_loud_speakers_come_out_alike(level: float) -> None:
    prompt = prompt_of(Sound(syllables(22050, level), 22050), 8000)
    assert active_level(prompt.samples, 8000) == pytest.approx(SPEECH_LEVEL, abs=0.3)


def test_peaks_stay_below_the_limit_without_harm_to_the_rest() -> None:
    speech = syllables(16000)
    speech[12000:12016] = 0.99  # 1 ms, 20 dB above the rest
    prompt = prompt_of(Sound(speech, 16000), 16000)
    assert peak_level(prompt.samples) <= PEAK_LEVEL + 0.01
    assert active_level(prompt.samples, 16000) == pytest.approx(SPEECH_LEVEL, abs=1)


def test_prompt_begins_and_ends_in_silence_but_not_for_long() -> None:
    prompt = prompt_of(Sound(syllables(22050), 22050), 8000)
    heard = np.flatnonzero(np.abs(prompt.samples) > 0.01)
    assert prompt.samples[0] == prompt.samples[-1] == 0
    assert 0.01 <= heard[0] / 8000 <= 0.06
    assert 0.01 <= (len(prompt.samples) - heard[-1]) / 8000 <= 0.09


def test_cut_in_the_middle_of_a_sound_makes_no_click() -> None:
    prompt = prompt_of(Sound(tone(400, 1, 8000), 8000), 8000)
    step = np.abs(np.diff(prompt.samples)).max()
    assert step <= 0.15 * 2 * np.pi * 400 / 8000 * 1.3  # no steeper than the tone itself


def test_dc_and_hum_are_removed() -> None:
    hummed = syllables(22050) + 0.2 + np.pad(tone(30, 2.5, 22050, 0.05), (0, 22050))[: len(syllables(22050))]
    prompt = prompt_of(Sound(hummed, 22050), 8000)
    assert abs(prompt.samples.mean()) < 1e-3
    assert strength(prompt.samples, 8000, 30) < 0.002


def test_nothing_above_the_new_band_folds_back_into_it() -> None:
    speech = syllables(22050)
    hiss = tone(5200, len(speech) / 22050, 22050, 0.1)  # would be heard as 2800 Hz
    prompt = prompt_of(Sound(speech + hiss, 22050), 8000)
    assert strength(prompt.samples, 8000, 2800) < 1e-3


def test_wide_prompt_keeps_what_the_narrow_one_loses() -> None:
    speech = syllables(22050)
    speech += tone(5200, len(speech) / 22050, 22050, 0.05) * (np.abs(speech) > 0)
    prompt = prompt_of(Sound(speech, 22050), 16000)
    assert strength(prompt.samples, 16000, 5200) > 0.02


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(8000), np.full(8000, 0.5)])
def test_silence_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(NotSound):
        prompt_of(Sound(samples, 8000), 8000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x04 an mp3", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(20)])
def test_what_is_no_wav_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "own.wav"
    file.write_bytes(content)
    with pytest.raises(NotSound):
        read_wav(file)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("kind", "code"), [(1, "<i4"), (3, "<f4"), (3, "<f8")])
def test_studio_forms_are_read(tmp_path: Path, kind: int, code: str, extensible: bool) -> None:
    samples = tone(400, 0.5, 48000)
    data = (samples * (2**31 - 1 if kind == 1 else 1)).astype(code).tobytes()
    width = np.dtype(code).itemsize
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, 1, 48000, 48000 * width, width, 8 * width)
    if extensible:
        form += struct.pack("<HHIH14s", 22, 8 * width, 4, kind, bytes.fromhex("000000001000800000aa00389b71"))
    chunks = b"LIST\x03\0\0\0abc\0" + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    file = tmp_path / "own.wav"
    file.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    sound = read_wav(file)
    assert sound.rate == 48000
    assert np.abs(sound.samples - samples).max() < 1e-6


def test_compressed_wav_is_refused_with_advice(tmp_path: Path) -> None:
    form = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 136, b"WAVE", b"fmt ", 16, 7, 1, 8000, 8000, 1, 8, b"data", 100)
    (tmp_path / "own.wav").write_bytes(form + bytes(100))
    with pytest.raises(NotSound, match="PCM"):
        read_wav(tmp_path / "own.wav")


def test_wav_is_read_back_as_written_and_leaves_nothing_beside(tmp_path: Path) -> None:
    samples = tone(400, 0.2, 16000)
    size = write_wav(Sound(samples, 16000), tmp_path / "key.wav16")
    back = read_wav(tmp_path / "key.wav16")
    assert back.rate == 16000
    assert np.abs(back.samples - samples).max() < 1e-4
    assert [file.name for file in tmp_path.iterdir()] == ["key.wav16"]
    assert (tmp_path / "key.wav16").stat().st_size == size
