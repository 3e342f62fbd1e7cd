"""A small organisation for tests, made in Python, and recordings that are told apart by ear (of a correlator)."""

from __future__ import annotations

import hashlib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from switchboard.domain.dialling import Phone
from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.organisation import Department, Number, Organisation, Person, SafetyNet, Trunk
from switchboard.domain.spoken import content_key
from tests.hearing import RATE

RECEPTION = Phone("100", "Reception")
MARI = Phone("101", "Mari Tamm")
TEXTS = {
    "greeting": "You have reached the sample organisation.",
    "leave_message": "Nobody can take your call. Please leave a message after the tone.",
    "goodbye": "Thank you. Goodbye.",
    "outside_not_allowed": "This number cannot be called from this phone.",
    "no_emergency_line": "There is no line for emergency calls here. Use another phone.",
}


@dataclass(frozen=True, slots=True)
class SampleConfiguration:
    """What rendering asks of a configuration."""

    organisation: Organisation


def sample_organisation(
    *, ring_seconds: int = 3, message_seconds: int = 20, trunks: tuple[Trunk, ...] = ()
) -> Organisation:
    """Two numbers, two phones, no trunk unless given."""
    safety_net = SafetyNet("greeting", "leave_message", "goodbye", RECEPTION, ring_seconds, message_seconds)
    return Organisation(
        name="Sample",
        timezone="Europe/Tallinn",
        country="EE",
        languages=(ENGLISH, Language("et")),
        numbers={
            "6001000": Number("6001000", "Main", "main", ENGLISH, safety_net),
            "+3726002000": Number("+3726002000", "Sales", "sales", ENGLISH, safety_net),
        },
        departments={"sales": Department("sales", {ENGLISH: "sales"}, "mari")},
        people={"mari": Person("mari", "Mari Tamm", "sales", MARI)},
        phones={"100": RECEPTION, "101": MARI},
        reception=RECEPTION,
        emergency_numbers=("112",),
        prompts={name: {ENGLISH: text} for name, text in TEXTS.items()},
        trunks=trunks,
    )


def recording(folder: Path, prompt: str) -> Path:
    """Where the sample recording of a prompt (a key of TEXTS) is."""
    return folder / f"{content_key(TEXTS[prompt], ENGLISH)}.wav"


def make_recordings(folder: Path, seconds: float = 1.6) -> None:
    """A recording for each prompt: noise that swells like speech, another for every text."""
    folder.mkdir(parents=True, exist_ok=True)
    for prompt, text in TEXTS.items():
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        write_noise(recording(folder, prompt), seconds, seed)


def write_noise(path: Path, seconds: float, seed: int) -> None:
    """A WAV file of noise in the band a telephone carries."""
    random = np.random.default_rng(seed)
    size = int(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(size))
    bins = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(bins < 300) | (bins > 3000)] = 0
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * np.arange(size) / RATE + seed)
    samples = np.fft.irfft(spectrum, size) * swell
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples / np.abs(samples).max() * 12000).astype("<i2").tobytes())
