"""A step in a few words, for a picture: what is said, who is rung, what is asked. A new step type needs none here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

from switchboard.domain.dialling import Phone
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import NAMES
from switchboard.flows.cases import Case
from switchboard.flows.configuration import Configuration, Step
from switchboard.flows.telling import FactTelling, HoursTelling

LONGEST_QUOTE = 70  # characters
SIDE_ISSUES = ("barge_in", "hearing", "attempts", "timeout", "saying")  # fields that a picture leaves out


def gist_of(step: Step, configuration: Configuration) -> tuple[str, ...]:
    """A line or a few; nothing where the step's name says it all."""
    match step.type:
        case "ring":
            phone, length = step.fields.phone, step.fields.timeout
            return (f"{phone.extension} {phone.name}, for {_length(length)}",)
        case "ring_group":
            names = ", ".join(member.name for member in step.fields.members)
            return (f"{names}, for {_length(step.fields.in_all)}, {step.fields.strategy.replace('_', ' ')}",)
        case "queue":
            return (f"waits in line: {step.fields.queue.queue.id}",)
        case "menu":
            return (f"{_said(step.fields.speech, configuration)}", _asked(step))
        case "language":
            return (", ".join(f"{key} {NAMES[language]}" for key, language in step.fields.keys.items()), _asked(step))
        case "hours":
            return (f"{step.fields.table.id}: {step.fields.table.hours}",)
        case "switch":
            return (f"looks at {step.fields.subject}",) if step.fields.subject else ("looks at conditions",)
        case "goto" if step.fields.to[0]:
            return (f"goes on with flow {flow_told(step.fields.to[0])}",)
        case "goto":
            return ()
        case "subflow":
            return (f"through flow {flow_told(step.fields.flow)} and back",)
        case "return":
            return (f"hands back {step.fields.result or 'returned'}",)
        case _:
            return tuple(_any_gist(step.fields, configuration))


def flow_told(flow: str) -> str:
    """A flow's id for people: `department (logistics)` of `department(department=logistics)`."""
    name, _, _ = flow.partition("(")
    values = values_told(flow)
    return f"{name} ({values})" if values else name


def values_told(flow: str) -> str:
    """The values in a flow's id: `logistics`; several with their names: `a=1, b=2`."""
    inside = flow.partition("(")[2].removesuffix(")")
    return inside.partition("=")[2] if inside.count("=") == 1 else inside


def outcome_told(step: Step, outcome: str, configuration: Configuration, *, alone: bool) -> str:
    """An outcome as an arrow's label; "" where the step has no other, and nothing is decided."""
    if alone and outcome in ("done", "ended"):
        return ""
    keys = getattr(step.fields, "keys", None)
    if step.type == "menu" and isinstance(keys, Mapping) and (outcome in keys or outcome == "0"):
        return f"key {outcome}"
    if step.type == "switch" and outcome.startswith("case "):
        case = step.fields.cases[int(outcome.removeprefix("case ")) - 1]
        return _case(case) or outcome
    return outcome.replace("_", " ")


def quoted(text: str) -> str:
    """The beginning of what is said."""
    words = " ".join(text.split())
    if len(words) > LONGEST_QUOTE:
        words = words[:LONGEST_QUOTE].rsplit(" ", 1)[0].rstrip(",.;:") + " …"
    return f"“{words}”"


def _case(case: Case) -> str:
    parts = []
    if case.equals:
        parts.append(" or ".join(sorted(each or "withheld" for each in case.equals)))
    if case.starts:
        parts.append(" or ".join(f"{each}…" for each in case.starts))
    if case.first or case.last:
        until = "to" if case.includes_last else "until"
        parts.append(f"{case.first} {until} {case.last}".strip())
    if case.written:
        parts.append(case.written)
    return " and ".join(parts)


def _asked(step: Step) -> str:
    attempts = step.fields.attempts
    return f"waits {_length(step.fields.timeout)}, asks {attempts} time{'s' if attempts > 1 else ''}"


def _any_gist(value: Any, configuration: Configuration) -> Iterator[str]:
    """What the fields of any step hold, in the words of those that say something."""
    if not is_dataclass(value):
        return
    for each in fields(value):
        held = getattr(value, each.name)
        if each.name in SIDE_ISSUES:
            continue
        if isinstance(held, Phone):
            yield f"{held.extension} {held.name}"
        elif isinstance(held, HoursTable):
            yield held.id
        elif isinstance(held, FactTelling):
            wordings = [each.texts for each in held.fact.wordings[:1]]
            yield from (quoted(texts[configuration.organisation.default_language]) for texts in wordings)
        elif isinstance(held, HoursTelling):
            yield f"the hours {held.table.id}"
        elif isinstance(held, Mapping) and set(held) == set(configuration.organisation.languages):
            yield _said(held, configuration)
        elif isinstance(held, Mapping):
            yield ", ".join(f"{name} = {_plain(noted)}" for name, noted in held.items())
        elif isinstance(held, str) and held:
            yield held


def _plain(value: Any) -> str:
    inner = getattr(value, "value", value)
    return "…" if inner is None else str(inner)


def _said(speech: Mapping[Any, Any], configuration: Configuration) -> str:
    utterances = speech.get(configuration.organisation.default_language, ())
    return quoted(" ".join(utterance.text for utterance in utterances))


def _length(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"
