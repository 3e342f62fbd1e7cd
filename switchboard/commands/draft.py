"""The configuration that a command is to look at: a draft's folder, or the one that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchboard.flows.configuration import Configuration


def draft_folders(ivr: Path | None, prompts: Path | None) -> tuple[Path, Path]:
    """The configuration folder and the prompts' folder: as given, else as the settings have them.

    The prompts of a given folder are those beside it, if there are any: a draft is a copy of both.
    """
    if ivr is not None and prompts is None and (beside := ivr.absolute().parent / "prompts").is_dir():
        return ivr, beside
    if ivr is not None and prompts is not None:
        return ivr, prompts
    from switchboard.settings import load

    settings = load()
    return ivr or settings.ivr, prompts or settings.prompts


def load_draft(ivr: Path | None, prompts: Path | None) -> Configuration:
    """The configuration in these folders. Raises ConfigurationError with every problem, or SettingsError."""
    from switchboard.flows.load import load_configuration

    return load_configuration(*draft_folders(ivr, prompts))
