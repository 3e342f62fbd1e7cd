"""The JSON Schema of the YAML files takes what is right, refuses common mistakes, and no more than the loader does."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from switchboard.__main__ import app
from switchboard.errors import ConfigurationError
from switchboard.flows.folder_names import names_of
from switchboard.flows.json_schema_files import FILES
from switchboard.flows.json_types import Names
from switchboard.flows.load import load_configuration
from switchboard.flows.schema import StepType
from switchboard.flows.source import Listing, Node, Problems, Scalar, read_yaml
from switchboard.flows.steps import STEP_TYPES
from tests.flows.playing import EXAMPLE, OVERLAYS, PROJECT, PROMPTS, with_overlay

WITHOUT_NAMES = Names()
_NUMBER = re.compile(r"[-+]?[0-9]+")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@cache
def validator(name: str, *, with_names: bool = True) -> Draft7Validator:
    names = names_of(EXAMPLE, PROMPTS) if with_names else WITHOUT_NAMES
    return Draft7Validator(FILES[name].make(names))


def schema_for(path: Path) -> str:
    return {"flows": "flow", "shared": "piece", "texts": "texts"}.get(path.parent.name, path.stem)


def as_editors_see(node: Node) -> Any:
    """A file's values by YAML 1.2's core schema, keys as texts: what the YAML language server validates."""
    if isinstance(node, Listing):
        return [as_editors_see(item) for item in node.items]
    if not isinstance(node, Scalar):
        return {key: as_editors_see(value) for key, value in node.entries.items()}
    if not node.is_plain:
        return node.text
    if node.text in ("", "~", "null", "Null", "NULL"):
        return None
    if node.text.lower() in ("true", "false") and node.text in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return node.text.lower() == "true"
    if _NUMBER.fullmatch(node.text):
        return int(node.text)
    return float(node.text) if _FRACTION.fullmatch(node.text) else node.text


def told(name: str, data: object, *, with_names: bool = True) -> list[str]:
    return [
        f"{error.json_path}: {error.message[:200]}"
        for error in validator(name, with_names=with_names).iter_errors(data)
    ]


def read(path: Path) -> Any:
    problems = Problems()
    table = read_yaml(path, path.name, problems)
    assert not problems
    return as_editors_see(table)


@pytest.mark.parametrize("name", FILES)
def test_every_schema_is_a_schema(name: str) -> None:
    for with_names in (True, False):
        Draft7Validator.check_schema(dict(validator(name, with_names=with_names).schema))


RIGHT = sorted([*EXAMPLE.rglob("*.yaml"), *(PROMPTS / "texts").glob("*.yaml"), *OVERLAYS.rglob("*.yaml")])


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_is_right_is_taken(path: Path) -> None:
    data = read(path)
    assert not told(schema_for(path), data, with_names=path.is_relative_to(EXAMPLE))
    assert not told(schema_for(path), data, with_names=False)


@pytest.mark.parametrize("step_type", STEP_TYPES.values(), ids=list(STEP_TYPES))
def test_the_examples_of_the_guide_are_taken(step_type: StepType, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(step_type.example, "utf-8")
    flow = {"flow": "main", "start": "a", "steps": read(tmp_path / "example.yaml")}
    assert not told("flow", flow)


@pytest.mark.parametrize("step_type", STEP_TYPES.values(), ids=list(STEP_TYPES))
def test_a_step_is_told_as_its_module_has_it(step_type: StepType) -> None:
    definitions = validator("flow").schema["definitions"]
    assert definitions["step"]["properties"][step_type.name]["description"] == step_type.purpose
    step = definitions[f"step-{step_type.name}"]
    for field in step_type.fields:
        assert field.meaning in step["properties"][field.name]["description"]
    if step_type.outcomes:
        on = step["properties"]["on"]
        assert {name: line["description"] for name, line in on["properties"].items()} == {
            outcome.name: outcome.meaning for outcome in step_type.outcomes
        }
        assert set(on.get("required", [])) == {
            outcome.name for outcome in step_type.outcomes if not (outcome.default or outcome.like)
        }
    assert step["additionalProperties"] is False


def test_the_folders_names_are_offered() -> None:
    names = names_of(EXAMPLE, PROMPTS)
    assert names.people == ("liis", "mari", "jaan", "anna", "peeter", "rasmus", "eva", "ilze")
    assert names.phones == ("100", "101", "102", "104", "105", "110", "120", "121", "130")
    assert names.languages == ("en", "et", "lv", "ru", "sq", "sv")
    assert names.results["department"] == ("not_reached", "served")
    assert "welcome" in names.prompts
    assert set(names.flows) == {"main", "sales", "department", "information", "people", "mailbox", "appointments"}
    text = json.dumps(FILES["flow"].make(names))
    assert all(f'"{name}"' in text for name in (*names.prompts, *names.people, *names.hours, *names.facts))


def test_names_of_a_folder_that_is_being_edited(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {"people.yaml": "people: {mari: {name", "flows/main.yaml": "flow: main\nsteps: [a\n"})
    names = names_of(ivr, tmp_path / "nothing")
    assert names.people == names.prompts == ()
    assert names.hours == ("office", "finance", "logistics", "showroom")


def a(step: str) -> tuple[str, str]:
    return "flows/main.yaml", f"flow: main\nstart: a\nsteps:\n  a: {step}\n"


def edited(name: str, old: str, new: str) -> tuple[str, str]:
    text = (EXAMPLE / name).read_text("utf-8")
    assert old in text
    return name, text.replace(old, new, 1)


MISTAKES = [
    a("{sya: welcome, next: a}"),
    a("{say: welcome, play: welcome, next: a}"),
    a("{say: welcome}"),
    a("{say: wellcome, next: a}"),
    a("{say: welcome, next: a, loud: yes}"),
    a("{say: welcome, barge_in: perhaps, next: a}"),
    a("{say: welcome, next: [a]}"),
    a("{say: welcome, next: a, on: {done: a}}"),
    a("{say: {fi: Hei}, next: a}"),
    a("{say: {et: Tere}, next: a}"),
    a("{say: [], next: a}"),
    a("welcome"),
    a("[say, welcome]"),
    a("{hours: office, on: {open: a, closed: a}}"),
    a("{hours: office, on: {open: a, closed: a, hollyday: a}}"),
    a("{hours: office, next: a}"),
    a("{hours: office}"),
    a("{hours: offices, on: {open: a, closed: a, holiday: a}}"),
    a("{menu: main_menu, on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {}, on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {12: a}, on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {'*': a}, on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {1: a}, timeout: 5, on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {1: a}, timeout: 5 s., on: {no_input: a, no_match: a}}"),
    a("{menu: main_menu, keys: {1: a}, attempts: 11, on: {no_input: a, no_match: a}}"),
    a("{language: language_menu, keys: {1: fi}, on: {chosen: a, no_input: a, no_match: a}}"),
    a("{ring: maria, on: {answered: a, busy: a, no_answer: a, declined: a, unavailable: a, failed: a}}"),
    a("{ring: {person: maria}, on: {answered: a, busy: a, no_answer: a, declined: a, unavailable: a, failed: a}}"),
    a("{ring: {person: mari, phone: '100'}, on: {answered: a, busy: a, no_answer: a, declined: a, unavailable: a}}"),
    a("{info: prise_list, on: {told: a, nothing: a}}"),
    a("{info: {hour: office}, on: {told: a, nothing: a}}"),
    a("{subflow: informations, on: {back: a}}"),
    a("{subflow: information, on: {back: a}}"),
    a("{goto: {flow: sale}}"),
    a("{goto: a, next: a}"),
    a("{end: goodbye, on: {done: a}}"),
    a("{return: so so}"),
    a("{switch: caller, cases: [], on: {otherwise: a}}"),
    a("{switch: caller, cases: [{next: a}], on: {otherwise: a}}"),
    a("{switch: caller, cases: [{is: x}], on: {otherwise: a}}"),
    a("{switch: time, cases: [{from: 8am, next: a}], on: {otherwise: a}}"),
    ("flows/main.yaml", "flow: main\nsteps: {a: {end: goodbye}}\n"),
    ("flows/main.yaml", "flow: main\nstart: a\nstep: {a: {end: goodbye}}\n"),
    ("flows/main.yaml", "flow: main\nstart: a\nsteps: {a b: {end: goodbye}}\n"),
    edited("organisation.yaml", "timezone: Europe/Tallinn", "timezone: Europe/Talinn"),
    edited("organisation.yaml", "sv]", "fi]"),
    edited("organisation.yaml", 'reception: "100"', 'reception: "109"'),
    edited("organisation.yaml", "flow: main", "flow: mian"),
    edited("organisation.yaml", "greeting: safety_greeting", "greeting: safety"),
    edited("organisation.yaml", "ring_for: 20s", "ring_for: 20"),
    edited("organisation.yaml", "country: EE ", ""),
    edited("people.yaml", "head: mari", "head: mary"),
    edited("people.yaml", "head: mari", "haed: mari"),
    edited("people.yaml", '"130": Showroom', '"1x0": Showroom'),
    edited("people.yaml", "deputy: jaan", "deputy: jan"),
    edited("people.yaml", 'phone: "110"', 'phone: "110", mobile: "5550123"'),
    edited("people.yaml", "from: 2026-07-06", "from: 6.7.2026"),
    edited("people.yaml", "arrears: finance", "arrears: finances"),
    edited("people.yaml", "[asked, head, deputies]", "[asked, boss]"),
    edited("people.yaml", "[asked, head, deputies]", "asked"),
    edited("people.yaml", "new_clients: sales", "new_client: sales"),
    edited("hours.yaml", "because: half", "reason: half"),
    edited("hours.yaml", "- on: 02-23", "- on: 23.2."),
    edited("hours.yaml", "  spoken:", "  said:"),
    edited("facts.yaml", "from: 2026-01-01", "from: 1.1.2026"),
    edited("facts.yaml", "    text:\n", "    texts:\n"),
]


@pytest.mark.parametrize(("name", "text"), MISTAKES, ids=[text[-70:].replace("\n", " ") for _, text in MISTAKES])
def test_a_mistake_is_seen_while_typing_and_refused_by_the_loader(name: str, text: str, tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {name: text})
    assert told(schema_for(ivr / name), read(ivr / name))
    with pytest.raises(ConfigurationError):
        load_configuration(ivr, PROMPTS)


def spots(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value below a node."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*way, key)
        yield from spots(node[key], (*way, key))


def changed(data: Any, chance: random.Random) -> Any:
    """One thing changed somewhere: left out, misspelt, taken from elsewhere, or of another form."""
    data = copy.deepcopy(data)
    ways = list(spots(data))
    *way, key = chance.choice(ways)
    parent = data
    for each in way:
        parent = parent[each]
    value = parent[key]
    elsewhere: Any = data
    for each in chance.choice(ways):
        elsewhere = elsewhere[each]
    forms: list[Callable[[], Any]] = [
        lambda: copy.deepcopy(elsewhere),
        lambda: [value],
        lambda: {"en": value},
        lambda: None,
        lambda: "",
        lambda: f"{value}x" if isinstance(value, str) else "x",
        lambda: chance.choice(["5s", "no", "12", "{{ organisation.name }}", "2026-02-03", "welcome", "a b"]),
    ]
    what = chance.randrange(len(forms) + 2)
    if what < len(forms):
        parent[key] = forms[what]()
    elif isinstance(parent, list) or what == len(forms):
        del parent[key]
    else:
        parent[chance.choice([f"{key}x", str(chance.choice(ways)[-1])])] = parent.pop(key)
    return data


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.thorough)])
def test_what_the_schema_refuses_the_loader_refuses(count: int, tmp_path: Path) -> None:
    """On single changes of the example. The other way round it need not: the loader knows more."""
    chance = random.Random(20261122 + count)
    ivr = with_overlay(tmp_path, {})
    files = sorted(ivr.rglob("*.yaml"))
    taken = []
    for _ in range(count):
        path = chance.choice(files)
        before = path.read_text("utf-8")
        data = changed(yaml.load(before, yaml.BaseLoader), chance)
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
        if errors := told(schema_for(path), as_editors_see(read_yaml(path, path.name, Problems()))):
            with contextlib.suppress(ConfigurationError):
                load_configuration(ivr, PROMPTS)
                taken.append(f"{path.name}: {errors}")
        path.write_text(before, "utf-8")
    assert not taken


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["schema", *arguments])


def test_the_command_prints_a_schema() -> None:
    result = run("flow", "--for", str(EXAMPLE))
    assert result.exit_code == 0
    assert json.loads(result.stdout) == FILES["flow"].make(names_of(EXAMPLE, PROMPTS))
    assert set(json.loads(run().stdout)) == set(FILES)


def test_the_command_writes_schemas_and_what_to_tell_the_editor(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    result = run("-o", str(folder), "--for", str(EXAMPLE))
    assert result.exit_code == 0
    assert {path.stem for path in folder.iterdir()} == set(FILES)
    told = json.loads("{" + result.stdout.replace(",\n}", "\n}") + "}")["yaml.schemas"]
    assert {Path(path).name for path in told} == {f"{name}.json" for name in FILES}
    assert all(list(PROJECT.glob(pattern)) for pattern in told.values())


def test_the_command_refuses_what_it_does_not_know() -> None:
    result = run("flows")
    assert result.exit_code == 2
    assert (
        "there are organisation, people, hours, screening, rota, appointments, facts, flow, piece, texts"
        in result.output
    )
