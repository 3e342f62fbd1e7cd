"""`switchboard check`: everything that callers could suffer from, found before they call.

What is proved. Every step of every flow is run by its own code against every answer that callers and phones can give
(exploration.py), at one instant of each time cell (time_cells.py) and from one number of each class of callers
(caller_classes.py), over states, not paths (reachability.py). Hence, for the next 400 days:

- whatever the interpreter does in any call is a move that was looked at here;
- an error is something that callers do meet: the call that is told with it happens, unless it says that the hour
  turned meanwhile, which is looked at for every pair of cells that can follow each other, however far apart;
- where no dead end and no loop is reported there is none: each call in which the caller does nothing comes to an end,
  and from wherever a call stands there is a way to a person or a goodbye.

What is not: that people answer, that texts mean what they say, and what Asterisk does with what it is told. Circles are
judged while the clock stays in one cell, as one that goes on only because the hour turns each time round ends with the
day. `length(caller)` is tried at the lengths that conditions name, with one number each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from switchboard.flows.caller_classes import caller_classes
from switchboard.flows.check_limits import Allowed
from switchboard.flows.checks.appointments import never_booked, never_called, unused_resources
from switchboard.flows.checks.endings import dead_ends, failing_steps, not_explored, silent_ends
from switchboard.flows.checks.facts import expired_facts
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.checks.hours import hours_gaps, past_dates
from switchboard.flows.checks.humans import absent_people, humans
from switchboard.flows.checks.length import long_ways
from switchboard.flows.checks.loops import loops
from switchboard.flows.checks.places import Places
from switchboard.flows.checks.prompts import missing_recordings, missing_texts
from switchboard.flows.checks.reachable import unreachable_cases, unreachable_flows, unreachable_steps
from switchboard.flows.checks.recording import consent_before_talks
from switchboard.flows.checks.rotas import rota_gaps
from switchboard.flows.checks.safety_net import safety_nets
from switchboard.flows.checks.silence import silences
from switchboard.flows.checks.spoken_keys import spoken_keys
from switchboard.flows.checks.variables import undefined_variables
from switchboard.flows.configuration import Configuration
from switchboard.flows.problems import Place, Problem, Problems, Severity
from switchboard.flows.reachability import explore
from switchboard.flows.time_cells import cells
from switchboard.flows.worlds import Worlds

CHECKS: tuple[Callable[[Examined], Iterator[Finding]], ...] = (
    dead_ends,
    silent_ends,
    failing_steps,
    loops,
    long_ways,
    undefined_variables,
    humans,
    unreachable_flows,
    unreachable_steps,
    unreachable_cases,
    silences,
    absent_people,
    spoken_keys,
    missing_texts,
    hours_gaps,
    past_dates,
    consent_before_talks,
    rota_gaps,
    never_booked,
    unused_resources,
    never_called,
    expired_facts,
    safety_nets,
    not_explored,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and how much was looked at."""

    problems: list[Problem]  # by file and line; the warnings of loading among them
    steps: int
    flows: int
    cells: int
    callers: int
    states: int


def check(configuration: Configuration, *, now: datetime) -> list[Problem]:
    """Everything found in the configuration for the 400 days from `now` on, by file and line."""
    return examine(configuration, now=now).problems


def examine(
    configuration: Configuration,
    *,
    now: datetime,
    recordings: Path | None = None,
    found_elsewhere: Iterable[Finding] = (),
) -> Checked:
    """The same, with what was looked at. `recordings` is the folder of the organisation's own, if they are to be
    looked at; `found_elsewhere` is put among what is found here."""
    times = cells(configuration, now)
    callers = caller_classes(configuration)
    reached = explore(configuration, Worlds(tuple(configuration.organisation.numbers), callers, times))
    examined = Examined(configuration, reached, now, Places(configuration.lines))
    found = [finding for rule in CHECKS for finding in rule(examined)]
    if recordings is not None:
        found += missing_recordings(examined, recordings)
    problems = _problems(examined, [*found, *found_elsewhere])
    steps = {
        step.place for flow in configuration.flows.values() for step in flow.steps.values() if not _is_own(step.name)
    }
    return Checked(problems, len(steps), len(configuration.flows), len(times), len(callers), len(reached.seen))


def _is_own(step: str) -> bool:
    return step.startswith("_")


def _problems(examined: Examined, found: Sequence[Finding]) -> list[Problem]:
    """What is not meant so, each once."""
    configuration = examined.configuration
    allowed = configuration.limits.allowed
    used: set[Allowed] = set()
    problems = Problems(lines=dict(configuration.lines))
    for problem in configuration.warnings:
        problems.adopt(problem)
    for finding in found:
        exceptions = [each for each in allowed if each.rule == finding.rule and each.at in finding.at]
        used.update(exceptions)
        if not exceptions:
            problems.adopt(_problem(finding, configuration.lines.get(finding.place.file, [])))
    for each in allowed:
        if each not in used:
            text = f"nothing is found of `{each.rule}` at `{each.at}` any more"
            problems.add(each.place, text, "no such line", severity=Severity.WARNING, rule="unused-exception")
    return problems.in_order()


def _problem(finding: Finding, lines: list[str]) -> Problem:
    return Problem(
        finding.place,
        finding.text,
        finding.expected,
        "",
        finding.severity,
        finding.rule,
        _quoted(finding.place, lines),
        finding.call,
        finding.holds_for,
    )


def _quoted(place: Place, lines: list[str]) -> str:
    return lines[place.line - 1].rstrip()[:160] if 0 < place.line <= len(lines) else ""
