"""Prompts that callees hear before they take a call; a step that rings mobiles or announces callers needs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from switchboard.flows.kinds import Spoken
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place
from switchboard.services.announce_caller import ACCEPT_CALL, ACCEPT_CALLER, CALLER_SAYS
from switchboard.services.office import Speech


@dataclass(frozen=True, slots=True)
class NamePrompts:
    """What the caller is asked; and the callee is told."""

    expected: str = Spoken().expected

    def read(self, flow: FlowReading, node: Node, place: Place) -> Speech:
        need_prompts(flow, (CALLER_SAYS, ACCEPT_CALLER), node.place, "who picks up is told")
        return Spoken().read(flow, node, place)


def need_mobile_prompt(flow: FlowReading, place: Place) -> None:
    """Here a mobile is rung, and whoever picks up is asked whether to take the call."""
    need_prompts(flow, (ACCEPT_CALL,), place, "who picks up a mobile is told")


def need_prompts(flow: FlowReading, identifiers: Iterable[str], place: Place, why: str) -> None:
    """Note a problem for each that has no text."""
    for identifier in identifiers:
        if identifier not in flow.prompts:
            text = f"{why} `{identifier}`, and there is no such prompt"
            flow.reading.problems.add(place, text, f"a text `{identifier}` in prompts/texts")
