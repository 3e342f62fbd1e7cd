"""appointments.yaml as JSON Schema."""

from __future__ import annotations

from switchboard.domain.appointment import ReminderWay
from switchboard.flows.appointments_yaml import MOST_NEEDS, MOST_PER_DAY, MOST_REMINDERS
from switchboard.flows.bookable_yaml import MOST_AT_ONCE
from switchboard.flows.json_schema import included
from switchboard.flows.json_types import (
    IDENTIFIER,
    Names,
    Schema,
    described,
    entries,
    one_or_several,
    or_template,
    table,
    text_or_texts,
    whole_number,
    yes_or_no,
)


def appointments_schema(names: Names, *, own_hours: Schema, absence: Schema) -> Schema:
    """The whole file; `own_hours` describes hours written out on the spot, `absence` one absence."""
    properties = {
        "resources": described(entries(_resource(names, own_hours, absence)), "people, rooms and things to be booked"),
        "event_types": described(entries(_event_type(names)), "what callers can book"),
        "hold": _length("how long a slot is kept for a caller who decides: `3m`, at most `15m`", "sm"),
        "decent_hours": described(names.one_of("hours"), "when people may be called; 09:00-20:00 if not written"),
        "waitlist": described(yes_or_no(), "are people called when a slot becomes free; yes if not written"),
        "remind_by": described(_ways(), "how clients are reminded; in every way that there is, if not written"),
        "call_role": described({"type": "string", "pattern": IDENTIFIER}, "the role of `outbound` our calls go out by"),
        "include": included(),
    }
    return table(properties)


def _resource(names: Names, own_hours: Schema, absence: Schema) -> Schema:
    hours = {"anyOf": [names.one_of("hours"), own_hours]}
    properties = {
        "names": described(text_or_texts(names), "what it is called, per language; a person's own name if not written"),
        "person": described(names.one_of("people"), "who it is, of people.yaml: their absences count"),
        "hours": described(hours, "when it can be booked; the person's, or `office`, if not written"),
        "capacity": described(whole_number(1, MOST_AT_ONCE), "appointments at the same time; 1 if not written"),
        "absent": described(one_or_several(absence), "when it cannot be booked"),
        "calendar": _calendar(),
    }
    return table(properties)


def _ways() -> Schema:
    way: Schema = {"enum": [each.value for each in ReminderWay]}
    return {"anyOf": [way, {"type": "array", "items": way}]}


def _calendar() -> Schema:
    properties = {
        "url": described({"type": "string", "pattern": "^https?://"}, "the calendar's own address on a CalDAV server"),
        "username": described({"type": "string", "minLength": 1}, "whose account is used there"),
        "clients": described(yes_or_no(), "are clients' names shown there; yes if not written"),
    }
    return table(properties, required=("url", "username"), description="a calendar elsewhere, kept in step")


def _event_type(names: Names) -> Schema:
    properties = {
        "names": described(text_or_texts(names), "what it is called, per language"),
        "duration": _length("how long it takes: `45m`, at most `1d`"),
        "needs": described(_needs(names), "one resource for each; of several that can be it the first is preferred"),
        "before": _length("for preparing: its resources are not free then either"),
        "after": _length("for clearing away: its resources are not free then either"),
        "notice": _length("between booking and beginning, at least: `24h`"),
        "interval": _length("it begins at multiples of this, counted from midnight; `30m` if not written"),
        "per_day": described(whole_number(1, MOST_PER_DAY), "bookings a day, at most"),
        "horizon": _length("how far ahead it can be booked: `60d`, at most `400d`"),
        "chooses": described(yes_or_no(), "may callers ask for another person; no if not written"),
        "department": described(names.one_of("departments"), "who is called for callers who need a human"),
        "reminders": described(one_or_several(_length("before it begins: `24h`")), f"at most {MOST_REMINDERS}"),
    }
    return table(properties, required=("names", "duration", "needs"))


def _needs(names: Names) -> Schema:
    resource = or_template({"type": "string", "pattern": IDENTIFIER, "examples": [*names.resources, *names.people]})
    role = {"type": "string", "pattern": IDENTIFIER}
    group = {**table({"department": names.one_of("departments"), "role": role}), "minProperties": 1, "maxProperties": 1}
    several = {"type": "array", "items": resource, "minItems": 1}
    need = {"anyOf": [resource, several, group]}
    return {"anyOf": [resource, group, {"type": "array", "items": need, "minItems": 1, "maxItems": MOST_NEEDS}]}


def _length(description: str, units: str = "smhd") -> Schema:
    written: Schema = {"type": ["string", "integer"], "pattern": rf"^\s*(0|[0-9]{{1,5}}\s*[{units}])\s*$", "maximum": 0}
    return described(or_template(written), description)
