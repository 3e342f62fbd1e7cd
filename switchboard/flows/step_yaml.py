"""One step of a flow, read: its type, its fields, and where each of its outcomes leads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.flows.configuration import Step
from switchboard.flows.kinds import LanguageKeys
from switchboard.flows.repetition import offered_keys
from switchboard.flows.schema import (
    GOODBYE_STEP,
    RECEPTION_STEP,
    REQUIRED,
    UNAVAILABLE_STEP,
    FlowReading,
    Offered,
    StepType,
)
from switchboard.flows.source import Place, Table
from switchboard.flows.steps import STEP_TYPES
from switchboard.flows.steps.end import END, End
from switchboard.flows.steps.ring import RING, VOICEMAIL, Ring
from switchboard.services.office import GOODBYE, RECEPTION_UNAVAILABLE

RECEPTION_RINGS = timedelta(seconds=30)

_STRUCTURE = ("on", "next")


@dataclass(slots=True)
class StepReader:
    """Reads one step."""

    flow: FlowReading
    name: str
    place: Place
    table: Table
    file: str  # as in the configuration folder
    lead_into: Callable[[FlowReading, str, Table | None, Place], tuple[str, frozenset[str]]]
    """A flow's name, the values it is given, where: the id of both together, and what it can hand back."""
    _results: frozenset[str] | None = field(default=None, init=False)  # of the flow a `subflow` leads into, if known

    def read(self) -> Step | None:
        """The step; None with a problem where not even its type is clear."""
        problems = self.flow.reading.problems
        types = [key for key in self.table.entries if key in STEP_TYPES]
        if len(types) != 1:
            known = ", ".join(STEP_TYPES)
            got = next((key for key in self.table.entries if key not in _STRUCTURE), "")
            text = f"step `{self.name}` is of no known type" if not types else f"step `{self.name}` is {types}"
            at = self.table.key_places.get(got, self.place)
            problems.add(at, text, f"one of {known}", got=got, known=STEP_TYPES)
            return None
        step_type = STEP_TYPES[types[0]]
        fields = [each.name for each in step_type.fields[1:]]
        reading = self.flow.reading
        reading.keys(self.table, f"a `{step_type.name}` step", needed=(step_type.name,), allowed=(*fields, *_STRUCTURE))
        before = problems.errors_added
        self.flow = replace(self.flow, offered=self._offered(step_type))
        step = step_type.step(**dict(self._values(step_type)))
        if step_type.check and problems.errors_added == before:
            step_type.check(self.flow, step, self.table)
        routes = self._routes(step_type, step, is_sound=problems.errors_added == before)
        place = self.place
        return Step(
            self.name, step_type.name, step, step_type.run, step_type.waits, routes, self.file, place.line, place
        )

    def _offered(self, step_type: StepType) -> tuple[Offered, ...] | None:
        problems = self.flow.reading.problems
        before = problems.errors_added
        found: tuple[Offered, ...] = ()
        for each in step_type.fields:
            if each.name == "keys":
                leads = not isinstance(each.kind, LanguageKeys)
                found = offered_keys(self.flow, self.table.get("keys"), leads=leads)
        return found if problems.errors_added == before else None

    def _values(self, step_type: StepType) -> Iterator[tuple[str, Any]]:
        for each in step_type.fields:
            node = self.table.get(each.name)
            attribute = each.attribute or each.name
            if step_type.has_results and attribute == "arguments":
                continue  # read below, with the flow's name
            if node is None:
                if each.default is REQUIRED and each.name != step_type.name:
                    text = f"a `{step_type.name}` step lacks `{each.name}`"
                    self.flow.reading.problems.add(self.place, text, each.kind.expected)
                value = None if each.default is REQUIRED else each.default
            else:
                value = each.kind.read(self.flow, node, node.place)
            if step_type.has_results:
                value = self._subflow(value, node.place if node else self.place)
            yield attribute, value

    def _subflow(self, name: str | None, place: Place) -> str:
        arguments = self.table.get("with")
        if not name:
            return ""
        values = self.flow.reading.table(arguments, place, "with") if arguments else None
        identifier, self._results = self.lead_into(self.flow, name, values, place)
        return identifier

    def _routes(self, step_type: StepType, step: Any, *, is_sound: bool) -> dict[str, str]:
        routes: dict[str, str] = dict(step.routes()) if is_sound and hasattr(step, "routes") else {}
        outcomes = {outcome.name: outcome.default for outcome in step_type.outcomes}
        if step_type.has_results:
            if self._results is None:
                return routes
            outcomes = dict.fromkeys(sorted(self._results), "")
        if step_type.outcomes or step_type.has_results:
            like = {outcome.name: outcome.like for outcome in step_type.outcomes if outcome.like}
            written = self._written_routes(step_type, outcomes, like)
            routes.update(written)
            routes.update(
                {name: written[other] for name, other in like.items() if name not in written and other in written}
            )
        else:
            for key in _STRUCTURE:
                if key in self.table.entries:
                    text = f"a `{step_type.name}` step leads nowhere by `{key}:`"
                    self.flow.reading.problems.add(self.table.key_places[key], text, "no such line")
        return routes

    def _written_routes(
        self, step_type: StepType, outcomes: Mapping[str, str], like: Collection[str]
    ) -> dict[str, str]:
        reading, what = self.flow.reading, f"a `{step_type.name}` step"
        following, on = self.table.get("next"), self.table.get("on")
        needed = [name for name, default in outcomes.items() if not default and name not in like]
        if following is not None:
            if on is not None or len(needed) != 1:
                expected = f"`on:` with {', '.join(outcomes)}" if len(needed) != 1 else "one of `on:` and `next:`"
                reading.problems.add(self.table.key_places["next"], f"{what} has no `next:` here", expected)
            target = self.flow.target(following, following.place, "next")
            defaults = {name: default for name, default in outcomes.items() if default}
            return {**defaults, **dict.fromkeys(needed, target)}
        if on is None:
            if needed:
                shorthand = "`next:`" if len(needed) == 1 else f"`on:` with {', '.join(needed)}"
                reading.problems.add(self.place, f"step `{self.name}` does not say where it leads", shorthand)
            return {name: default for name, default in outcomes.items() if name not in like}
        table = reading.table(on, on.place, "on")
        routes = {name: default for name, default in outcomes.items() if default}
        for outcome, node in table.entries.items():
            place = table.key_places[outcome]
            if outcome not in outcomes:
                expected = f"one of {', '.join(outcomes) or 'nothing, as it hands nothing back'}"
                reading.problems.add(place, f"{what} has no outcome `{outcome}`", expected, got=outcome, known=outcomes)
            routes[outcome] = self.flow.target(node, node.place, outcome)
        if missing := [name for name in needed if name not in table.entries]:
            reading.problems.add(table.place, f"`on:` lacks {', '.join(missing)}", "every outcome to lead somewhere")
        return routes


def own_steps(flow: FlowReading, file: str, place: Place) -> dict[str, Step]:
    """The steps every flow has: reception behind key 0, and what comes after it."""
    nothing: dict[Any, Any] = {}
    ring = Ring(flow.organisation.reception, RECEPTION_RINGS, WhileRinging.RINGBACK.value, None)
    unavailable = End(flow.prompts.get(RECEPTION_UNAVAILABLE, nothing))
    goodbye = End(flow.prompts.get(GOODBYE, nothing))
    outcomes = dict.fromkeys((outcome.value for outcome in DialOutcome), UNAVAILABLE_STEP)
    outcomes[DialOutcome.ANSWERED.value] = GOODBYE_STEP
    outcomes[VOICEMAIL] = UNAVAILABLE_STEP

    def own(name: str, step_type: StepType, fields: Any, routes: Mapping[str, str]) -> Step:
        return Step(name, step_type.name, fields, step_type.run, step_type.waits, routes, file, place.line, place)

    return {
        RECEPTION_STEP: own(RECEPTION_STEP, RING, ring, outcomes),
        UNAVAILABLE_STEP: own(UNAVAILABLE_STEP, END, unavailable, nothing),
        GOODBYE_STEP: own(GOODBYE_STEP, END, goodbye, nothing),
    }
