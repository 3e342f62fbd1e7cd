"""`switch`: goes on by who calls, when, in which language, by what was noted, or by a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switchboard.flows.case_coverage import check_coverage
from switchboard.flows.cases import Case, CaseList, Subject, check_cases
from switchboard.flows.conditions import Seen
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.expressions.looks import Mark
from switchboard.flows.schema import Field, FlowReading, Outcome, StepType
from switchboard.flows.source import Table


@dataclass(frozen=True, slots=True)
class Switch:
    """What is looked at, "" where it is nothing in particular, and the cases in order."""

    subject: str
    cases: tuple[Case, ...]

    def routes(self) -> Mapping[str, str]:
        """Each case, by its number."""
        return {f"case {number}": case.target for number, case in enumerate(self.cases, 1)}

    def marks(self) -> Iterable[Mark]:
        """The times and dates at which another case may begin to fit."""
        for case in self.cases:
            yield from case.marks(self.subject)

    def callers(self) -> Iterable[str]:
        """The callers' numbers, and beginnings of them, that the cases tell apart."""
        for case in self.cases:
            yield from case.callers(self.subject)

    def client_subjects(self) -> Iterable[str]:
        """What is asked of a client."""
        return {name for case in self.cases for name in case.names(self.subject)} | {self.subject}


async def run(step: Switch, conversation: Conversation) -> Left:
    """The first case that fits."""
    seen = Seen(conversation)
    if step.subject:
        seen.value(step.subject)  # the record tells it, whatever decides
    for number, case in enumerate(step.cases, 1):
        if case.fits(step.subject, seen):
            return Left(f"case {number}", seen.told)
    return Left("otherwise", seen.told)


def check(flow: FlowReading, step: Switch, table: Table) -> None:
    """What the cases compare must be possible, and each of them must be able to fit."""
    before = flow.reading.problems.errors_added
    check_cases(flow, step.subject, table.get("cases"))
    if flow.reading.problems.errors_added == before:
        check_coverage(flow, step.subject, step.cases, table.get("cases"))


SWITCH = StepType(
    name="switch",
    purpose="Looks at `caller`, `number` (dialled), `language`, `time`, `weekday`, `date`, a client's `class`, `vip`, "
    "`standing` or `manager`, or a variable, and goes on with the first case that fits: `is` (one of), `starts` "
    "(with), `from` and `until` (the end of a time excluded, of a date or a number included). A case with a "
    "condition, `when`, fits only where that is so, too; where all have one, nothing is written after `switch:`.",
    step=Switch,
    fields=(
        Field("switch", Subject(), "what is looked at", attribute="subject"),
        Field("cases", CaseList(), "the cases, in order"),
    ),
    outcomes=(Outcome("otherwise", "no case fits"),),
    run=run,
    check=check,
    example="""\
caller_from:
  switch: caller
  cases:
    - {starts: ["+371", "00371"], next: latvian}
    - {is: "", next: reception}
    - {when: "weekday in [saturday, sunday] and time < 12:00", next: weekend}
  on: {otherwise: menu}
""",
)
