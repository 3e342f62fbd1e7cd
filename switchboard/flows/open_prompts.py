"""Prompts that name what a flow gives them: "For {{ departments[department].name }}, press {{ key }}."

They are filled in where they are said, with the parameters of the flow and what `for each` repeats there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from switchboard.domain.language import Language
from switchboard.flows.parameters import PARAMETERS
from switchboard.flows.render import Templates
from switchboard.flows.repetition import FOR_EACH
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table
from switchboard.services.office import Speech

Sources = dict[str, dict[Language, tuple[str, Place]]]


def take_open_prompts(
    templates: Templates, sources: Sources, tables: Iterable[Table], never: Collection[str]
) -> Sources:
    """Take those prompts out of `sources` whose texts name a parameter, or a repeated value, of any flow.

    Those of `never` are said without a flow and stay.
    """
    given = {"place", "key", "position"}
    for table in tables:
        given.update(_given(table))
    return {
        identifier: sources.pop(identifier)
        for identifier, texts in list(sources.items())
        if identifier not in never and any(templates.names(text) & given for text, _ in texts.values())
    }


def open_prompt(flow: FlowReading, identifier: str, place: Place) -> Speech:
    """Such a prompt as it is said here. Problems stand where it is said if it lacks something, else in its text."""
    reading, texts = flow.reading, {}
    for language, (text, at) in flow.open_prompts[identifier].items():
        known = {*reading.data.get(language, {}), *reading.parameters}
        if missing := sorted(reading.templates.names(text) - known):
            expected = f"`{missing[0]}` as a parameter of this flow, or by `for each`"
            reading.problems.add(place, f"prompt `{identifier}` needs `{missing[0]}`", expected)
            continue
        texts[language] = reading.render(text, at, language)
    return flow.wordings.speech(texts)


def _given(flow: Table) -> Iterator[str]:
    """The names of a flow's parameters and of all that its `for each` repeat."""
    parameters = flow.get(PARAMETERS)
    if isinstance(parameters, Table):
        yield from parameters.entries
    elif parameters is not None:
        items = parameters.items if isinstance(parameters, Listing) else (parameters,)
        yield from (item.text for item in items if isinstance(item, Scalar))
    yield from _repeated(flow)


def _repeated(node: Node) -> Iterator[str]:
    if isinstance(node, Listing):
        for item in node.items:
            yield from _repeated(item)
    elif isinstance(node, Table):
        written = node.get(FOR_EACH)
        if isinstance(written, Scalar) and written.text.split():
            yield written.text.split()[0]
        for item in node.entries.values():
            yield from _repeated(item)
