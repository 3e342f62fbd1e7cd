"""What is told of an appointment in writing: in mail, in calendars, in short texts, in the reader's language.

What a client or a caller said is text, wherever it stands. In a calendar stands no more of a client than a name, and
that only where the calendar is to show it: others may see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import yaml

from switchboard.calendars.icalendar_text import Attendee, Told, one_line
from switchboard.domain.appointment import Appointment
from switchboard.domain.language import ENGLISH, NAMES, Language
from switchboard.domain.notification import Occasion, Receiver
from switchboard.domain.organisation import Organisation

OCCASIONS: Mapping[str, str] = {
    Occasion.APPOINTMENT_BOOKED: "booked",
    Occasion.APPOINTMENT_MOVED: "moved",
    Occasion.APPOINTMENT_CANCELLED: "cancelled",
    Occasion.APPOINTMENT_REMINDER: "reminder",
    Occasion.APPOINTMENT_PUT_BACK: "put_back",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """A mail about an appointment."""

    subject: str
    intro: str
    rows: tuple[tuple[str, str], ...]  # label and value
    footer: str


def wording(
    appointment: Appointment, occasion: str, organisation: Organisation, reader: Receiver, *, is_booker: bool
) -> Wording:
    """As it is mailed to whoever booked it, or to somebody here who has it."""
    words, booker = words_of(reader.language), appointment.booker
    when = when_written(appointment.slot.start, organisation)
    about_client = () if is_booker else (("client", booker.name), ("number", booker.number), ("note", booker.note))
    told = (
        ("what", name_of(appointment, organisation, reader.language)),
        ("when", when),
        ("who_with", ", ".join(_resources(appointment, organisation, reader.language))),
        *about_client,
        ("reference", appointment.reference),
    )
    named = OCCASIONS[occasion]
    return Wording(
        filled(words[f"subject_{named}"], when=when),
        words[f"intro_{named}"],
        tuple((words[label], one_line(value)) for label, value in told if value),
        filled(words["footer"], organisation=organisation.name),
    )


def short_text(appointment: Appointment, organisation: Organisation) -> str:
    """For a phone: nothing of the matter, whoever looks at it."""
    language = appointment.booker.language or organisation.default_language
    when = when_written(appointment.slot.start, organisation)
    values = {"organisation": organisation.name, "when": when, "reference": appointment.reference}
    return filled(words_of(language)["sms"], **values)


def told_to(
    reader: Receiver, appointment: Appointment, organisation: Organisation, sender: str, *, is_booker: bool
) -> Told:
    """In an invitation: nobody else is named in it as coming."""
    words = words_of(reader.language)
    name = name_of(appointment, organisation, reader.language)
    summary = f"{name} – {organisation.name if is_booker else appointment.booker.name or words['client']}"
    return Told(
        summary,
        f"{words['reference']}: {appointment.reference}",
        organiser=Attendee(sender, organisation.name),
        attendees=(Attendee(reader.address, reader.name, is_coming=True),),
    )


def told_in_calendar(appointment: Appointment, organisation: Organisation, resource: str, *, with_client: bool) -> Told:
    """In the calendar of somebody here, which others may see."""
    found = organisation.appointments.resources.get(resource)
    person = organisation.people.get(found.person) if found else None
    language = (person.language if person else None) or organisation.default_language
    summary = name_of(appointment, organisation, language)
    if with_client and appointment.booker.name:
        summary += f" – {appointment.booker.name}"
    return Told(summary, f"{words_of(language)['reference']}: {appointment.reference}")


def name_of(appointment: Appointment, organisation: Organisation, language: Language) -> str:
    """What was booked, with a capital letter."""
    found = organisation.appointments.event_types.get(appointment.event_type)
    name = _in(found.names, organisation, language) if found else appointment.event_type
    return name[:1].upper() + name[1:]


def when_written(at: datetime, organisation: Organisation) -> str:
    """By the organisation's clocks; in the hour that they show twice, with its distance from UTC."""
    there = at.astimezone(ZoneInfo(organisation.timezone))
    is_doubled = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return f"{there:%Y-%m-%d %H:%M}" + (f"{there: (UTC%z)}" if is_doubled else "")


@cache
def words_of(language: Language) -> Mapping[str, str]:
    """Our words in this language; English where we have none."""
    known = language if language in NAMES else ENGLISH
    text = (files("switchboard.calendars") / "words" / f"{known}.yaml").read_text("utf-8")
    return {str(name): str(said) for name, said in yaml.safe_load(text).items()}


def filled(words: str, **values: str) -> str:
    """Our words with values in them; no value is a template."""
    parts = words.split("{{ ")
    return parts[0] + "".join(_filled(part, values) for part in parts[1:])


def _filled(part: str, values: Mapping[str, str]) -> str:
    name, _, rest = part.partition(" }}")
    return one_line(values[name]) + rest


def _resources(appointment: Appointment, organisation: Organisation, language: Language) -> list[str]:
    known = organisation.appointments.resources
    return [_in(known[each].names, organisation, language) for each in appointment.slot.resources if each in known]


def _in(names: Mapping[Language, str], organisation: Organisation, language: Language) -> str:
    return names.get(language) or names.get(organisation.default_language) or next(iter(names.values()), "")
