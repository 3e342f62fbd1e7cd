"""Conversations that are recorded of whoever agreed: callers are asked before anybody answers."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.domain.call_recording import Record, rule_for
from switchboard.domain.consent import NOTED_AS as CONSENT
from switchboard.domain.dialling import Phone
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.forking_call import Talked
from switchboard.flows.moves import Move, State
from switchboard.flows.problems import Place, Severity
from switchboard.flows.queue_kinds import QueueAndWords
from switchboard.flows.worlds import places
from switchboard.services.identify_caller import known_caller
from switchboard.services.record_talk import talk_with


def consent_before_talks(examined: Examined) -> Iterator[Finding]:
    """Somebody answers who talks to the caller, the rule that fits says `agreed`, and the caller was not asked."""
    organisation = examined.configuration.organisation
    if not any(rule.record is Record.AGREED for rule in organisation.call_recording):
        return
    kinds = _kinds_of_callers(examined)
    found: dict[State, tuple[int, Move, Phone]] = {}
    for state, moves in examined.edges.out.items():
        if any(name == CONSENT for name, _ in state.variables):
            continue
        queue = _queue_of(examined, state)
        for worlds, move in moves:
            for happening in move.happenings:
                if not isinstance(happening, Talked):
                    continue
                bad = 0
                for (number, caller_class), those in kinds.items():
                    talk = talk_with(
                        happening.phone, organisation, number=number, caller_class=caller_class, queue=queue
                    )
                    rule = rule_for(organisation.call_recording, talk) if those & worlds else None
                    bad |= those & worlds if rule is not None and rule.record is Record.AGREED else 0
                if bad and state not in found:
                    found[state] = (bad, move, happening.phone)
    told: set[Place] = set()
    for state in examined.states_by_cost({state: bad for state, (bad, _, _) in found.items()}):
        bad, move, phone = found[state]
        step = examined.step(state)
        if step.place not in told:
            told.add(step.place)
            text = f"in step `{step.name}` {phone.name} answers, is to be recorded, and the caller was not asked"
            expected = "a step `consent` before it"
            yield examined.finding("no-consent", Severity.ERROR, state, bad, text, expected, then=(move,))


def _queue_of(examined: Examined, state: State) -> str:
    fields = examined.step(state).fields
    waiting = getattr(fields, "queue", None)
    return waiting.queue.id if isinstance(waiting, QueueAndWords) else ""


def _kinds_of_callers(examined: Examined) -> dict[tuple[str, str], int]:
    """The worlds by what rules go by: the number dialled, and the caller's class."""
    worlds, organisation = examined.reached.worlds, examined.configuration.organisation
    kinds: dict[tuple[str, str], int] = {}
    for place in places((1 << len(worlds)) - 1):
        world = worlds.world(place)
        told = known_caller("+1" if world.is_known else "", world.client, organisation).told("class")
        key = (world.number, str(told or ""))
        kinds[key] = kinds.get(key, 0) | 1 << place
    return kinds
