"""`switchboard check`: what it prints, its exit statuses, and what it gives to editors."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from switchboard.__main__ import app
from tests.flows.playing import A_TUESDAY, EXAMPLE, PROMPTS


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the example organisation in English alone, so that it is read in a moment and warnings abound."""
    shutil.copytree(EXAMPLE, tmp_path / "ivr")
    (tmp_path / "prompts" / "texts").mkdir(parents=True)
    shutil.copy(PROMPTS / "texts" / "en.yaml", tmp_path / "prompts" / "texts")
    return tmp_path / "ivr"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_the_last_line_sums_up() -> None:
    result = run(EXAMPLE, "--prompts", PROMPTS, "--at", A_TUESDAY)
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert "steps in " in line
    assert re.search(r" time cells, \d{2,3} kinds of callers, ", line)
    assert ": 0 errors, 0 warnings (" in line


def test_warnings_fail_only_if_strict(draft: Path) -> None:
    result = run(draft, "--at", A_TUESDAY)
    assert result.exit_code == 0
    assert "warning: prompt `welcome` is missing in " in result.stdout
    assert "[prompt-missing]" in result.stdout
    assert run(draft, "--at", A_TUESDAY, "--strict").exit_code == 1


def test_an_error_is_told_with_its_line_and_the_call_that_shows_it(draft: Path) -> None:
    edit(draft / "flows" / "main.yaml", "no_input: reception", "no_input: greet")
    result = run(draft, "--at", A_TUESDAY)
    assert result.exit_code == 1
    assert "main.yaml:7:3: a caller who presses nothing goes in a circle without end" in result.stdout
    assert "presses nothing, 3 times" in result.stdout
    assert "switchboard simulate" in result.stdout
    assert ": 2 errors, " in result.stdout


def test_what_cannot_be_loaded_is_told_the_same_way(draft: Path) -> None:
    edit(draft / "flows" / "main.yaml", "{open: menu, closed: closed,", "{open: menus, closed: closed,")
    result = run(draft)
    assert result.exit_code == 1
    assert "no step `menus` in this flow" in result.stdout
    assert "1 error, 0 warnings; what calls would do is looked at once the folder can be read" in result.stdout
    told = json.loads(run(draft, "--json").stdout)
    assert told["explored"] is None
    (problem,) = told["problems"]
    assert (problem["line"], problem["rule"], problem["severity"]) == (7, "language", "error")


def test_editors_get_json(draft: Path) -> None:
    edit(draft / "flows" / "main.yaml", "no_input: reception", "no_input: greet")
    result = run(draft, "--at", A_TUESDAY, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    problem, *_ = [problem for problem in told["problems"] if problem["severity"] == "error"]
    assert problem["rule"] == "unbounded-loop"
    assert problem["file"].endswith("main.yaml")
    assert problem["call"][-1].startswith("switchboard simulate")
    assert set(told["explored"]) == {"steps", "flows", "cells", "callers", "states", "seconds"}


def test_a_time_that_is_none_is_a_wrong_argument(draft: Path) -> None:
    result = run(draft, "--at", "whenever")
    assert result.exit_code == 2
    assert "--at whenever: no time" in result.stderr


def test_what_asterisk_cannot_be_told_is_an_error(draft: Path) -> None:
    edit(draft / "organisation.yaml", '["112"]', '["110"]')
    result = run(draft, "--at", A_TUESDAY)
    assert result.exit_code == 1
    assert "emergency number 110: is also phone 110" in result.stdout
    assert "[safety-net]" in result.stdout
