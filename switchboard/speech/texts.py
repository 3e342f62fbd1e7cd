"""`prompts/texts/<language>.yaml` as plain data: prompt id -> text per language.

The flow language reads and checks these texts with line numbers (flows/); this is for whoever only wants to know
which id a text has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from switchboard.domain.language import Language
from switchboard.errors import ConfigurationError

FOLDER = "texts"


def read_texts(prompts: Path) -> Mapping[str, Mapping[Language, str]]:
    """All texts under the prompts folder; none if there is no such folder. Raises ConfigurationError."""
    texts: dict[str, dict[Language, str]] = {}
    for file in sorted((prompts / FOLDER).glob("*.yaml")):
        try:
            document: Any = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError([f"{file}: cannot be read: {error}"]) from error
        if document is not None and not isinstance(document, dict):
            raise ConfigurationError([f"{file}: expected prompt id: text"])
        for prompt, text in (document or {}).items():
            if not isinstance(prompt, str) or not isinstance(text, str):
                raise ConfigurationError([f"{file}: {prompt}: expected a text"])
            texts.setdefault(prompt, {})[Language(file.stem)] = text
    return texts
