"""Which file says an utterance, and for how long: looked up in memory on a call's path."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from switchboard.domain.language import Language
from switchboard.domain.spoken import BEEP, PAUSE, content_key
from switchboard.ports import RecordingRef, Utterance

UNKNOWN_LENGTH = 30.0  # seconds we wait for a file whose length we could not read

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Media:
    """A playable file."""

    uri: str  # as ARI's `media` wants it
    seconds: float
    is_readable: bool = True


class PromptStore:
    """Media of all utterances of a configuration. Making one reads the head of every file.

    `recorded` are the fingerprints of the organisation's own recordings, as Organisation has them.
    """

    def __init__(
        self, folder: Path, utterances: Iterable[Utterance], recorded: Mapping[tuple[str, Language], str] | None = None
    ) -> None:
        self._folder = folder
        self._recorded = recorded or {}
        self._media = {utterance: self._read(utterance) for utterance in utterances}
        self._pause = self._read_file(folder / PAUSE)
        self.beep = self._read_file(folder / BEEP)

    @property
    def unreadable(self) -> list[Utterance]:
        """Utterances whose file was not there, or no sound, when it was looked at."""
        return [utterance for utterance, media in self._media.items() if not media.is_readable]

    def media_of(self, said: Sequence[Utterance | RecordingRef]) -> list[Media]:
        """The files that say it, with a breath between two."""
        media: list[Media] = []
        for each in said:
            if media:
                media.append(self._pause)
            media.append(self._of(each) if isinstance(each, Utterance) else _recorded(each))
        return media

    def _of(self, utterance: Utterance) -> Media:
        """One not known beforehand is looked up, and logged."""
        media = self._media.get(utterance)
        if media is None:
            log.warning("prompt_not_foreseen", text=utterance.text[:60], language=utterance.language)
            media = self._media[utterance] = self._read(utterance)
        return media

    def _read(self, utterance: Utterance) -> Media:
        own = self._recorded.get((utterance.text, utterance.language), "")
        return self._read_file(self._folder / content_key(utterance.text, utterance.language, own))

    def _read_file(self, path: Path) -> Media:
        try:
            with wave.open(f"{path}.wav") as audio:
                seconds = audio.getnframes() / audio.getframerate()
        except (OSError, EOFError, wave.Error) as error:
            log.warning("prompt_unreadable", file=f"{path}.wav", error=str(error))
            return Media(f"sound:{path}", UNKNOWN_LENGTH, is_readable=False)
        return Media(f"sound:{path}", seconds)


def _recorded(recording: RecordingRef) -> Media:
    return Media(f"recording:{recording.file}", UNKNOWN_LENGTH)
