"""Pieces of JSON Schema that the YAML files are described with, for editors.

Draft-07: what the YAML language server, on which VS Code, Vim, Neovim, Emacs and Eclipse stand, understands in every
version. Values are described as an editor sees them, by YAML 1.2: `3` is a number, `yes` a text, `true` a truth value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
IDENTIFIER = "^[A-Za-z][A-Za-z0-9_]*$"
STEP_NAME = r"^_?[A-Za-z][A-Za-z0-9_]*(\([^()]*\))?$"  # `to(sales)` is the copy of a repeated step
TEMPLATE: Schema = {"type": "string", "pattern": r"\{[{%#]", "description": "a value that `{{ … }}` fills in"}
TEXT: Schema = {"type": ["string", "number", "boolean"]}
DAY: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a configuration folder defines. An empty tuple: not known, so that any will do."""

    prompts: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    rotas: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # the default first
    client_classes: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()  # those that appointments.yaml names; people can be booked, too
    event_types: tuple[str, ...] = ()
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by flow: what it hands back

    def one_of(self, what: str) -> Schema:
        """One of the names of a kind: `names.one_of("people")`."""
        known: tuple[str, ...] = getattr(self, what)
        return words(known) if known else or_template({"type": ["string", "integer"]})


def words(known: Iterable[str]) -> Schema:
    """One of a few words, or a template. Digits may stand without quotes."""
    listed: list[str | int] = list(known)
    listed += [int(word) for word in listed if isinstance(word, str) and word.isascii() and word.isdigit()]
    return or_template({"enum": listed})


def or_template(schema: Schema) -> Schema:
    """The value, or a template that makes it."""
    return {"anyOf": [schema, TEMPLATE]}


def described(schema: Schema, description: str) -> Schema:
    """The schema with what an editor shows beside it."""
    return {**schema, "description": description}


def one_or_several(schema: Schema) -> Schema:
    """A value, or a list of them."""
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def table(
    properties: Mapping[str, Schema],
    *,
    required: Iterable[str] = (),
    patterns: Mapping[str, Schema] | None = None,
    description: str = "",
) -> Schema:
    """A table of these keys and no others."""
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if needed := list(required):
        schema["required"] = needed
    if patterns:
        schema["patternProperties"] = dict(patterns)
    return described(schema, description) if description else schema


def entries(schema: Schema, *, key: str = IDENTIFIER, known: Iterable[str] = (), least: int = 0) -> Schema:
    """A table of names that the administrator chooses; the `known` ones are offered."""
    made = table(dict.fromkeys(known, schema), patterns={key: schema})
    return {**made, "minProperties": least} if least else made


def duration(expected: str, units: str = "sm") -> Schema:
    """`5s`, `2m`; `24h` with the unit `h`."""
    pattern = rf"^\s*0*[1-9][0-9]*\s*[{units}]\s*$"
    return or_template({"type": "string", "pattern": pattern, "description": expected, "examples": ["5s", "20s", "2m"]})


def whole_number(least: int, most: int) -> Schema:
    """A whole number, in quotes or not."""
    written = {"type": "string", "pattern": "^[0-9]{1,9}$"}
    return or_template({"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, written]})


def yes_or_no() -> Schema:
    """`yes` or `no`, and what else means that."""
    other = "^([Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"
    return or_template({"anyOf": [{"enum": ["yes", "no"]}, {"type": "boolean"}, {"type": "string", "pattern": other}]})


def step_name(description: str = "the name of a step of this flow") -> Schema:
    """Where something leads."""
    return {"type": "string", "pattern": STEP_NAME, "description": description}


def texts(names: Names) -> Schema:
    """A text per language, the default language's among them."""
    from switchboard.domain.language import NAMES

    languages = names.languages or tuple(NAMES)
    properties = {language: described(TEXT, NAMES.get(language, language)) for language in languages}  # type: ignore[call-overload]
    made = table(properties, required=names.languages[:1])
    return {**made, "minProperties": 1}


def text_or_texts(names: Names) -> Schema:
    """A text in the default language, or one per language."""
    return {"anyOf": [TEXT, texts(names)]}


def repetition() -> dict[str, Schema]:
    """The lines of a `for each`."""
    chosen = one_or_several({"type": ["string", "integer"]})
    return {
        "for each": {
            "type": "string",
            "pattern": r"^\s*(\S+\s+in\s+\S|key\s*$)",
            "description": "once for each: `department in departments`, people, numbers, phones, languages, or a list",
            "examples": ["department in departments", "person in people"],
        },
        "except": described(chosen, "those it is not repeated for"),
        "only": described(chosen, "those alone that it is repeated for, in this order"),
    }


def spoken(names: Names) -> Schema:
    """What is said: a prompt, a text per language, or several of both."""
    prompt, written = names.one_of("prompts"), texts(names)
    for_each = table({**repetition(), "say": {}}, required=("for each", "say"))
    part = {"anyOf": [prompt, written, for_each]}
    return {"anyOf": [prompt, written, for_each, {"type": "array", "items": part, "minItems": 1}]}
