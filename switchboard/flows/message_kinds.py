"""What the fields of `voicemail` and `message` hold: whose mailbox, how callers are greeted, what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from switchboard.domain.forwarding import MANAGER, Callee, Situation
from switchboard.domain.message import Part
from switchboard.domain.organisation import Organisation
from switchboard.flows.callee_prompts import need_prompts
from switchboard.flows.forwarding_kinds import CALLEE
from switchboard.flows.people_kinds import name_said
from switchboard.flows.schema import FlowReading
from switchboard.flows.source import Node, Place, Scalar, Table
from switchboard.services.office import Speech
from switchboard.services.take_message import CALL_BACK, MessageWords

GREETING = "greeting_"  # and the person's or department's id: a greeting of their own, recorded or spoken
UNAVAILABLE, BUSY, ABSENT, NOBODY = "mailbox_unavailable", "mailbox_busy", "mailbox_absent", "mailbox_nobody"
BACK_ON, DAY, MONTH = "mailbox_back_on", "day_{}", "month_{}"
LEAVE, TOO_SHORT, TIME_LEFT = "message_leave", "message_too_short", "message_time_left"
REVIEW, SAVED, NO_ROOM = "message_review", "message_saved", "message_no_room"
WHO, ABOUT, WHEN = "message_who", "message_about", "message_call_back"
DAYS, MONTHS = range(1, 32), range(1, 13)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose messages they are, and what callers hear."""

    person: str  # id; "" for a department
    department: str  # id; "" for a person
    words: MessageWords
    own: Speech | None  # a greeting of its own, said whatever the state
    name: Speech
    states: Mapping[str, Speech]  # by prompt
    days: Mapping[int, Speech]  # empty where there are no words for dates
    months: Mapping[int, Speech]

    def greeting(self, situation: Situation | None, now: datetime, zone: ZoneInfo) -> list[Speech]:
        """What is said first: by the state of the person (None of a department). `now` in UTC."""
        if self.own is not None:
            return [self.own]
        if situation is None:
            return [self.states[NOBODY]]
        if situation.is_busy or situation.is_there or situation.until is None:
            return [self.name, self.states[BUSY if situation.is_busy else UNAVAILABLE]]
        back = situation.until.astimezone(zone).date()
        return [self.name, self.states[ABSENT], *self._date(back, now.astimezone(zone).date())]

    def _date(self, back: date, today: date) -> list[Speech]:
        """When they are back; nothing where it is today, or so far away that the year would matter."""
        if not self.days or not 0 < (back - today).days < 300:
            return []
        return [self.states[BACK_ON], self.days[back.day], self.months[back.month]]


@dataclass(frozen=True, slots=True)
class ManagersMailbox:
    """That of the caller's account manager, or of whomever callers get instead: as `forward: manager` has it."""

    boxes: Mapping[Callee, Mailbox]  # of everybody whom it may be


def asked_of_client(mailbox: Mailbox | ManagersMailbox) -> tuple[str, ...]:
    """What of a client decides whose mailbox it is."""
    return (CALLEE,) if isinstance(mailbox, ManagersMailbox) else ()


@dataclass(frozen=True, slots=True)
class MailboxOf:
    """Whom messages are for."""

    expected: str = "`manager`, `{person: …}` or `{department: …}`"

    def read(self, flow: FlowReading, node: Node, place: Place) -> Mailbox | ManagersMailbox:
        reading, organisation = flow.reading, flow.organisation
        if isinstance(node, Scalar) and not node.is_empty and reading.value(node, place, "a mailbox") == MANAGER:
            return _managers_mailbox(flow, node.place)
        person = department = ""
        table = reading.table(node, place, "whom the message is for") if isinstance(node, Table) else None
        if table is None or len(table.entries) != 1:
            reading.problems.add(node.place, "whom the message is for is not clear", self.expected)
        else:
            reading.keys(table, "whom the message is for", allowed=("person", "department"))
            ((by, who),) = table.entries.items()
            if by == "person":
                person = reading.choice(who, table.key_places[by], "person", organisation.people)
            elif by == "department":
                department = reading.choice(who, table.key_places[by], "department", organisation.departments)
        return _mailbox(flow, person, department, node.place)


@dataclass(frozen=True, slots=True)
class AskedParts:
    """What is asked beside the message."""

    expected: str = f"some of {Part.WHO}, {Part.ABOUT}, {CALL_BACK}, such as `[{Part.WHO}, {CALL_BACK}]`"

    @property
    def words(self) -> tuple[str, ...]:
        """All there are, in the order they are asked."""
        return (Part.WHO.value, Part.ABOUT.value, CALL_BACK)

    def read(self, flow: FlowReading, node: Node, place: Place) -> frozenset[str]:
        reading = flow.reading
        asked = reading.several(node, place, lambda item, at: reading.choice(item, at, "question", self.words))
        prompts = {Part.WHO.value: WHO, Part.ABOUT.value: ABOUT, CALL_BACK: WHEN}
        need_prompts(flow, [prompts[each] for each in asked if each], node.place, "callers are asked")
        return frozenset(filter(None, asked))


def _mailbox(flow: FlowReading, person: str, department: str, place: Place) -> Mailbox:
    words = (LEAVE, TOO_SHORT, TIME_LEFT, REVIEW, SAVED, NO_ROOM)
    states = (UNAVAILABLE, BUSY, ABSENT) if person else (NOBODY,)
    need_prompts(flow, (*words, *states), place, "who leaves a message is told")
    own = flow.prompts.get(f"{GREETING}{person or department}")
    said = {state: _said(flow, state) for state in (*states, BACK_ON)}
    dates = [DAY.format(day) for day in DAYS] + [MONTH.format(month) for month in MONTHS] + [BACK_ON]
    has_dates = bool(person) and own is None and all(each in flow.prompts for each in dates)
    return Mailbox(
        person,
        department,
        MessageWords(*(_said(flow, each) for each in (*words, WHO, ABOUT, WHEN))),
        own,
        _name(flow, flow.organisation, person) if own is None else {},
        said,
        {day: _said(flow, DAY.format(day)) for day in DAYS} if has_dates else {},
        {month: _said(flow, MONTH.format(month)) for month in MONTHS} if has_dates else {},
    )


def _managers_mailbox(flow: FlowReading, place: Place) -> ManagersMailbox:
    organisation = flow.organisation
    rules = organisation.forwarding
    boxes = {Callee(person=each): _mailbox(flow, each, "", place) for each in organisation.people}
    if rules.new_clients not in organisation.departments:
        # As reception gets the caller in person: its messages are those of the department that has the phone.
        at_reception = [each.id for each in organisation.departments.values() if each.phone == organisation.reception]
        if not at_reception:
            text = "nobody gets the messages of callers without an account manager"
            flow.reading.problems.add(place, text, "`new_clients: <department>` under `forwarding:` in people.yaml")
        boxes[Callee()] = _mailbox(flow, "", next(iter(at_reception), ""), place)
    if rules.arrears in organisation.departments:
        boxes[Callee(department=rules.arrears)] = _mailbox(flow, "", rules.arrears, place)
    return ManagersMailbox(boxes)


def _name(flow: FlowReading, organisation: Organisation, person: str) -> Speech:
    return name_said(flow, organisation.people[person]) if person else {}


def _said(flow: FlowReading, prompt: str) -> Speech:
    return flow.prompts.get(prompt, {})
