"""What a step type is made of: fields that are read, outcomes that are routed, a purpose and an example."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.domain.rota import Rota
from switchboard.flows.configuration import Left
from switchboard.flows.reading import Reading
from switchboard.flows.source import Node, Place, Table
from switchboard.flows.speech_texts import Wordings
from switchboard.flows.telling import Tellings
from switchboard.flows.variables import Variables
from switchboard.services.office import Speech

OpenPrompts = Mapping[str, Mapping[Language, tuple[str, Place]]]  # by id: as written, filled in where they are said

REQUIRED: Any = object()  # a field without a default

RECEPTION_STEP = "_reception"  # where key 0 leads unless a flow says otherwise
GOODBYE_STEP = "_goodbye"
UNAVAILABLE_STEP = "_unavailable"


class Kind(Protocol):
    """What a field can hold."""

    @property
    def expected(self) -> str:
        """In an administrator's words."""

    def read(self, flow: FlowReading, node: Node, place: Place) -> Any:
        """The value; a stand-in where there is a problem, which is noted."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a step. The first field of a step type is named like the type."""

    name: str
    kind: Kind
    meaning: str
    default: Any = REQUIRED
    attribute: str = ""  # of the step's dataclass, where it is not `name`


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way a step can be left."""

    name: str
    meaning: str
    default: str = ""  # the step it leads to where `on:` does not say
    like: str = ""  # the outcome beside which it leads where `on:` does not say


@dataclass(frozen=True, slots=True)
class StepType:
    """A word of the flow language."""

    name: str
    purpose: str
    step: type[Any]  # frozen dataclass of the fields; its `routes()`, if any, adds outcomes with targets
    fields: tuple[Field, ...]
    outcomes: tuple[Outcome, ...]
    run: Callable[[Any, Any], Awaitable[Left]]
    example: str
    waits: bool = False  # for people
    has_results: bool = False  # its outcomes are the results of the flow it names
    check: Callable[[FlowReading, Any, Table], None] | None = None  # what no single field can see


@dataclass(slots=True)
class Copied:
    """How many copies every `for each` has made so far."""

    count: int = 0


@dataclass(slots=True)
class FlowReading:
    """What reading one flow needs to know and collects."""

    reading: Reading
    organisation: Organisation
    hours: Mapping[str, HoursTable]
    facts: Mapping[str, Fact]
    prompts: Mapping[str, Speech]
    tellings: Tellings
    wordings: Wordings
    recordings: Path
    flow: str  # its id
    use: Callable[[FlowReading, str, Table | None, Place], str]  # a flow with these values -> its id
    flow_names: Collection[str]
    variables: Variables  # of all flows
    open_prompts: OpenPrompts = field(default_factory=dict)
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    texts: dict[str, dict[Language, str]] = field(default_factory=dict)  # of Organisation.prompts
    targets: list[tuple[str, Place]] = field(default_factory=list)  # steps named
    repeated: dict[str, tuple[str, ...]] = field(default_factory=dict)  # values of steps by `for each`; () if unclear
    copied: Copied = field(default_factory=Copied)  # in all flows
    repeated_for: str = ""  # the value of the copy that is being read
    offered: tuple[Offered, ...] | None = ()  # keys by `for each` of the step being read; None: they can't be read

    def target(self, node: Node | None, place: Place, what: str) -> str:
        """The name of a step; whether it exists is checked when all are known.

        A repeated step is named from a copy: the copy of the same value is meant.
        """
        word = self.reading.word(node, place, what, "the name of a step")
        at = node.place if node else place
        values = self.repeated.get(word)
        if values and self.repeated_for in values:
            return f"{word}({self.repeated_for})"
        if values:
            text = f"step `{word}` is repeated" + (", and not for this one" if self.repeated_for else "")
            self.reading.problems.add(at, text, f"one of its copies such as `{word}({values[0]})`")
        elif word and values is None:
            self.targets.append((word, at))
        return word


@dataclass(frozen=True, slots=True)
class Offered:
    """A key that a repetition in a menu's `keys` makes."""

    key: str
    variable: str
    value: str  # of the variable, behind this key
    target: Node | None  # `next`
    flow: FlowReading  # that sees the value
    place: Place
