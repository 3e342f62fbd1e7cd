"""The organisation's own recordings: `prompts/recordings/<language>/<prompt id or content key>.wav`.

`prompts/recordings.yaml` may note which text a recording says. Where it does and the text has changed since, the
recording is out of date and not used: a caller must not hear last year's opening hours in a friendly voice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from switchboard.domain.language import Language
from switchboard.domain.spoken import content_key
from switchboard.errors import ConfigurationError
from switchboard.ports import Utterance

FOLDER = "recordings"
MANIFEST = "recordings.yaml"
MANIFEST_HEAD = """\
# Which text each recording says: language -> prompt id -> text as it was recorded. `switchboard prompts accept`
# writes it. A recording whose text has changed since is not used until it is recorded anew or accepted again.

"""


Said: TypeAlias = tuple[str, Language]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that says an utterance."""

    file: Path
    fingerprint: str  # of its content


class Recordings:
    """What lies in `prompts/recordings`."""

    def __init__(self, prompts: Path) -> None:
        """Raises ConfigurationError if the manifest is not as it should be."""
        self._folder = prompts / FOLDER
        self._said = _manifest(prompts / MANIFEST)

    def file_of(self, prompt: str, language: Language) -> Path:
        """Where the recording of a prompt id belongs, whether it is there or not."""
        return self._folder / language / f"{prompt}.wav"

    def of(self, utterance: Utterance, ids: Iterable[str] = ()) -> Recording | None:
        """The recording that says this, if there is one and it is up to date; `ids` are its prompt ids."""
        for name in (*ids, content_key(utterance.text, utterance.language)):
            if Path(name).name != name or self._says_other(name, utterance):
                continue
            file = self.file_of(name, utterance.language)
            try:
                return Recording(file, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
            except OSError:
                continue
        return None

    def fingerprints(self, utterances: Iterable[Utterance], ids: Mapping[Utterance, Sequence[str]]) -> dict[Said, str]:
        """Of those that there is an up-to-date recording of, by what it says; `ids` as of `ids_of`."""
        if not self._folder.is_dir():
            return {}
        found = {utterance: self.of(utterance, ids.get(utterance, ())) for utterance in utterances}
        return {(said.text, said.language): each.fingerprint for said, each in found.items() if each is not None}

    def outdated(self, utterance: Utterance, ids: Iterable[str]) -> tuple[Path, ...]:
        """Recordings of these prompt ids that are known to say another text."""
        files = (self.file_of(prompt, utterance.language) for prompt in ids if self._says_other(prompt, utterance))
        return tuple(file for file in files if file.exists())

    def _says_other(self, prompt: str, utterance: Utterance) -> bool:
        said = self._said.get(utterance.language, {}).get(prompt)
        return said is not None and said.split() != utterance.text.split()


def accept(prompts: Path, texts: Mapping[str, Mapping[Language, str]]) -> int:
    """Note that every recording says what its text says today; returns how many there are. Raises OSError."""
    recordings = Recordings(prompts)
    said: dict[str, dict[str, str]] = {}
    for prompt, languages in sorted(texts.items()):
        for language, text in sorted(languages.items()):
            if recordings.file_of(prompt, language).exists():
                said.setdefault(str(language), {})[prompt] = text
    document = yaml.safe_dump(said, allow_unicode=True, sort_keys=True, width=110)
    (prompts / MANIFEST).write_text(f"{MANIFEST_HEAD}{document}", "utf-8")
    return sum(map(len, said.values()))


def ids_of(texts: Mapping[str, Mapping[Language, str]]) -> Mapping[Utterance, tuple[str, ...]]:
    """The prompt ids whose text this is, of `Organisation.prompts`."""
    ids: dict[Utterance, tuple[str, ...]] = {}
    for prompt, languages in texts.items():
        for language, text in languages.items():
            said = Utterance(text, language)
            ids[said] = (*ids.get(said, ()), prompt)
    return ids


def _manifest(file: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        document: Any = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError([f"{file}: cannot be read: {error}"]) from error
    if document is None:
        return {}
    languages = document.values() if isinstance(document, dict) else [None]
    if all(isinstance(said, dict) and all(isinstance(text, str) for text in said.values()) for said in languages):
        return dict(document)
    raise ConfigurationError([f"{file}: expected language -> prompt id -> the text as it was recorded"])
