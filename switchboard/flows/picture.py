"""Flows as pictures: pages of boxes and arrows, before anybody knows where on the paper they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from switchboard.domain.organisation import Number
from switchboard.flows.configuration import Configuration, Flow, Step
from switchboard.flows.picture_gist import flow_told, gist_of, outcome_told, quoted, values_told
from switchboard.flows.schema import GOODBYE_STEP, RECEPTION_STEP, UNAVAILABLE_STEP
from switchboard.flows.steps import STEP_TYPES

OWN_STEPS = {RECEPTION_STEP: "reception", UNAVAILABLE_STEP: "reception away", GOODBYE_STEP: "goodbye"}
NUMBERS_ON_A_PAGE = 4


class BoxKind(StrEnum):
    """What a box stands for; each kind looks different."""

    ENTRY = "entry"  # a number, or a step of another flow, that leads here
    STEP = "step"
    QUESTION = "question"  # waits for a key
    PERSON = "person"  # somebody is rung
    FLOW = "flow"  # another flow
    END = "end"  # nothing follows
    NET = "safety net"  # while the switchboard is out of order
    REFERENCE = "reference"  # to a box elsewhere on the page, instead of a long arrow


@dataclass(frozen=True, slots=True)
class Box:
    """One box. `id` is unique on its page."""

    id: str
    kind: BoxKind
    name: str
    type: str = ""  # of the step
    gist: tuple[str, ...] = ()
    place: str = ""  # in the YAML


@dataclass(frozen=True, slots=True)
class Arrow:
    """One arrow, for all the outcomes that lead the same way."""

    tail: str
    head: str
    labels: tuple[str, ...] = ()
    callers: tuple[int | None, ...] = ()  # of each label; None where nothing is counted
    is_emergency: bool = False  # taken while the switchboard is out of order

    @property
    def total(self) -> int | None:
        """Callers who went this way; None if that is not known."""
        known = [count for count in self.callers if count is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Page:
    """What is drawn together."""

    title: str
    subtitle: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def with_references(page: Page, most: int = 3) -> Page:
    """The page with at most so many arrows into a box; the others end at a small reference to it, beside their tail."""
    names = {box.id: box.name for box in page.boxes}
    seen: dict[str, int] = {}
    boxes, arrows = list(page.boxes), []
    for number, arrow in enumerate(page.arrows):
        seen[arrow.head] = seen.get(arrow.head, 0) + 1
        into = sum(each.head == arrow.head for each in page.arrows)
        if into > most and seen[arrow.head] > 1:
            boxes.append(Box(f"reference {number}", BoxKind.REFERENCE, f"→ {names[arrow.head]}"))
            arrow = replace(arrow, head=f"reference {number}")
        arrows.append(arrow)
    return replace(page, boxes=tuple(boxes), arrows=tuple(arrows))


Taken = tuple[str, str, str]  # flow, step, outcome


@dataclass(frozen=True, slots=True)
class Callers:
    """How many callers went which way, from the records."""

    since: str  # in words
    by_outcome: Mapping[Taken, int] = field(default_factory=dict)
    by_number: Mapping[str, int] = field(default_factory=dict)


def pages(configuration: Configuration, *, flow: str = "", callers: Callers | None = None) -> list[Page]:
    """The numbers with their safety nets, and each flow; or one `flow` alone, by its name or its id.

    A flow with parameters is drawn once for all values that lead the same way. Raises KeyError for an unknown flow.
    """
    groups = _groups(configuration)
    if flow in configuration.flows:
        groups = [[configuration.flows[flow]]]
    elif flow:
        groups = [group for group in groups if _name(group[0]) == flow]
        if not groups:
            raise KeyError(flow)
    found = [] if flow else list(_number_pages(configuration, callers))
    return found + [_FlowPage(configuration, group, callers).page() for group in groups]


def _name(flow: Flow) -> str:
    return flow.id.partition("(")[0]


def _groups(configuration: Configuration) -> list[list[Flow]]:
    """Flows that look the same but for the values they are used with; those that callers come to first, first."""
    alike: dict[object, list[Flow]] = {}
    for flow in _in_order(configuration):
        shape = tuple((name, step.type, *step.routes.items()) for name, step in flow.steps.items())
        alike.setdefault((_name(flow), flow.start, shape), []).append(flow)
    return [sorted(group, key=lambda flow: flow.id) for group in alike.values()]


def _in_order(configuration: Configuration) -> list[Flow]:
    """Every flow: those of the numbers, those they lead to, and so on; then the rest."""
    flows = configuration.flows
    ahead = [number.flow for number in configuration.organisation.numbers.values()]
    found: dict[str, Flow] = {}
    while ahead:
        name = ahead.pop(0)
        if name in flows and name not in found:
            found[name] = flows[name]
            ahead += [flow_led_to(step) for step in flows[name].steps.values()]
    return [*found.values(), *(flow for name, flow in sorted(flows.items()) if name not in found)]


def _number_pages(configuration: Configuration, callers: Callers | None) -> Iterator[Page]:
    numbers = list(configuration.organisation.numbers.values())
    for first in range(0, len(numbers), NUMBERS_ON_A_PAGE):
        boxes: list[Box] = []
        arrows: list[Arrow] = []
        for number in numbers[first : first + NUMBERS_ON_A_PAGE]:
            _draw_number(configuration, number, callers, boxes, arrows)
        subtitle = "where callers begin, and their safety net: what they get while the switchboard is out of order"
        yield Page(f"{configuration.organisation.name}: numbers", subtitle, tuple(boxes), tuple(arrows))


def _draw_number(
    configuration: Configuration, number: Number, callers: Callers | None, boxes: list[Box], arrows: list[Arrow]
) -> None:
    net, said = number.safety_net, configuration.organisation.wording
    called = f"number {number.number}"
    count = callers.by_number.get(number.number, 0) if callers else None
    boxes += [
        Box(called, BoxKind.ENTRY, number.number, "number", (number.name,)),
        Box(f"{called} flow", BoxKind.FLOW, number.flow, "flow", (f"speaks {number.language} first",)),
    ]
    arrows.append(Arrow(called, f"{called} flow", ("as a rule",), (count,)))
    chain = [
        Box("", BoxKind.NET, "greeting", "says", (quoted(said(net.greeting, number.language)[0]),)),
        Box("", BoxKind.NET, net.ring.name, "rings", (f"{net.ring.extension}, for {net.ring_seconds} s",)),
        Box(
            "",
            BoxKind.NET,
            "message",
            "records",
            (quoted(said(net.leave_message, number.language)[0]), f"at most {net.message_seconds} s"),
        ),
        Box("", BoxKind.END, "goodbye", "hangs up", (quoted(said(net.goodbye, number.language)[0]),)),
    ]
    before = called
    for place, (box, label) in enumerate(
        zip(chain, ("switchboard out of order", "", "nobody answers", ""), strict=True)
    ):
        box = replace(box, id=f"{called} net {place}")
        boxes.append(box)
        arrows.append(Arrow(before, box.id, (label,) if label else (), (None,) if label else (), is_emergency=True))
        before = box.id


class _FlowPage:
    """Draws one flow, or several that differ in values only."""

    def __init__(self, configuration: Configuration, group: Sequence[Flow], callers: Callers | None) -> None:
        self._configuration = configuration
        self._group = group
        self._flow = group[0]
        self._callers = callers

    def page(self) -> Page:
        drawn = self._drawn()
        boxes = [*self._entries(), *(self._box(step) for step in drawn.values())]
        arrows = [*self._entry_arrows(boxes)]
        for step in drawn.values():
            arrows += self._arrows(step, drawn)
        title = f"{self._configuration.organisation.name}: flow {_name(self._flow)}"
        values = "; ".join(values_told(flow.id) for flow in self._group if values_told(flow.id))
        file = self._flow.steps[self._flow.start].file
        return Page(title, f"{file}{', with ' if values else ''}{values}", tuple(boxes), tuple(arrows))

    def _drawn(self) -> dict[str, Step]:
        """All steps written in the file, and of those that every flow has the ones that are led to."""
        steps = self._flow.steps
        ahead = [name for name in steps if name not in OWN_STEPS]
        drawn: dict[str, Step] = {}
        while ahead:
            name = ahead.pop(0)
            if name not in drawn and name in steps:
                drawn[name] = steps[name]
                ahead += [target for target in steps[name].routes.values() if target in OWN_STEPS]
        return drawn

    def _box(self, step: Step) -> Box:
        gists = [gist_of(flow.steps[step.name], self._configuration) for flow in self._group]
        gist = gists[0]
        if any(each != gist for each in gists):
            told = [f"{values_told(flow.id)}: {'; '.join(each)}" for flow, each in zip(self._group, gists, strict=True)]
            gist = (*told[:3], *([f"and {len(told) - 3} more"] if len(told) > 3 else []))
        own = OWN_STEPS.get(step.name)
        place = "in every flow" if own else f"{step.file}:{step.line}"
        return Box(f"step {step.name}", _kind(step), own or step.name, step.type, gist, place)

    def _arrows(self, step: Step, drawn: Mapping[str, Step]) -> Iterator[Arrow]:
        by_target: dict[str, list[str]] = {}
        for outcome, target in step.routes.items():
            by_target.setdefault(target, []).append(outcome)
        for target, outcomes in by_target.items():
            if target not in drawn:
                continue
            alone = len(step.routes) == 1
            outcomes = [each for each in outcomes if not self._goes_without_saying(step, each, outcomes)]
            labels = [outcome_told(step, outcome, self._configuration, alone=alone) for outcome in outcomes]
            counts = [self._count(step.name, outcome) for outcome in outcomes]
            yield Arrow(f"step {step.name}", f"step {target}", tuple(labels), tuple(counts))

    def _goes_without_saying(self, step: Step, outcome: str, beside: Sequence[str]) -> bool:
        """It leads where the outcome leads that it is like, and nobody took it."""
        like = next((each.like for each in STEP_TYPES[step.type].outcomes if each.name == outcome), "")
        return like in beside and not self._count(step.name, outcome)

    def _count(self, step: str, outcome: str) -> int | None:
        if self._callers is None:
            return None
        return sum(self._callers.by_outcome.get((flow.id, step, outcome), 0) for flow in self._group)

    def _entries(self) -> Iterator[Box]:
        ids = {flow.id for flow in self._group}
        for number in self._configuration.organisation.numbers.values():
            if number.flow in ids:
                net = number.safety_net
                gist = f"if out of order: a greeting, {net.ring.name} for {net.ring_seconds} s, a message"
                yield Box(f"number {number.number}", BoxKind.ENTRY, number.number, "number", (number.name, gist))
        for flow, step in _leading_to(self._configuration.flows, ids):
            how = "goes on here" if step.type == "goto" else "comes here and goes back"
            yield Box(
                f"from {flow.id} {step.name}",
                BoxKind.ENTRY,
                step.name,
                step.type,
                (f"of flow {flow_told(flow.id)} {how}",),
            )

    def _entry_arrows(self, boxes: Collection[Box]) -> Iterator[Arrow]:
        start = f"step {self._flow.start}"
        leading = {f"from {flow.id} {step.name}": (flow, step) for flow, step in self._all_leading()}
        for box in boxes:
            count: int | None = None
            if box.kind is not BoxKind.ENTRY:
                continue
            if self._callers is not None and box.id in leading:
                flow, step = leading[box.id]
                outcome = "done" if step.type == "goto" else "entered"
                count = self._callers.by_outcome.get((flow.id, step.name, outcome), 0)
            elif self._callers is not None:
                count = self._callers.by_number.get(box.name, 0)
            yield Arrow(box.id, start, ("",) if count is not None else (), (count,) if count is not None else ())

    def _all_leading(self) -> list[tuple[Flow, Step]]:
        return list(_leading_to(self._configuration.flows, {flow.id for flow in self._group}))


def _leading_to(flows: Mapping[str, Flow], ids: Collection[str]) -> Iterator[tuple[Flow, Step]]:
    for flow in flows.values():
        for step in flow.steps.values():
            if flow_led_to(step) in ids:
                yield flow, step


def flow_led_to(step: Step) -> str:
    """The id of the flow that a step leads to; "" if it leads to none."""
    look: Callable[[Step], str] = _LEADS.get(step.type, lambda _: "")
    return look(step)


_LEADS: Mapping[str, Callable[[Step], str]] = {
    "goto": lambda step: str(step.fields.to[0]),
    "subflow": lambda step: str(step.fields.flow),
}


def _kind(step: Step) -> BoxKind:
    if flow_led_to(step):
        return BoxKind.FLOW
    if step.type == "ring":
        return BoxKind.PERSON
    if step.waits:
        return BoxKind.QUESTION
    return BoxKind.STEP if step.routes else BoxKind.END
