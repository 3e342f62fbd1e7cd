"""The folder of rendered prompts: for each content key `<key>.wav`, `<key>.wav16` and `<key>.json`.

The JSON file says who spoke it. It is written last, so a prompt is there when it is there, and it names the sizes of
the other two, so one cut short by a power failure is noticed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from switchboard.speech.voices import Voice

RATES = {"wav": 8000, "wav16": 16000}  # ending -> Hz, as Asterisk's format_wav has them
PROCESSING = 1  # raise it when sound.py makes prompts differently: all are rendered anew


class State(StrEnum):
    """Whether a prompt can be played."""

    FRESH = "fresh"
    STALE = "stale"  # playable, but a better or newer voice would speak it
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is noted beside a rendered prompt."""

    by: str  # Speaker
    version: str
    seconds: float
    level: float  # dBFS, RMS of active speech at 8 kHz
    peak: float  # dBFS
    refused: tuple[str, ...]  # names of better voices that could not speak it
    processing: int
    sizes: dict[str, int]  # ending -> bytes

    @property
    def voice(self) -> str:
        """As Voice.name."""
        return f"{self.by} {self.version}"


def read(folder: Path, key: str) -> Rendered | None:
    """What is noted of a prompt; None unless it is there whole."""
    try:
        noted: dict[str, Any] = json.loads((folder / f"{key}.json").read_bytes())
        rendered = Rendered(
            by=noted["by"],
            version=noted["version"],
            seconds=noted["seconds"],
            level=noted["level"],
            peak=noted["peak"],
            refused=tuple(noted["refused"]),
            processing=noted["processing"],
            sizes=noted["sizes"],
        )
        whole = all((folder / f"{key}.{ending}").stat().st_size == rendered.sizes[ending] for ending in RATES)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return rendered if whole else None


def state_of(rendered: Rendered | None, chain: tuple[Voice, ...]) -> State:
    """Whether the best voice of the chain that can has spoken it."""
    if rendered is None:
        return State.MISSING
    if rendered.processing != PROCESSING:
        return State.STALE
    best = next((voice.name for voice in chain if voice.name not in rendered.refused), None)
    return State.FRESH if best in (None, rendered.voice) else State.STALE
