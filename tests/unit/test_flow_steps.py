"""Every step type: its documentation example runs, its outcomes are the ones it has, its fields are those it reads."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import yaml

from switchboard.errors import ConfigurationError
from switchboard.flows.load import load_configuration
from switchboard.flows.schema import StepType
from switchboard.flows.steps import STEP_TYPES
from tests.flows.playing import OVERLAYS, PROJECT, PROMPTS, Script, play, with_overlay

PHONES = dict.fromkeys(("100", "101", "102", "110", "120", "130"), "answers after 1s, talks 5s")
VARIABLES = "variables: {wants: [order, account], tries: {number: 0..5, first: 0}}\n"  # that examples use
ALL = pytest.mark.parametrize("step_type", STEP_TYPES.values(), ids=list(STEP_TYPES))


def example_flow(step_type: StepType) -> str:
    """The example as a flow: it begins there, and every step it leads to says goodbye."""
    steps = yaml.load(step_type.example, yaml.BaseLoader)
    (name,) = steps
    ends = "".join(f"  {target}: {{end: goodbye}}\n" for target in sorted(targets(steps[name]) - {name}))
    indented = "".join(f"  {line}\n" for line in step_type.example.splitlines())
    return f"flow: main\n{VARIABLES}start: {name}\nsteps:\n{indented}{ends}"


def targets(step: dict[str, object]) -> set[str]:
    found = {step["next"]} if "next" in step else set()
    for key in ("on", "keys", "client_type"):
        if isinstance(routes := step.get(key), dict) and not ("language" in step and key == "keys"):
            found |= set(routes.values())
    for case in step.get("cases", []):
        found.add(case["next"])
    return {str(target) for target in found}


@ALL
async def test_the_example_of_the_documentation_runs(step_type: StepType, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    shutil.copytree(PROMPTS, prompts)
    (prompts / "recordings" / "en").mkdir(parents=True, exist_ok=True)
    (prompts / "recordings" / "en" / "welcome.wav").touch()
    ivr = with_overlay(tmp_path, OVERLAYS / "callback")  # has all that examples name
    (ivr / "flows/main.yaml").write_text(example_flow(step_type), "utf-8")
    configuration = load_configuration(ivr, prompts)
    played = await play(configuration, Script(phones=PHONES, does=["press 1"]))
    first = played.steps[0]
    assert first.startswith(f"main.{next(iter(yaml.safe_load(step_type.example)))} -> ")
    assert played.call.ended_by == "switchboard"
    assert played.disposition in ("served", "talked")


@ALL
def test_the_fields_are_those_of_the_dataclass(step_type: StepType) -> None:
    assert step_type.fields[0].name == step_type.name
    read = {field.attribute or field.name for field in step_type.fields} - {"arguments"}
    assert read == {field.name for field in dataclasses.fields(step_type.step)}
    assert step_type.step.__dataclass_params__.frozen


@ALL
def test_every_word_of_a_step_is_explained(step_type: StepType) -> None:
    assert step_type.purpose.endswith(".")
    assert all(field.meaning and field.kind.expected for field in step_type.fields)
    assert all(outcome.meaning for outcome in step_type.outcomes)


@ALL
def test_the_administrators_guide_tells_the_same(step_type: StepType) -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    _, _, section = guide.partition(f"\n### `{step_type.name}`\n")
    section = section.partition("\n### ")[0].partition("\n## ")[0]
    assert f"```yaml\n{step_type.example}```" in section
    assert " ".join(step_type.purpose.split()) in " ".join(section.split())
    for field in step_type.fields:
        assert f"`{field.name}`: {field.meaning}" in section
    for outcome in step_type.outcomes:
        assert f"`{outcome.name}`: {outcome.meaning}" in section


def block(heading: str) -> str:
    """The first YAML of a section of the guide."""
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    section = guide.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return section.partition("```yaml\n")[2].partition("```")[0]


def part(heading: str) -> str:
    """The first YAML of a part of a section."""
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    return guide.partition(f"\n### {heading}\n")[2].partition("```yaml\n")[2].partition("```")[0]


async def test_the_guides_flows_used_again_run(tmp_path: Path) -> None:
    files = {
        "flows/to_person.yaml": part("Flows used again"),
        "flows/main.yaml": part("For each of them"),
        "flows/shared/closing.yaml": part("Pieces shared by files"),
    }
    configuration = load_configuration(with_overlay(tmp_path, files), PROMPTS)
    played = await play(configuration, Script(phones={**PHONES, "110": "busy"}, does=["press 2"]))
    assert played.call.heard[2].text == "For Anna Ivanova, press 2."
    assert played.steps == [
        "main.menu -> 2",
        "main.to(anna) -> entered",
        "to_person(person=anna).ring -> busy",
        "to_person(person=anna).sorry -> done",
        "to_person(person=anna).not_reached -> not_reached",
        "main.reception -> answered",
        "main.bye -> ended",
    ]


async def test_the_guides_first_flow_runs(tmp_path: Path) -> None:
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": block("A flow")}), PROMPTS)
    played = await play(configuration, Script(phones=PHONES, does=["press 1 during welcome", "press 1"]))
    assert played.steps[0] == "main.greet -> done"
    assert "sales.order_line -> answered" in played.steps


def test_the_guides_hours_and_facts_load(tmp_path: Path) -> None:
    closed = "".join(f"{name}: {{open: 24/7, spoken: Always.}}\n" for name in ("finance", "logistics", "showroom"))
    told = "".join(f"{name}: {{text: Yes.}}\n" for name in ("delivery", "showroom_visits", "address", "christmas"))
    files = {"hours.yaml": block("Opening hours") + closed, "facts.yaml": block("Facts") + told}
    configuration = load_configuration(with_overlay(tmp_path, files), PROMPTS)
    assert len(configuration.hours["office"].overrides) == 2
    assert len(configuration.facts["price_list"].wordings) == 2


def test_the_guides_problem_is_what_is_told(tmp_path: Path) -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    told = guide.partition("```\nivr/")[2].partition("```")[0].strip()
    text = (PROJECT / "ivr" / "flows" / "main.yaml").read_text("utf-8").replace("say: welcome", "say: wellcome")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(with_overlay(tmp_path, {"flows/main.yaml": text}), PROMPTS)
    assert str(refused.value.problems[0]).endswith(told)
