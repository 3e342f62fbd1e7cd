"""What nobody can ever book, and what is there to be booked for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from switchboard.domain.appointment import EventType, ReminderWay
from switchboard.domain.free_slots import SlotSearch, open_spans
from switchboard.flows.checks.findings import Examined, Finding
from switchboard.flows.problems import Severity

FILE = "appointments.yaml"


def never_booked(examined: Examined) -> Iterator[Finding]:
    """Event types without a single free slot within their horizon, though nothing were booked."""
    for event_type in examined.configuration.organisation.appointments.event_types.values():
        if _is_bookable(examined, event_type):
            continue
        text, expected = _reason(examined, event_type)
        place = examined.places.of(FILE, "event_types", event_type.id)
        whole = f"nobody can ever book `{event_type.id}`: {text}"
        yield Finding("never-booked", Severity.WARNING, place, (event_type.id,), whole, expected)


def unused_resources(examined: Examined) -> Iterator[Finding]:
    """Resources that no event type needs."""
    rules = examined.configuration.organisation.appointments
    used = {each for event_type in rules.event_types.values() for need in event_type.needs for each in need}
    for identifier in rules.resources:
        if identifier not in used:
            place = examined.places.of(FILE, "resources", identifier)
            text = f"no event type needs the resource `{identifier}`"
            yield Finding("unused-resource", Severity.WARNING, place, (identifier,), text, "it under `needs`")


def never_called(examined: Examined) -> Iterator[Finding]:
    """Clients who are to be called, and no role of `outbound` by whose rules that could be."""
    organisation = examined.configuration.organisation
    rules = organisation.appointments
    reminds = ReminderWay.CALL in rules.remind_by and any(each.reminders for each in rules.event_types.values())
    if organisation.outbound is None or rules.call_role or not reminds:
        return
    text = "clients are reminded by call, and no role of `outbound` says where our calls may go: nobody is called"
    place = examined.places.of(FILE)
    yield Finding(
        "never-called", Severity.WARNING, place, ("call_role",), text, "`call_role: …`, or `remind_by` without"
    )


def _is_bookable(examined: Examined, event_type: EventType) -> bool:
    organisation = examined.configuration.organisation
    rules = replace(organisation.appointments, event_types={event_type.id: event_type})
    search = SlotSearch.of(replace(organisation, appointments=rules), examined.configuration.hours)
    return next(search.free(event_type.id, (), examined.now, after=examined.now), None) is not None


def _reason(examined: Examined, event_type: EventType) -> tuple[str, str]:
    """Why, and what was expected."""
    if event_type.notice >= event_type.horizon:
        return "its notice is not shorter than its horizon", "a longer `horizon`"
    for need in event_type.needs:
        if _is_bookable(examined, replace(event_type, needs=(need,))):
            continue
        named = " or ".join(f"`{each}`" for each in need[:3])
        longest = max(_longest_opening(examined, each, event_type) for each in need)
        if longest < event_type.duration:
            minutes = longest // timedelta(minutes=1)
            takes = event_type.duration // timedelta(minutes=1)
            return f"it takes {takes} minutes, {named} is open for {minutes} at most", "longer hours, or a shorter time"
        return f"{named} is never free at a time when it can begin", "other hours, or another `interval`"
    return "what it needs is never free at the same time", "hours that overlap for long enough"


def _longest_opening(examined: Examined, resource: str, event_type: EventType) -> timedelta:
    """Of a resource, within the horizon."""
    configuration = examined.configuration
    table = configuration.hours[configuration.organisation.appointments.resources[resource].hours]
    spans = open_spans(table, examined.now, examined.now + event_type.horizon)
    return max((ends - begins for begins, ends in spans), default=timedelta())
