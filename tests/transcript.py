"""What a caller was told, recognised in the audio that arrived at the phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import hearing
from tests.hearing import Audio

_TOGETHER = 0.6  # seconds within which two recordings that begin alike are one: the one that goes on longer


@dataclass(frozen=True, slots=True)
class Told:
    """One recording that was heard."""

    name: str
    at: float  # seconds into what was heard
    seconds: float  # until it ended or was broken off
    whole: float  # its own length

    def __str__(self) -> str:
        part = "" if self.whole - self.seconds < 0.5 else f", {self.seconds:.1f} of {self.whole:.1f} s"
        return f"{self.name} (at {self.at:.1f}{part})"


def told(heard: Audio, recordings: Mapping[str, Path], *, after: float = 0.0) -> list[Told]:
    """Which of the recordings (by name) were heard from `after` on, in order; their second occurrences, too."""
    found = []
    for name, recording in recordings.items():
        begin = after
        while (place := hearing.find(recording, heard, after=begin)) is not None:
            found.append(Told(name, place.at, place.seconds, place.whole))
            begin = max(place.at, begin) + max(place.seconds, 1.0)
    found.sort(key=lambda each: (each.at, -each.seconds))
    distinct: list[Told] = []
    for each in found:
        if distinct and each.at - distinct[-1].at < _TOGETHER:
            distinct[-1] = max(distinct[-1], each, key=lambda one: one.seconds)
        else:
            distinct.append(each)
    return distinct
