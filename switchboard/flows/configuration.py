"""What a configuration folder means once it is loaded: nothing left to look up, render or doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from switchboard.domain.facts import Fact
from switchboard.domain.hours import HoursTable
from switchboard.domain.organisation import Organisation
from switchboard.domain.rota import Rota
from switchboard.flows.check_limits import CheckLimits
from switchboard.flows.past_dates import Dated
from switchboard.flows.source import Place, Problem
from switchboard.flows.variables import Variable
from switchboard.ports import Utterance
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class Left:
    """How a step was left: one of its outcomes, and what that was decided on, for the record."""

    outcome: str
    decided_on: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a flow, ready to run."""

    name: str
    type: str
    fields: Any  # the step type's own dataclass
    run: Callable[[Any, Any], Awaitable[Left]]  # (fields, Conversation)
    waits: bool  # for people: a restarted controller resumes here
    routes: Mapping[str, str]  # outcome -> step's name
    file: str  # as in the configuration folder: "flows/main.yaml"
    line: int
    place: Place  # as problems call it: "ivr/flows/main.yaml:7:3"


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow; of one with parameters, one for each set of values it is used with: `ask(department=sales)`."""

    id: str
    start: str
    steps: Mapping[str, Step]
    results: frozenset[str] = frozenset()  # what its `return` steps hand back


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of the organisation's configuration. A call keeps the one it began with."""

    organisation: Organisation
    hours: Mapping[str, HoursTable]
    facts: Mapping[str, Fact]
    flows: Mapping[str, Flow]
    prompts: Mapping[str, Speech]
    version: str  # hash of every file's content
    utterances: frozenset[Utterance]  # everything that may ever be said, safety nets included
    warnings: tuple[Problem, ...] = ()  # what is doubtful and yet can be used
    lines: Mapping[str, list[str]] = field(default_factory=dict)  # of each file, for problems to quote
    limits: CheckLimits = field(default_factory=CheckLimits)  # of `switchboard check`
    variables: Mapping[str, Variable] = field(default_factory=dict)  # of calls, by name
    dated: tuple[Dated, ...] = ()  # what means nothing after a day
    rotas: Mapping[str, Rota] = field(default_factory=dict)  # who is on call, by the rota's id

    def local(self, instant: datetime) -> datetime:
        """The instant on the organisation's wall clock."""
        return instant.astimezone(ZoneInfo(self.organisation.timezone))
