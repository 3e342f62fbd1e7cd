"""Rules that no YAML can break, or only together, on steps put together by hand; limits; the guide's table of rules."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from switchboard.domain.language import ENGLISH
from switchboard.errors import ConfigurationError
from switchboard.flows.check_limits import RULES
from switchboard.flows.checks import check, examine
from switchboard.flows.configuration import Configuration, Flow, Left, Step
from switchboard.flows.load import load_configuration
from switchboard.flows.problems import Problem, Severity
from switchboard.flows.steps.end import END, End
from switchboard.flows.steps.menu import MENU, Menu
from switchboard.ports import Utterance
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS, with_overlay

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
NOTHING = {ENGLISH: (Utterance("", ENGLISH),)}
GOODBYE = {ENGLISH: (Utterance("Goodbye.", ENGLISH),)}


@pytest.fixture(scope="module")
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


def found(example: Configuration, steps: Mapping[str, tuple[Any, Any, Mapping[str, str]]]) -> dict[str, Problem]:
    """What is found where the main number has these steps, the first of them first: by rule and step."""
    old = example.flows["main"]
    model = old.steps["greet"]
    made = {
        name: Step(
            name, kind.name, fields, kind.run, kind.waits, routes, "", 7 + at, replace(model.place, line=100 + at)
        )
        for at, (name, (kind, fields, routes)) in enumerate(steps.items())
    }
    own = {name: step for name, step in old.steps.items() if name.startswith("_")}
    flows = {**example.flows, "main": Flow("main", next(iter(made)), {**made, **own})}
    problems = check(replace(example, flows=flows), now=NOW)
    return {problem.rule: problem for problem in problems if problem.place.line >= 100}


def menu(timeout: int, speech: Any, attempts: int = 1) -> Menu:
    return Menu(speech, {"1": "bye"}, timedelta(seconds=timeout), attempts)


ROUTES = {"1": "bye", "0": "_reception", "no_input": "bye", "no_match": "bye"}
BYE = (END, End(GOODBYE), {})


def test_a_call_that_ends_without_a_word(example: Configuration) -> None:
    problem = found(example, {"mute": (END, End(NOTHING), {})})["silent-end"]
    assert problem.severity is Severity.ERROR
    assert problem.place.line == 100


def test_a_step_that_fails(example: Configuration) -> None:
    async def run(fields: object, conversation: object) -> Left:
        raise KeyError("x")

    broken = replace(END, run=run)
    assert found(example, {"broken": (broken, None, {})})["step-fails"].text == "step `broken` fails: KeyError: 'x'"


def test_silence_adds_up_over_steps(example: Configuration) -> None:
    first = (MENU, menu(6, GOODBYE), {**ROUTES, "no_input": "second"})
    assert "silence" not in found(example, {"first": first, "second": (MENU, menu(6, GOODBYE), ROUTES), "bye": BYE})
    problem = found(example, {"first": first, "second": (MENU, menu(6, NOTHING), ROUTES), "bye": BYE})["silence"]
    assert problem.text == "in step `second` there is nothing to hear for 12 s"
    assert problem.place.line == 101
    assert problem.call.count("presses nothing") == 2


def test_a_way_without_circles_that_is_longer_than_a_call_may_be(example: Configuration) -> None:
    def chain(length: int) -> dict[str, Any]:
        menus = {f"m{n}": (MENU, menu(5, GOODBYE, 3), {**ROUTES, "no_input": f"m{n + 1}"}) for n in range(length)}
        return {**menus, f"m{length}": BYE, "bye": BYE}

    assert "too-many-steps" not in found(example, chain(66))  # 66 x 3 + 1
    problem = found(example, chain(67))["too-many-steps"]
    assert "may go through 202 steps and repetitions" in problem.text
    assert problem.place.line == 100


def test_recordings_in_one_language_only(example: Configuration, tmp_path: Path) -> None:
    for language in ("en", "et"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "welcome.wav").touch()
    problems = examine(example, now=NOW, recordings=tmp_path).problems
    (problem,) = [problem for problem in problems if problem.rule == "recording-missing"]
    assert problem.text.startswith("prompt `welcome` is recorded in ")
    assert problem.place.file.endswith("texts/en.yaml")


def test_limits_are_read_and_refused(tmp_path: Path) -> None:
    limits = "checks:\n  silence: 4s\n  keys_to_a_human: 12\n  allow:\n    - {rule: silense, at: main.menu}\n#"
    shutil.copytree(PROMPTS / "texts", tmp_path / "prompts" / "texts")
    organisation = (EXAMPLE / "organisation.yaml").read_text("utf-8")
    assert "\nchecks:" in organisation
    ivr = with_overlay(tmp_path, {"organisation.yaml": organisation.replace("checks:", limits)})
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(ivr, tmp_path / "prompts")
    told = "\n".join(map(str, refused.value.problems))
    assert "`12` is no number here — expected a whole number from 1 to 9" in told
    assert "exception lacks `because`" in told
    assert "did you mean `silence`?" in told


def test_the_guide_has_every_rule() -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8").partition("`switchboard check` proves")[2]
    assert sorted(re.findall(r"(?m)^\| `([a-z-]+)` \|", guide)) == sorted(RULES)
