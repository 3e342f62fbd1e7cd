"""From texts to utterances: every text that may ever be said is known, in its language, when the folder is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switchboard.domain.language import Language
from switchboard.ports import Utterance
from switchboard.services.office import Speech


@dataclass(slots=True)
class Wordings:
    """Makes utterances and remembers all it made."""

    languages: tuple[Language, ...]
    made: set[Utterance] = field(default_factory=set)

    def speech(self, *texts: Mapping[Language, str]) -> Speech:
        """The texts one after the other, in every language; a missing translation is said in the default language."""
        default = self.languages[0]
        speech = {}
        for language in self.languages:
            said = tuple(
                self.utterance(text[language], language)
                if text.get(language)
                else self.utterance(text.get(default, ""), default)
                for text in texts
            )
            speech[language] = said
        return speech

    def utterance(self, text: str, language: Language) -> Utterance:
        """This text in this language."""
        utterance = Utterance(text, language)
        if text:
            self.made.add(utterance)
        return utterance
