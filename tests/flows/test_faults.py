"""Faults made by hand, each a small change of the example organisation: `switchboard check` finds every one."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from switchboard.commands.check import find_problems
from switchboard.flows.problems import Problem
from tests.flows.playing import A_TUESDAY, EXAMPLE, PROMPTS

FAULTS: list[dict[str, Any]] = [
    fault
    for file in sorted((Path(__file__).parent / "faults").glob("*.yaml"))
    for fault in yaml.load(file.read_text("utf-8"), yaml.BaseLoader)
]
NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
OTHER_LANGUAGES = r"(?:lv|ru|sq|sv)"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example organisation in two of its six languages, which is read three times as fast."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "ivr")
    (folder / "prompts" / "texts").mkdir(parents=True)
    for language in ("en", "et"):
        shutil.copy(PROMPTS / "texts" / f"{language}.yaml", folder / "prompts" / "texts")
    for file in (folder / "ivr").rglob("*.yaml"):
        text = file.read_text("utf-8")
        text = re.sub(rf"(?m)^ +{OTHER_LANGUAGES}: .*\n", "", text)
        text = re.sub(rf", {OTHER_LANGUAGES}: [^,}}]*", "", text)
        text = re.sub(rf", [3-6]: {OTHER_LANGUAGES}\b", "", text)
        text = text.replace("[en, et, lv, ru, sq, sv]", "[en, et]")
        file.write_text(text, "utf-8")
    return folder


def problems_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    monkeypatch.chdir(folder)
    problems, checked = find_problems(Path("ivr"), Path("prompts"), A_TUESDAY)
    assert checked is not None, "\n".join(map(str, problems))
    return list(problems)


def test_the_example_itself_is_clean(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not problems_of(example, monkeypatch)


def test_the_whole_example_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "ivr")
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    assert not problems_of(tmp_path, monkeypatch)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["fault"].replace(" ", "_"))
def test_fault_is_found(fault: dict[str, Any], example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(example, folder)
    for name, old, new in fault.get("change", ()):
        text = (folder / name).read_text("utf-8")
        assert old in text, f"{name} has no {old!r} any more"
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    for name, text in fault.get("add", {}).items():
        (folder / name).write_text(text, "utf-8")
    problems = problems_of(folder, monkeypatch)
    place = place_of(folder, *fault["at"])
    found = [each for each in problems if each.rule == fault["rule"] and (each.place.file, each.place.line) == place]
    assert found, f"expected {fault['rule']} at {place}, found\n" + "\n".join(f"[{p.rule}] {p}" for p in problems)
    if "call" in fault:
        assert list(found[0].call) == fault["call"]


def place_of(folder: Path, name: str, text: str) -> tuple[str, int]:
    """File and line of the first place where this text begins a line, spaces apart."""
    content = (folder / name).read_text("utf-8")
    found = re.search(rf"(?m)^ *{re.escape(text)}", content)
    assert found, f"{name} has no line {text!r}"
    return name, content[: found.start()].count("\n") + 1


def test_there_are_as_many_faults_as_promised() -> None:
    assert len(FAULTS) >= 30
    assert len({fault["fault"] for fault in FAULTS}) == len(FAULTS)
