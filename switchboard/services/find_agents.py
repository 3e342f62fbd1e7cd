"""Who may serve the callers of a queue at this moment, and how urgent a caller is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from switchboard.domain.hours import HoursKind
from switchboard.domain.queueing import Queue
from switchboard.services.office import Office
from switchboard.services.wait_in_queue import OnDuty


def agents_on_duty(queue: Queue, office: Office, now: datetime) -> OnDuty:
    """Who is within their opening hours, and there as far as anybody knows."""
    organisation = office.organisation
    zone = ZoneInfo(organisation.timezone)
    phones, can_ring = [], set()
    for member in queue.members:
        person = organisation.people[member]
        hours = office.hours.get(organisation.hours_of(member))
        if person.phone is None or (hours is not None and hours.state_at(now).kind is not HoursKind.OPEN):
            continue
        situation = office.presence.situation_of(person, zone)
        if situation.is_there:
            can_ring.add(person.phone.line)
        if situation.is_there or situation.is_busy:
            phones.append(person.phone)
    return OnDuty(tuple(phones), frozenset(can_ring))


def priority_of(queue: Queue, client_told: Callable[[str], object]) -> int:
    """Of a caller of whom this is told (KnownCaller.told). Nobody is asked where the queue has no priorities."""
    return queue.priorities.get(str(client_told("class")), 0) if queue.priorities else 0
