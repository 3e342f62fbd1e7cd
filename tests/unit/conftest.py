"""What tests of the flow language may use: the example organisation with some files replaced, loaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from switchboard.errors import ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from tests.flows.playing import PROMPTS, with_overlay


@dataclass(frozen=True)
class Loaded:
    """What became of a folder."""

    configuration: Configuration | None  # None: refused
    told: list[str]  # the first line of each problem, files as they are called in the folder


Load = Callable[..., Loaded]


@pytest.fixture(scope="session")
def english_prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prompts in English alone, which are read in a moment."""
    folder = tmp_path_factory.mktemp("prompts")
    (folder / "texts").mkdir()
    shutil.copy(PROMPTS / "texts" / "en.yaml", folder / "texts")
    return folder


@pytest.fixture
def load(tmp_path: Path, english_prompts: Path) -> Load:
    """Loads the example organisation with these files replaced or added; `prompts` are texts added to the English."""

    def loaded(files: dict[str, str], prompts: str = "") -> Loaded:
        ivr = with_overlay(tmp_path, files)
        folder = english_prompts
        if prompts:
            folder = tmp_path / "prompts"
            shutil.copytree(english_prompts, folder)
            with (folder / "texts" / "en.yaml").open("a", encoding="utf-8") as file:
                file.write(prompts)
        try:
            configuration = load_configuration(ivr, folder)
        except ConfigurationError as refused:
            return Loaded(None, [first_line(problem, tmp_path) for problem in refused.problems])
        return Loaded(configuration, [first_line(problem, tmp_path) for problem in configuration.warnings])

    return loaded


def first_line(problem: object, folder: Path) -> str:
    return str(problem).splitlines()[0].replace(f"{folder}/ivr/", "").replace(f"{folder}/", "")
