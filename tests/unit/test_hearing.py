"""The ears of the tests: what they recognise, and what they don't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import hearing
from tests.hearing import RATE, Audio, find, read_wav, tone
from tests.sample_organisation import write_noise


def over_the_telephone(audio: Audio) -> Audio:
    """Mu-law and back (G.711), quieter."""
    value = np.clip(audio * 0.7, -1, 1)
    squeezed = np.round(np.sign(value) * np.log1p(255 * np.abs(value)) / np.log(256) * 127) / 127
    return (np.sign(squeezed) * (256 ** np.abs(squeezed) - 1) / 255).astype(np.float32)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    write_noise(tmp_path / "one.wav", 2.0, 1)
    return tmp_path / "one.wav"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    write_noise(tmp_path / "other.wav", 2.0, 2)
    return tmp_path / "other.wav"


def silence(seconds: float) -> Audio:
    return np.zeros(int(seconds * RATE), np.float32)


def test_a_recording_is_found_where_it_was(one: Path) -> None:
    heard = over_the_telephone(np.concatenate((tone(425, 1.3), read_wav(one), silence(1))))
    found = find(one, heard)
    assert found is not None
    assert found.at == pytest.approx(1.3, abs=0.01)
    assert found.is_whole


def test_another_recording_is_not_mistaken_for_it(one: Path, other: Path) -> None:
    heard = over_the_telephone(np.concatenate((tone(425, 1), read_wav(other), tone(440, 1), silence(1))))
    assert find(one, heard) is None
    assert find(other, heard) is not None


def test_one_that_breaks_off_is_not_whole(one: Path) -> None:
    found = find(one, np.concatenate((read_wav(one)[: int(1.25 * RATE)], silence(2))))
    assert found is not None
    assert not found.is_whole
    assert found.seconds == pytest.approx(1.25, abs=0.26)


def test_a_lost_beginning_and_dropped_packets_are_forgiven(one: Path) -> None:
    audio = read_wav(one)
    packet = RATE // 50
    dropped = np.concatenate((audio[RATE // 5 : 8000], audio[8000 + 2 * packet :]))
    found = find(one, over_the_telephone(np.concatenate((dropped, silence(1)))))
    assert found is not None
    assert found.at == pytest.approx(-0.2, abs=0.01)
    assert found.is_whole


def test_it_is_found_only_after_the_moment_asked_for(one: Path) -> None:
    heard = np.concatenate((read_wav(one), silence(0.5), read_wav(one)))
    later = find(one, heard, after=1.0)
    assert later is not None
    assert later.at == pytest.approx(2.5, abs=0.01)


def test_silence_and_tones() -> None:
    assert hearing.is_silent(silence(1))
    assert hearing.has_tone(np.concatenate((silence(1), over_the_telephone(tone(425, 0.5)))), 425)
    assert not hearing.has_tone(over_the_telephone(tone(500, 1)), 425)
    assert hearing.longest_silence(np.concatenate((tone(425, 1), silence(1.5), tone(425, 1)))) == pytest.approx(1.5)
    assert hearing.loud_share(np.concatenate((tone(425, 1), silence(1)))) == pytest.approx(0.5)
