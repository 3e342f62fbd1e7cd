"""Whom a caller is put through to: the chain of people, from the one asked for to the last who may take the call.

The chains are data:

    chain        links, tried in this order
    -----------  -------------------------------------------------------------------------------------------------
    default      the person asked for; their deputy; another account manager; the head of their department
    department   the department's own phone; its head; its deputies

    link         who that is
    -----------  -------------------------------------------------------------------------------------------------
    asked        whom the caller is for: a person, or a department's own phone
    deputy       the person's deputy; if that one is away, the deputy's deputy, and so on
    role         one other person of that role who is there, of the same department if there is one
    head         the head of the department
    deputies     those who stand in for the head, in the order of people.yaml
    members      the others of the department, in the order of people.yaml
    person       a named person

Nobody stands twice in what comes out, so a chain ends whoever deputises for whom. What follows when nobody took the
call (a message for the person asked for) is the flow's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from switchboard.domain.dialling import DialOutcome, Phone

if TYPE_CHECKING:
    from switchboard.domain.organisation import Department, Organisation, Person

ACCOUNT_MANAGER = "account_manager"
MANAGER, STANDING = "manager", "standing"  # of a client
OK = "ok"  # a client's standing


class LinkKind(StrEnum):
    """What a link of a chain names; see above."""

    ASKED = "asked"
    DEPUTY = "deputy"
    ROLE = "role"
    HEAD = "head"
    DEPUTIES = "deputies"
    MEMBERS = "members"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `who` is a role's or a person's id, for the kinds that need one."""

    kind: LinkKind
    who: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.who}" if self.who else self.kind.value


Chain = tuple[Link, ...]

DEFAULT, DEPARTMENT = "default", "department"
CHAINS: Mapping[str, Chain] = {
    DEFAULT: (
        Link(LinkKind.ASKED),
        Link(LinkKind.DEPUTY),
        Link(LinkKind.ROLE, ACCOUNT_MANAGER),
        Link(LinkKind.HEAD),
    ),
    DEPARTMENT: (Link(LinkKind.ASKED), Link(LinkKind.HEAD), Link(LinkKind.DEPUTIES)),
}


@dataclass(frozen=True, slots=True)
class ForwardingRules:
    """What an organisation says of forwarding."""

    new_clients: str = ""  # the department whose head gets callers without a manager; "": not said
    arrears: str = MANAGER  # whom clients in arrears get: their manager, or a department
    chains: Mapping[str, Chain] = field(default_factory=lambda: dict(CHAINS))


@dataclass(frozen=True, slots=True)
class Callee:
    """Whom a caller is for: a person or a department, by id."""

    person: str = ""
    department: str = ""

    def __str__(self) -> str:
        return self.person or f"department {self.department}"


@dataclass(frozen=True, slots=True)
class Situation:
    """Can somebody be rung now?"""

    is_there: bool = True
    why: str = ""  # they can't: "absent until Thu 24 Dec 00:00", "do not disturb"
    is_busy: bool = False  # they can't, and are at work all the same
    until: datetime | None = None  # UTC; when they are back, if they said so


@dataclass(frozen=True, slots=True)
class Target:
    """One link as it came out for a call: somebody to be rung, or `skipped` with the reason."""

    link: Link
    person: str  # id; "" for a department's own phone
    name: str
    phones: tuple[Phone, ...] = ()
    skipped: str = ""
    is_busy: bool = False  # skipped, and at work all the same


class Reached(StrEnum):
    """What trying a whole chain came to."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NOBODY = "nobody"


_WITHOUT_ANSWER = {
    DialOutcome.NO_ANSWER: Reached.NO_ANSWER,
    DialOutcome.DECLINED: Reached.NO_ANSWER,
    DialOutcome.FAILED: Reached.NO_ANSWER,
    DialOutcome.BUSY: Reached.BUSY,
    DialOutcome.UNAVAILABLE: Reached.NOBODY,
}


def come_to(outcomes: Iterable[DialOutcome]) -> Reached:
    """What ringing one after the other came to: answered; else no answer if a phone rang or was refused, busy if all
    who are there are in calls, nobody if no phone was there to ring."""
    reached = [Reached.ANSWERED if each is DialOutcome.ANSWERED else _WITHOUT_ANSWER[each] for each in outcomes]
    order = (Reached.ANSWERED, Reached.NO_ANSWER, Reached.BUSY)
    return next((each for each in order if each in reached), Reached.NOBODY)


def callee_for(manager: str, standing: str, organisation: Organisation) -> tuple[Callee, str]:
    """Whom a client is for who asks for the account manager, and why; `manager` is a person's id, "" if none is
    assigned.

        client                         is for
        -----------------------------  --------------------------------------------------------
        none, or without a manager     the head of the department `new_clients`, who assigns one
        whose manager has left         the same
        in arrears                     the manager, or the department that `arrears` names
        any other                      the manager
    """
    rules = organisation.forwarding
    if manager not in organisation.people:
        department = organisation.departments.get(rules.new_clients)
        return Callee(person=department.head if department else ""), "no manager is assigned"
    if standing not in ("", OK) and rules.arrears in organisation.departments:
        return Callee(department=rules.arrears), f"standing {standing}"
    return Callee(person=manager), "assigned manager"


def forward_targets(
    callee: Callee, chain: Chain, organisation: Organisation, situation_of: Callable[[Person], Situation]
) -> tuple[Target, ...]:
    """Who is rung, one after the other, and who is passed over why. Without anybody to ring, nobody is there."""
    return tuple(_Forwarding(callee, organisation, situation_of).along(chain))


class _Forwarding:
    """One call's way along a chain."""

    def __init__(self, callee: Callee, organisation: Organisation, situation_of: Callable[[Person], Situation]) -> None:
        self._people = organisation.people
        self._organisation = organisation
        self._situation_of = situation_of
        self._asked = self._people.get(callee.person)
        of = callee.department or (self._asked.department if self._asked else "")
        self._department: Department | None = organisation.departments.get(of)
        self._is_for_department = bool(callee.department)
        self._seen: set[str] = set()  # people
        self._lines: set[str] = set()  # of phones that are rung already

    def along(self, chain: Chain) -> Iterator[Target]:
        for link in chain:
            if link.kind is LinkKind.ASKED and self._is_for_department:
                yield from self._own_phone(link)
            for person in self._candidates(link):
                if person.id in self._seen:
                    continue
                self._seen.add(person.id)
                if (target := self._target(link, person)) is None:
                    continue
                yield target
                if link.kind in (LinkKind.ROLE, LinkKind.DEPUTY) and not target.skipped:
                    break  # one is enough

    def _candidates(self, link: Link) -> Iterable[Person]:
        department = self._department
        match link.kind:
            case LinkKind.ASKED:
                return [self._asked] if self._asked else []
            case LinkKind.DEPUTY:
                return self._deputies_of(self._asked)
            case LinkKind.ROLE:
                holders = [each for each in self._people.values() if link.who in each.roles]
                own = department.id if department else ""
                return sorted(holders, key=lambda each: each.department != own)
            case LinkKind.HEAD:
                return self._named([department.head]) if department else []
            case LinkKind.DEPUTIES:
                return self._named(department.deputies) if department else []
            case LinkKind.MEMBERS:
                return self._organisation.members_of(department.id) if department else []
            case LinkKind.PERSON:
                return self._named([link.who])

    def _deputies_of(self, person: Person | None) -> Iterator[Person]:
        """Of the asked one; then, as long as each is away, of that deputy."""
        passed: set[str] = set()
        while person is not None and person.deputy not in passed:
            passed.add(person.deputy)
            person = self._people.get(person.deputy)
            if person is not None:
                yield person

    def _named(self, identifiers: Iterable[str]) -> list[Person]:
        return [self._people[each] for each in identifiers if each in self._people]

    def _own_phone(self, link: Link) -> Iterator[Target]:
        phone = self._department.phone if self._department else None
        if phone is not None and phone.line not in self._lines:
            self._lines.add(phone.line)
            yield Target(link, "", phone.name, (phone,))

    def _target(self, link: Link, person: Person) -> Target | None:
        """None if all their phones are rung already, as somebody else's."""
        phones = tuple(each for each in person.phones if each.line not in self._lines)
        if person.phones and not phones:
            return None
        situation = self._situation_of(person) if phones else Situation(False, "has no phone")
        if not situation.is_there:
            return Target(link, person.id, person.name, (), situation.why, situation.is_busy)
        self._lines.update(each.line for each in phones)
        return Target(link, person.id, person.name, phones)
