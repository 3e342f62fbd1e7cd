"""What the steps about appointments hold: which event types, with all that is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from switchboard.domain.appointment import AppointmentRules
from switchboard.domain.spoken_dates import PIECES
from switchboard.flows.callee_prompts import need_prompts
from switchboard.flows.open_prompts import open_prompt
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar
from switchboard.services.office import Speech

EVERYTHING = "everything"
PRESS = "press_key"
MOST_KINDS = 8  # that one menu offers
# All that is said about appointments, beside dates, names and the keys of several kinds.
SAID = (
    *("book_which", "book_offer", "book_take", "book_later", "book_earlier", "book_other_day", "book_another"),
    *("book_nothing_suits", "book_date", "book_human", "book_type_date", "book_no_such_day", "book_no_other"),
    *("book_none_free", "book_taken", "book_booked", "book_moved", "book_reference", "book_again", "book_have"),
    *("book_have_keys", "book_next", "book_cancel_sure", "book_move_sure", "book_cancelled", "book_kept"),
    *("book_wish_offer", "book_wished", "book_type_reference", "book_type_number", "book_not_found"),
    "book_unavailable",
)


@dataclass(frozen=True, slots=True)
class Bookable:
    """Event types, and how they are said."""

    types: Mapping[str, Speech]  # by id, in the order of their keys
    names: Mapping[str, Speech]  # of all event types
    resources: Mapping[str, Speech]  # by id: those callers may choose between
    press: Sequence[Speech]  # after each of `types`


@dataclass(frozen=True, slots=True)
class EventTypes:
    """`tasting`, `[tasting, meeting]` or `everything`."""

    expected: str = f"event types of appointments.yaml such as `[tasting, meeting]`, or `{EVERYTHING}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Bookable:
        reading, rules = flow.reading, flow.organisation.appointments
        if not rules.event_types:
            reading.problems.add(node.place, "nothing can be booked", "event types in ivr/appointments.yaml")
        need_prompts(flow, (*SAID, *PIECES), node.place, "who books is told")
        if isinstance(node, Scalar) and reading.value(node, place, "event types") == EVERYTHING:
            chosen = tuple(rules.event_types)
        else:
            chosen = reading.several(
                node, place, lambda item, at: reading.choice(item, at, "event type", rules.event_types)
            )
        known = [each for each in dict.fromkeys(chosen) if each in rules.event_types]
        if len(known) > MOST_KINDS:
            reading.problems.add(
                node.place, f"{len(known)} event types are too many for one menu", f"at most {MOST_KINDS}"
            )
        names = {each.id: flow.wordings.speech(each.names) for each in rules.event_types.values()}
        return Bookable(
            {each: names[each] for each in known},
            names,
            {each: flow.wordings.speech(rules.resources[each].names) for each in _chosen_between(rules)},
            _presses(flow, len(known), node.place) if len(known) > 1 else (),
        )


def _chosen_between(rules: AppointmentRules) -> Iterable[str]:
    """The resources that callers may choose between."""
    needs = (each.needs[0] for each in rules.event_types.values() if each.chooses and each.needs)
    return dict.fromkeys(each for need in needs for each in need if each in rules.resources)


def _presses(flow: FlowReading, count: int, place: Place) -> Sequence[Speech]:
    if PRESS not in flow.open_prompts:
        text = f"callers choose between {count} event types, and no prompt `{PRESS}` names `{{{{ key }}}}`"
        flow.reading.problems.add(place, text, f"a text `{PRESS}` such as `press {{{{ key }}}}` in prompts/texts")
        return tuple({} for _ in range(count))
    parameters = flow.reading.parameters
    readings = [replace(flow.reading, parameters={**parameters, "key": str(key)}) for key in range(1, count + 1)]
    return tuple(open_prompt(replace(flow, reading=each), PRESS, place) for each in readings)
