"""The flow language as JSON Schema, generated from the step types: what an editor completes and checks while typing.

A schema sees one file. It knows step types, fields, outcomes, forms of values, and with `Names` what the folder's
other files define; it does not know whether a step that something leads to exists, or what only `load` can tell. What
it refuses `load` refuses too.
"""

from __future__ import annotations

from switchboard.flows.json_kinds import kind_schema
from switchboard.flows.json_types import (
    DRAFT,
    IDENTIFIER,
    TEXT,
    Names,
    Schema,
    described,
    entries,
    one_or_several,
    repetition,
    step_name,
    table,
)
from switchboard.flows.parameters import TYPES
from switchboard.flows.schema import REQUIRED, StepType
from switchboard.flows.steps import STEP_TYPES


def flow_schema(names: Names) -> Schema:
    """The schema of flows/*.yaml."""
    properties = {
        "flow": {"type": "string", "description": "the flow's name, as the file is called"},
        "start": step_name("the step it begins with"),
        **_sections(),
    }
    return {
        "$schema": DRAFT,
        "title": "A flow",
        **table(properties),
        **required_unless_included("flow", "start", "steps"),
        "definitions": _step_definitions(names),
    }


def piece_schema(names: Names) -> Schema:
    """The schema of what flows share: any part of a flow, for `include:`."""
    return {
        "$schema": DRAFT,
        "title": "A piece of flows",
        **table({"start": step_name("the step it begins with"), **_sections()}),
        "definitions": _step_definitions(names),
    }


def _sections() -> dict[str, Schema]:
    return {
        "parameters": _parameters(),
        "variables": _variables(),
        "steps": described(entries({"$ref": "#/definitions/step"}), "the steps, by name"),
        "include": included(),
    }


def included() -> Schema:
    """`include:` of any file."""
    return described(one_or_several({"type": "string"}), "files of this folder whose lines count as if they stood here")


def required_unless_included(*keys: str) -> Schema:
    """Keys that must stand in a file, unless a file that it includes may bring them."""
    return {"if": {"not": {"required": ["include"]}}, "then": {"required": list(keys)}}


def _parameters() -> Schema:
    named = {"type": "string", "pattern": IDENTIFIER}
    kinds = {"enum": list(TYPES), "description": "; ".join(f"{name}: {kind.meaning}" for name, kind in TYPES.items())}
    declared = {"anyOf": [kinds, table({"type": kinds, "default": {}}, required=("type",))]}
    several = {"type": "array", "items": named}
    return described({"anyOf": [several, named, entries(declared)]}, "values that a `subflow` gives by `with:`")


def _variables() -> Schema:
    word_list = {"type": "array", "items": {"type": "string", "pattern": IDENTIFIER}, "minItems": 1}
    kind = {"enum": ["text", "yes_no", "time", "date"]}
    first = described(TEXT, "what it holds when a call begins")
    numbers = {"type": "string", "pattern": r"^\s*-?[0-9]+\s*\.\.\s*-?[0-9]+\s*$", "description": "such as `0..5`"}
    declared = table({"one_of": word_list, "number": numbers, "type": kind, "first": first})
    declared["oneOf"] = [{"required": [way]} for way in ("one_of", "number", "type")]
    about = "what a `set` notes and a `switch` looks at later in the call, each with its type"
    return described(entries({"anyOf": [word_list, kind, declared]}), about)


def _step_definitions(names: Names) -> dict[str, Schema]:
    steps = {f"step-{step_type.name}": _step(step_type, names) for step_type in STEP_TYPES.values()}
    choices = [{"if": {"required": [name]}, "then": {"$ref": f"#/definitions/step-{name}"}} for name in STEP_TYPES]
    step = {
        "type": "object",
        "description": "a step of one type",
        "properties": {name: {"description": step_type.purpose} for name, step_type in STEP_TYPES.items()},
        "oneOf": [{"required": [name]} for name in STEP_TYPES],
        "allOf": choices,
    }
    return {"step": step, **steps}


def _step(step_type: StepType, names: Names) -> Schema:
    properties: dict[str, Schema] = {}
    for each in step_type.fields:
        meaning = f"{each.meaning}: {each.kind.expected}"
        properties[each.name] = described(kind_schema(each.kind, names), meaning)
    required = [each.name for each in step_type.fields if each.default is REQUIRED]
    if step_type.name not in required:
        required.insert(0, step_type.name)
    routes, ways = _routes(step_type, names)
    return {**table({**properties, **routes, **repetition()}, required=required, description=step_type.purpose), **ways}


def _routes(step_type: StepType, names: Names) -> tuple[dict[str, Schema], Schema]:
    """The lines `on` and `next` as far as a step type has them, and which of them must stand."""
    next_line = step_name("where it leads")
    if step_type.has_results:
        on_line = table({}, patterns={IDENTIFIER: step_name()}, description="where each word handed back leads")
        known = [_results(step_type, flow, names) for flow in names.results]
        return {"on": on_line, "next": next_line}, {"allOf": known} if known else {}
    if not step_type.outcomes:
        return {}, {}
    needed = [outcome.name for outcome in step_type.outcomes if not (outcome.default or outcome.like)]
    outcomes = {outcome.name: step_name(outcome.meaning) for outcome in step_type.outcomes}
    on_line = table(outcomes, required=needed, description="where each outcome leads")
    if len(needed) == 1:
        return {"on": on_line, "next": next_line}, _one_of_both()
    return {"on": on_line}, {"allOf": [{"required": ["on"]}]} if needed else {}


def _one_of_both() -> Schema:
    ways = [("on", "next"), ("next", "on")]
    return {"oneOf": [{"required": [way], "not": {"required": [other]}} for way, other in ways]}


def _results(step_type: StepType, flow: str, names: Names) -> Schema:
    """The outcomes of a step that goes through a certain flow."""
    results = names.results[flow]
    on_line = table(dict.fromkeys(results, step_name()), required=results)
    ways: Schema = {"properties": {"on": on_line}}
    if len(results) == 1:
        ways |= _one_of_both()
    elif results:
        ways |= {"required": ["on"], "not": {"required": ["next"]}}
    return {"if": {"properties": {step_type.name: {"const": flow}}}, "then": ways}
