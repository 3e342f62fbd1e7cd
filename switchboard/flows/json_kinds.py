"""What each kind of field looks like to an editor: the JSON Schema of everything that `kinds` and `cases` read."""

from __future__ import annotations

from functools import singledispatch

from switchboard.domain.forwarding import CHAINS, MANAGER
from switchboard.flows import kinds
from switchboard.flows.appointment_kinds import EVERYTHING, EventTypes
from switchboard.flows.assignments import Assignments
from switchboard.flows.callback_kinds import CallbackQueue
from switchboard.flows.callee_prompts import NamePrompts
from switchboard.flows.cases import SUBJECTS, WEEKDAYS, CaseList, Subject
from switchboard.flows.forwarding_kinds import ChainName, ForwardedTo
from switchboard.flows.group_kinds import GroupMembers
from switchboard.flows.json_types import (
    IDENTIFIER,
    TEXT,
    Names,
    Schema,
    described,
    duration,
    entries,
    one_or_several,
    or_template,
    repetition,
    spoken,
    step_name,
    table,
    whole_number,
    words,
    yes_or_no,
)
from switchboard.flows.lookup_kinds import LookupName, Paths
from switchboard.flows.message_kinds import AskedParts, MailboxOf
from switchboard.flows.people_kinds import EVERYBODY, Among, PerKey
from switchboard.flows.queue_kinds import QueueName
from switchboard.flows.rota_kinds import RotaName

_BOUND = "^([0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}|-?[0-9]+)$"


@singledispatch
def kind_schema(kind: object, names: Names) -> Schema:
    """The schema of what a field of this kind can hold."""
    raise TypeError(f"no schema of {type(kind).__name__}: add one to {__name__}")


@kind_schema.register
def _(kind: kinds.Spoken, names: Names) -> Schema:
    return spoken(names)


@kind_schema.register
def _(kind: kinds.Recording, names: Names) -> Schema:
    return names.one_of("prompts")


@kind_schema.register
def _(kind: kinds.Duration, names: Names) -> Schema:
    return duration(kind.expected)


@kind_schema.register
def _(kind: kinds.Count, names: Names) -> Schema:
    return whole_number(kind.least, kind.most)


@kind_schema.register
def _(kind: kinds.Flag, names: Names) -> Schema:
    return yes_or_no()


@kind_schema.register
def _(kind: kinds.OneOf, names: Names) -> Schema:
    return words(kind.words)


@kind_schema.register
def _(kind: kinds.Keys, names: Names) -> Schema:
    offered = table({**repetition(), "next": step_name()}, required=("for each", "next"))
    keys = table({}, patterns={f"^[{kinds.KEYS}]$": step_name(), "^[0-9]-[0-9]$": offered})
    return {**keys, "minProperties": 1}


@kind_schema.register
def _(kind: kinds.LanguageKeys, names: Names) -> Schema:
    offered = table(repetition(), required=("for each",))
    language = names.one_of("languages")
    return table({}, patterns={f"^[{kinds.LANGUAGE_KEYS}]$": language, "^[0-9]-[0-9]$": offered})


@kind_schema.register
def _(kind: kinds.Opening, names: Names) -> Schema:
    return names.one_of("hours")


@kind_schema.register
def _(kind: kinds.Telephone, names: Names) -> Schema:
    by = {"phone": "phones", "person": "people", "department": "departments"}
    whose = table({key: names.one_of(what) for key, what in by.items()})
    return {"anyOf": [words(["reception"]), {**whose, "minProperties": 1, "maxProperties": 1}]}


@kind_schema.register
def _(kind: GroupMembers, names: Names) -> Schema:
    listed = {key: one_or_several(names.one_of(key)) for key in ("people", "phones")}
    group = {"type": "string", "pattern": IDENTIFIER}
    return {**table({"department": names.one_of("departments"), "group": group, **listed}), "minProperties": 1}


@kind_schema.register
def _(kind: NamePrompts, names: Names) -> Schema:
    return spoken(names)


@kind_schema.register
def _(kind: ForwardedTo, names: Names) -> Schema:
    by = {"person": "people", "department": "departments"}
    whom = table({key: names.one_of(what) for key, what in by.items()})
    return {"anyOf": [words([MANAGER]), {**whom, "minProperties": 1, "maxProperties": 1}]}


@kind_schema.register
def _(kind: MailboxOf, names: Names) -> Schema:
    by = {"person": "people", "department": "departments"}
    whose = table({key: names.one_of(what) for key, what in by.items()})
    return {"anyOf": [words([MANAGER]), {**whose, "minProperties": 1, "maxProperties": 1}]}


@kind_schema.register
def _(kind: AskedParts, names: Names) -> Schema:
    return one_or_several(words(kind.words))


@kind_schema.register
def _(kind: ChainName, names: Names) -> Schema:
    return or_template({"type": "string", "pattern": IDENTIFIER, "examples": list(CHAINS)})


@kind_schema.register
def _(kind: Among, names: Names) -> Schema:
    named = {key: one_or_several(names.one_of(key)) for key in ("departments", "people")}
    return {"anyOf": [words([EVERYBODY]), {**table(named), "minProperties": 1}]}


@kind_schema.register
def _(kind: RotaName, names: Names) -> Schema:
    return names.one_of("rotas")


@kind_schema.register
def _(kind: PerKey, names: Names) -> Schema:
    return names.one_of("prompts")


@kind_schema.register
def _(kind: kinds.FactOrHours, names: Names) -> Schema:
    return {"anyOf": [names.one_of("facts"), table({"hours": names.one_of("hours")}, required=("hours",))]}


@kind_schema.register
def _(kind: kinds.FlowOrStep, names: Names) -> Schema:
    return {"anyOf": [step_name(), table({"flow": names.one_of("flows")}, required=("flow",))]}


@kind_schema.register
def _(kind: QueueName, names: Names) -> Schema:
    return names.one_of("queues")


@kind_schema.register
def _(kind: CallbackQueue, names: Names) -> Schema:
    return table({"queue": names.one_of("queues")}, required=("queue",))


@kind_schema.register
def _(kind: kinds.FlowName, names: Names) -> Schema:
    return names.one_of("flows")


@kind_schema.register
def _(kind: kinds.Word, names: Names) -> Schema:
    return {"anyOf": [{"type": "string", "pattern": IDENTIFIER}, {"type": "null"}]}


@kind_schema.register
def _(kind: Assignments, names: Names) -> Schema:
    return entries(TEXT)


@kind_schema.register
def _(kind: kinds.Arguments, names: Names) -> Schema:
    return entries(TEXT)


@kind_schema.register
def _(kind: kinds.ClassTargets, names: Names) -> Schema:
    targets = {name: step_name("where this class leads") for name in names.client_classes}
    return table(targets, required=names.client_classes) if targets else table({}, patterns={IDENTIFIER: step_name()})


@kind_schema.register
def _(kind: LookupName, names: Names) -> Schema:
    return names.one_of("lookups")


@kind_schema.register
def _(kind: Paths, names: Names) -> Schema:
    return entries(TEXT)


@kind_schema.register
def _(kind: Subject, names: Names) -> Schema:
    variable = or_template({"type": "string", "pattern": IDENTIFIER})
    return {"anyOf": [{"enum": list(SUBJECTS)}, variable, {"type": "null"}]}


@kind_schema.register
def _(kind: CaseList, names: Names) -> Schema:
    value = or_template({"type": ["string", "integer", "boolean"], "examples": list(WEEKDAYS)})
    bound = or_template({"type": ["string", "integer"], "pattern": _BOUND})
    case = table(
        {
            "is": described(one_or_several(value), "one of these values"),
            "starts": described(one_or_several(value), "begins with one of these"),
            "from": described(bound, "from a time, a date or a number on"),
            "until": described(bound, "before a time; up to a date or a number"),
            "when": described(TEXT, "a condition such as `time < 12:00`"),
            "next": step_name("where this case leads"),
        },
        required=("next",),
    )
    compared = {"anyOf": [{"required": [key]} for key in ("is", "starts", "from", "until", "when")]}
    return {"type": "array", "items": {**case, **compared}, "minItems": 1}


@kind_schema.register
def _(kind: EventTypes, names: Names) -> Schema:
    return {"anyOf": [words([EVERYTHING]), one_or_several({"type": "string", "pattern": IDENTIFIER})]}
