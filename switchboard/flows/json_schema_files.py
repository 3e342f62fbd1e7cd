"""The other files of a configuration folder as JSON Schema: who we are, when we are open, what is told and said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from holidays import list_supported_countries

from switchboard.domain.call_recording import Record
from switchboard.domain.consent import Asking, Consent
from switchboard.domain.forwarding import MANAGER
from switchboard.domain.language import NAMES
from switchboard.domain.queueing import HIGHEST_PRIORITY
from switchboard.domain.ring_strategy import Strategy
from switchboard.domain.rota import Turn
from switchboard.domain.screening import Verdict
from switchboard.domain.webhook import Matter
from switchboard.flows.check_limits import RULES
from switchboard.flows.forwarding_yaml import MOST_LINKS, WORDS
from switchboard.flows.json_schema import flow_schema, included, piece_schema, required_unless_included
from switchboard.flows.json_schema_appointments import appointments_schema
from switchboard.flows.json_types import (
    DAY,
    DRAFT,
    IDENTIFIER,
    TEXT,
    Names,
    Schema,
    described,
    duration,
    entries,
    one_or_several,
    or_template,
    table,
    text_or_texts,
    whole_number,
    words,
    yes_or_no,
)
from switchboard.flows.lookups_yaml import METHODS
from switchboard.flows.messages_yaml import KEPT
from switchboard.flows.outbound_yaml import MOST_A_DAY, MOST_AT_ONCE, MOST_MINUTES
from switchboard.flows.queues_yaml import LONGEST_FOLDER, MOST_ATTEMPTS, MOST_WAITING
from switchboard.flows.screening_yaml import ATTESTATIONS, CAUSES, MOST_CALLS

EXTENSION: Schema = {"type": ["string", "integer"], "pattern": "^[0-9]{2,6}$", "minimum": 10, "maximum": 999999}
MOBILE: Schema = {"type": ["string", "integer"], "pattern": r"^\+[1-9][0-9]{6,14}$"}
EMAIL: Schema = {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$"}
A_TIME = "a time such as `20s` or `2m`"


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One schema, and the files of a configuration folder that it is for."""

    name: str
    files: str  # a pattern, from the folder that holds `ivr` and `prompts`
    make: Callable[[Names], Schema]


def _organisation(names: Names) -> Schema:
    needed = ("name", "timezone", "country", "languages", "reception", "emergency_numbers", "numbers")
    languages = one_or_several({"enum": list(NAMES)})
    properties = {
        "name": described(TEXT, "what you are called"),
        "timezone": described(words(sorted(available_timezones())), "such as Europe/Tallinn"),
        "country": described(words(sorted(list_supported_countries())), "two letters: its public holidays"),
        "languages": described(languages, "the default first: every text exists in it"),
        "reception": described(names.one_of("phones"), "the extension behind key 0"),
        "emergency_numbers": described(
            one_or_several(or_template({"type": ["string", "integer"], "pattern": "^[0-9]{2,6}$"})),
            "numbers that desk phones reach at once, such as 112",
        ),
        "numbers": described(
            entries(_number(names), key=r"^\+?[0-9]{3,15}$"),
            "the numbers that callers dial, as trunks deliver them",
        ),
        "trunks": described(entries(_trunk()), "the lines to the telephone network"),
        "outbound": described(entries(_role(names)), "who may call outside from a desk phone: by role"),
        "client_classes": described(
            entries(text_or_texts(names)), "the classes of your clients, and what they are called"
        ),
        "lookups": described(entries(_lookup()), "other systems that flows ask about callers"),
        "unknown_callers": described(names.one_of("client_classes"), "the class of callers who are no clients"),
        "queues": described(entries(_queue(names)), "where callers wait for a free agent"),
        "consent": _consent(),
        "call_recording": _call_recording(names),
        "webhooks": described(entries(_webhook()), "systems that are told of messages or appointments"),
        "keep": _keep(),
        "checks": _checks(),
        "include": included(),
    }
    return {**table(properties), **required_unless_included(*needed)}


def _webhook() -> Schema:
    matter: Schema = {"enum": [each.value for each in Matter]}
    of: Schema = {"anyOf": [matter, {"type": "array", "items": matter, "minItems": 1}]}
    properties = {
        "url": described({"type": "string", "pattern": "^https?://"}, "where"),
        "of": described(of, "what it is told of; messages if not written"),
    }
    return table(properties, required=("url",))


def _keep() -> Schema:
    days: Schema = {"type": "string", "pattern": "^[1-9][0-9]{0,3}d$"}
    return table(
        dict.fromkeys(KEPT, days),
        description="how long messages are kept, and whom appointments were for, such as `365d`",
    )


def _number(names: Names) -> Schema:
    properties = {
        "name": described(TEXT, "what it is called in records"),
        "flow": described(names.one_of("flows"), "the flow that its callers begin with"),
        "language": described(names.one_of("languages"), "what its callers hear first; the default if not written"),
        "safety_net": _safety_net(names),
    }
    return table(properties, required=("name", "flow", "safety_net"))


def _safety_net(names: Names) -> Schema:
    prompt = names.one_of("prompts")
    phone = {"anyOf": [{"const": "reception"}, names.one_of("phones")]}
    properties = {
        "greeting": described(prompt, "the prompt said first"),
        "ring": described(phone, "`reception`, or an extension"),
        "ring_for": duration("how long it rings: `20s`, at most `5m`"),
        "leave_message": described(prompt, "the prompt that asks for a message"),
        "longest_message": duration("how long a message can be, such as `2m`"),
        "goodbye": described(prompt, "the prompt said last"),
    }
    about = "what a caller gets while the switchboard itself is out of order"
    return table(properties, required=("greeting", "leave_message", "goodbye"), description=about)


def _consent() -> Schema:
    properties = {
        "by": described(words([each.value for each in Asking]), "`ask`: 1 agrees, 2 refuses; `tell`: only 2 refuses"),
        "silence": described(words([each.value for each in Consent]), "what silence is after `ask`; `refused`"),
    }
    return table(properties, description="how callers are asked whether calls may be recorded")


def _call_recording(names: Names) -> Schema:
    subjects = {"numbers": "numbers", "departments": "departments", "people": "people", "queues": "queues"}
    properties = {
        **{key: one_or_several(names.one_of(what)) for key, what in subjects.items()},
        "classes": one_or_several(names.one_of("client_classes")),
        "record": described(words([each.value for each in Record]), "of whom it fits"),
        "keep": described({"type": "string", "pattern": "^[0-9]{1,4} *d$"}, "for how many days: `90d`"),
    }
    rule = table(properties, required=("record",))
    return described({"type": "array", "items": rule}, "which conversations are recorded: the first that fits decides")


def _role(names: Names) -> Schema:
    beginning = {"type": "string", "pattern": r"^\+[1-9][0-9]{0,13}$"}
    country = {"type": "string", "pattern": "^[A-Z]{2}$"}
    properties = {
        "phones": described(one_or_several(names.one_of("phones")), "whose role it is; without it, all others'"),
        "allowed": described(one_or_several({"anyOf": [country, beginning]}), "countries and beginnings: EE, +4670"),
        "forbidden": described(one_or_several(beginning), "beginnings that are not allowed all the same"),
        "costly": described(yes_or_no(), "may they dial premium rate and shared cost numbers"),
        "hours": described(names.one_of("hours"), "opening hours outside of which they may not"),
        "minutes_per_call": described(whole_number(1, MOST_MINUTES), "a call ends after so many"),
        "calls_at_once": described(whole_number(1, MOST_AT_ONCE), "of one phone"),
        "calls_per_day": described(whole_number(1, MOST_A_DAY), "of one phone"),
        "minutes_per_day": described(whole_number(1, MOST_A_DAY), "of one phone"),
    }
    return table(properties, required=("allowed",))


def _trunk() -> Schema:
    beginning = {"type": ["string", "integer"]}
    properties = {
        "host": described(TEXT, "the provider's name or address, such as sip.example.net"),
        "username": described(TEXT, "your account there"),
        "addresses": described(one_or_several(TEXT), "addresses its calls come from, such as 192.0.2.0/24"),
        "prefix": described(beginning, "digits dialled first for a line"),
        "allowed": described(one_or_several(beginning), "beginnings of the numbers that may be called, such as +372"),
        "caller_number": described(beginning, "the number that is shown to those you call"),
        "emergency": described(yes_or_no(), "does it take emergency calls"),
    }
    return table(properties, required=("host",))


def _queue(names: Names) -> Schema:
    priority = whole_number(0, HIGHEST_PRIORITY)
    music = {"type": "string", "pattern": IDENTIFIER, "maxLength": LONGEST_FOLDER}
    classes: Schema = table(dict.fromkeys(names.client_classes, priority)) if names.client_classes else {}
    members = {"anyOf": [table({"department": names.one_of("departments")}), one_or_several(names.one_of("people"))]}
    properties = {
        "members": described(members, "its agents: `{department: …}`, or people"),
        "strategy": described(words([each.value for each in Strategy]), "whom of the free agents it rings"),
        "ring_for": duration("how long an agent's phone rings: `15s`, at most `1m`"),
        "wrap_up": duration("an agent's pause after a call: `5s`"),
        "skip_for": duration("how long an agent who did not answer is not rung: `30s`"),
        "longest_wait": duration("a caller waits no longer: `10m`"),
        "most_waiting": described(whole_number(1, MOST_WAITING), "callers who can wait at once"),
        "comfort_every": duration("time between announcements: `30s`"),
        "position": described(yes_or_no(), "are callers told their place"),
        "wait": described(yes_or_no(), "are callers told how long it may take"),
        "music": described(or_template(music), "a folder of its own music: asterisk-config/README.md"),
        "head_start": duration("each level of priority counts as having come so much earlier: `2m`"),
        "priority": described(classes or entries(priority), "levels of priority by class of client"),
        "callback": _callback(names.one_of("hours")),
    }
    return table(properties, required=("members",))


def _callback(hours: Schema) -> Schema:
    properties = {
        "attempts": described(whole_number(1, MOST_ATTEMPTS), "how often a person is tried: 3"),
        "pause": duration("time between two attempts: `10m`, at most `24h`", "smh"),
        "deadline": duration("how long after the promise the last attempt may begin: `24h`, at most `336h`", "smh"),
        "closing": described(hours, "opening hours: nor after the working day of the promise is over, or the next one"),
        "ring_for": duration("how long the person's phone rings: `30s`, at most `2m`"),
        "role": described(TEXT, "the role of `outbound` whose rules hold: where to, and when"),
    }
    return table(properties, description="callers may ask to be called back: the step `callback`")


def _checks() -> Schema:
    days = whole_number(1, 366)
    exception = table(
        {
            "rule": described(words(list(RULES)), "the rule, as `switchboard check` names it in brackets"),
            "at": described(TEXT, "`flow.step`, or the id of a fact, opening hours or a prompt"),
            "because": described(TEXT, "the reason"),
        },
        required=("rule", "at", "because"),
    )
    properties = {
        "silence": duration("nothing to hear for longer is told: `10s`"),
        "keys_to_a_human": described(whole_number(1, 9), "a person further away is told"),
        "closed_days": described(days, "hours closed for longer are told"),
        "shortest_break": duration("a shorter one between opening hours is told: `10m`"),
        "facts_days": described(days, "a fact with nothing to tell on one of the next days is told"),
        "allow": described({"type": "array", "items": exception}, "what is meant so"),
    }
    return table(properties, description="what `switchboard check` tells, and what it lets pass")


def _people(names: Names) -> Schema:
    own_hours = {"anyOf": [names.one_of("hours"), _hours_table(names, inherits=True)]}
    phone = described(or_template(EXTENSION), "the extension of a desk phone of its own")
    department = table(
        {
            "names": described(text_or_texts(names), "what it is called, per language"),
            "head": described(names.one_of("people"), "whose phone rings where it has none"),
            "phone": phone,
            "hours": described(own_hours, "its opening hours; `office` if not written"),
            "deputies": described(one_or_several(names.one_of("people")), "who stand in for its head, in this order"),
            "members": described(one_or_several(names.one_of("people")), "people of other departments who belong here"),
            "email": described(EMAIL, "where its messages go; to its head if not written"),
        },
        required=("names", "head"),
    )
    person = table(
        {
            "name": TEXT,
            "department": described(names.one_of("departments"), "where they work"),
            "phone": phone,
            "hours": described(own_hours, "when they are at work; the department's if not written"),
            "deputy": described(names.one_of("people"), "who stands in for them"),
            "mobile": described(or_template(MOBILE), "a mobile phone, such as +37255501234"),
            "roles": described(one_or_several({"type": "string", "pattern": IDENTIFIER}), "such as account_manager"),
            "absent": described(one_or_several(_absence()), "when they are not at work"),
            "email": described(EMAIL, "where their messages go, such as mari@example.net"),
            "language": described(
                names.one_of("languages"), "of the mail they get and of their mailbox; the default if not written"
            ),
            "pin_at_desk": described(yes_or_no(), "is their mailbox's PIN asked for at their own phone, too"),
            "listed": described(yes_or_no(), "can callers ask for them by name; yes if not written"),
        },
        required=("name", "department"),
    )
    phones = entries(TEXT, key="^[0-9]{2,6}$")
    properties = {
        "departments": entries(department),
        "people": entries(person),
        "phones": described(phones, "desk phones that belong to a place, not to a person"),
        "forwarding": _forwarding(names),
        "groups": described(entries(_group(names)), "people and phones that ring together or in turn"),
        "include": included(),
    }
    return {**table(properties), **required_unless_included("departments", "people")}


def _group(names: Names) -> Schema:
    listed = {key: one_or_several(names.one_of(key)) for key in ("people", "phones")}
    return {**table(listed), "minProperties": 1}


def _absence() -> Schema:
    day_or_time = or_template({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2})?$"})
    properties = {
        "from": described(day_or_time, "the first day, `2026-12-21`, or day and time, `2026-12-21 13:00`"),
        "until": described(day_or_time, "the last day, or the day and time of coming back"),
        "because": described(TEXT, "the reason, for the record"),
    }
    return table(properties, required=("from", "until"))


def _forwarding(names: Names) -> Schema:
    by_name = {
        "oneOf": [
            table({"role": {"type": "string"}}, required=("role",)),
            table({"person": names.one_of("people")}, required=("person",)),
        ]
    }
    link = {"anyOf": [words(WORDS), by_name]}
    chain = {"type": "array", "items": link, "minItems": 1, "maxItems": MOST_LINKS}
    to_whom = {"anyOf": [{"const": MANAGER}, names.one_of("departments")]}
    properties = {
        "new_clients": described(names.one_of("departments"), "whose head gets clients without a manager"),
        "arrears": described(to_whom, "who gets clients in arrears: `manager`, or a department"),
        "chains": described(entries(chain), "who is rung, one after the other; `default` and `department` are there"),
    }
    return table(properties, description="whom callers are put through to")


def _hours(names: Names) -> Schema:
    # A table of its own says `open` and `spoken`, unless it inherits them.
    whole = {"if": {"not": {"required": ["inherits"]}}, "then": {"required": ["open", "spoken"]}}
    tables = entries({**_hours_table(names), **whole})
    return {**tables, "properties": {"include": included()}}


def _hours_table(names: Names, *, inherits: bool = False) -> Schema:
    days = or_template({"type": "string", "pattern": "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"})
    override = table(
        {
            "on": described(days, "the day: `2026-12-24`, or `12-24` every year"),
            "from": described(days, "the first day"),
            "until": described(days, "the last day"),
            "open": described(TEXT, "the hours of these days; `off` is closed"),
            "because": described(TEXT, "the reason, for the record"),
            "spoken": described(text_or_texts(names), "said with the opening hours on these days"),
        },
        required=("open", "because"),
    )
    either = [{"required": ["on"], "not": {"anyOf": [{"required": ["from"]}, {"required": ["until"]}]}}]
    either.append({"required": ["from", "until"], "not": {"required": ["on"]}})
    day = or_template(DAY)
    moved = table(
        {
            "off": described(day, "the working day that is off"),
            "work": described(day, "the day that is worked instead"),
            "because": described(TEXT, "the reason, for the record"),
        },
        required=("off", "work", "because"),
    )
    of_whom = "those of the department or office" if inherits else "others of hours.yaml"
    properties = {
        "open": described(TEXT, "as in OpenStreetMap: `Mo-Fr 09:00-12:30,13:00-17:00; PH off`"),
        "spoken": described(text_or_texts(names), "what callers hear"),
        "inherits": described(names.one_of("hours"), f"whose hours count for what is not written here: {of_whom}"),
        "country": described(words(sorted(list_supported_countries())), "whose public holidays count"),
        "timezone": described(words(sorted(available_timezones())), "whose wall clock counts"),
        "overrides": {"type": "array", "items": {**override, "oneOf": either}},
        "moved": described({"type": "array", "items": moved}, "working days moved to other days"),
    }
    return table(properties)


def _lookup() -> Schema:
    properties = {
        "url": described(TEXT, "its address, such as https://crm.example.net/callers/{number}"),
        "within": duration("how long it may take: `2s`, at most `5s`"),
        "method": described(words(METHODS), "`get`, or `post` with the numbers in a JSON body"),
    }
    return table(properties, required=("url",))


def _screening(names: Names) -> Schema:
    number = or_template({"type": ["string", "integer"]})
    entry = table({"number": number, "because": described(TEXT, "the reason, for the record")}, required=("number",))
    listed = one_or_several({"anyOf": [number, entry]})
    verdict = words([each.value for each in Verdict])
    hard = words([each.value for each in Verdict if each is not Verdict.ALLOW])
    rate = {
        "calls": described(whole_number(1, MOST_CALLS), "calls of one number that are let pass"),
        "within": duration("the time in which they are counted: `10m`"),
        "verdict": described(hard, "what becomes of those beyond"),
    }
    spam = {
        "score": described(whole_number(0, 100), "from which on a caller is taken for a nuisance"),
        "verdict": described(hard, "what becomes of them"),
    }
    attested = dict.fromkeys(ATTESTATIONS, verdict)
    properties = {
        "allow": described(listed, "numbers that are always let pass: `+37255501234`, or beginnings: `+372900*`"),
        "block": described(listed, "numbers that are never put through"),
        "blocked": described(hard, "what becomes of blocked callers; `reject` if not written"),
        "anonymous": described(verdict, "what becomes of callers without a number"),
        "rate": described(table(rate, required=tuple(rate)), "how often one number may call"),
        "attestation": described(table(attested), "by what the caller's network vouches for"),
        "spam": described(table(spam, required=tuple(spam)), "by the score of a service that knows nuisance callers"),
        "rejected_as": described(words([*CAUSES]), "what a rejected caller's network is told"),
        "include": included(),
    }
    return table(properties)


def _rotas(names: Names) -> Schema:
    instant = or_template({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2})?$"})
    wall = or_template({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"})
    people = one_or_several(names.one_of("people"))
    shift = table(
        {
            "people": described(people, "who takes it; several take turns"),
            "days": described(TEXT, "the days on which it begins, such as `Mo-Fr`; every day if not written"),
            "from": described(wall, "when it begins; midnight if not written"),
            "until": described(wall, "when it ends, on the next day if that is not later; midnight if not written"),
            "turn": described(words(list(Turn)), "how often they take turns; weekly if not written"),
            "since": described(or_template(DAY), "the first day of the first of them"),
        },
        required=("people",),
    )
    override = table(
        {
            "from": described(instant, "the first day, or day and time"),
            "until": described(instant, "the last day, or the day and time at which it is over"),
            "person": described(names.one_of("people"), "who is on call then"),
            "because": described(TEXT, "the reason, for the record"),
        },
        required=("from", "until", "person"),
    )
    rota = table(
        {
            "timezone": described(words(sorted(available_timezones())), "whose wall clock counts"),
            "shifts": {"type": "array", "items": shift, "minItems": 1},
            "overrides": {"type": "array", "items": override, "minItems": 1},
            "then": described(
                people, "who is called next, one after the other, where the first does not take the call"
            ),
            "gaps": described(yes_or_no(), "is nobody on call at some hours, and is that meant so"),
        },
        required=("shifts",),
    )
    return {**entries(rota), "properties": {"include": included()}}


def _facts(names: Names) -> Schema:
    day = or_template(DAY)
    wording = table(
        {
            "from": described(day, "the first day on which it is true"),
            "until": described(day, "the last day on which it is true"),
            "text": described(text_or_texts(names), "what callers hear"),
        },
        required=("text",),
    )
    facts = entries(one_or_several(wording))
    return {**facts, "properties": {"include": included()}}


def _appointments(names: Names) -> Schema:
    return appointments_schema(names, own_hours=_hours_table(names, inherits=True), absence=_absence())


def _texts(names: Names) -> Schema:
    return entries(TEXT, known=names.prompts)


def _whole(title: str, make: Callable[[Names], Schema]) -> Callable[[Names], Schema]:
    return lambda names: {"$schema": DRAFT, "title": title, **make(names)}


FILES: Mapping[str, SchemaFile] = {
    each.name: each
    for each in (
        SchemaFile("organisation", "ivr/organisation.yaml", _whole("Who we are", _organisation)),
        SchemaFile("people", "ivr/people.yaml", _whole("Whom callers ask for", _people)),
        SchemaFile("hours", "ivr/hours.yaml", _whole("When we are open", _hours)),
        SchemaFile("screening", "ivr/screening.yaml", _whole("Who may call", _screening)),
        SchemaFile("rota", "ivr/rota.yaml", _whole("Who is on call", _rotas)),
        SchemaFile("appointments", "ivr/appointments.yaml", _whole("What callers can book", _appointments)),
        SchemaFile("facts", "ivr/facts.yaml", _whole("What callers may ask for", _facts)),
        SchemaFile("flow", "ivr/flows/*.yaml", flow_schema),
        SchemaFile("piece", "ivr/flows/*/*.yaml", piece_schema),
        SchemaFile("texts", "prompts/texts/*.yaml", _whole("What is said", _texts)),
    )
}
