"""What mail about messages says where the organisation has it otherwise than we do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from switchboard.domain.language import Language


class MailPart(StrEnum):
    """The two forms of one mail: a template is called `letter.<this>.j2`."""

    PLAIN = "txt"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class MailTemplates:
    """Checked when they were loaded. Nothing in them came from a caller."""

    words: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)  # in place of ours of these names
    letters: Mapping[tuple[MailPart, str], str] = field(default_factory=dict)  # by language, "" for all others

    def letter(self, part: MailPart, language: Language) -> str | None:
        """The template of a part of a mail; None: ours."""
        return self.letters.get((part, language), self.letters.get((part, "")))
