"""The organisation: its numbers, departments, people and desk phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from switchboard.domain.absence import Absence
from switchboard.domain.appointment import AppointmentRules
from switchboard.domain.call_recording import RecordingRule
from switchboard.domain.clients import UNKNOWN
from switchboard.domain.consent import ConsentRules
from switchboard.domain.dialling import Phone
from switchboard.domain.forwarding import ForwardingRules
from switchboard.domain.language import Language
from switchboard.domain.lookups import Lookup
from switchboard.domain.mail_templates import MailTemplates
from switchboard.domain.outbound import OutboundRules
from switchboard.domain.queueing import Queue
from switchboard.domain.retention import Retention
from switchboard.domain.ring_strategy import Member
from switchboard.domain.screening import ScreeningRules
from switchboard.domain.spoken import content_key
from switchboard.domain.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here."""

    id: str  # a word: "mari"
    name: str
    department: str  # a Department's id
    phone: Phone | None = None
    hours: str = ""  # an hours table's id; empty: the department's
    deputy: str = ""  # a Person's id: who stands in
    mobile: str = ""  # E.164
    roles: tuple[str, ...] = ()  # words: "account_manager"
    absences: tuple[Absence, ...] = ()
    is_listed: bool = True  # can be asked for by name
    email: str = ""  # where messages go
    language: Language | None = None  # of mail and of the mailbox; None: the organisation's default
    pin_at_desk: bool = False  # the mailbox's PIN is asked for at their own phone, too

    @property
    def phones(self) -> tuple[Phone, ...]:
        """All that ring for this person: the desk phone, and the mobile outside."""
        desk = (self.phone,) if self.phone else ()
        extension = self.phone.extension if self.phone else ""
        return (*desk, Phone(extension, self.name, self.mobile)) if self.mobile else desk


@dataclass(frozen=True, slots=True)
class Department:
    """A part of the organisation that callers ask for."""

    id: str
    names: Mapping[Language, str]
    head: str  # a Person's id
    phone: Phone | None = None  # the department's own phone, else its head's
    hours: str = "office"  # an hours table's id
    deputies: tuple[str, ...] = ()  # Persons' ids: who stand in for the head, in order
    members: tuple[str, ...] = ()  # Persons' ids: who belong to it beside those whose department it is
    email: str = ""  # where its messages go; empty: to its head


@dataclass(frozen=True, slots=True)
class SafetyNet:
    """What the dialplan alone does with a caller while no controller lives; texts per language."""

    greeting: str  # prompt ids
    leave_message: str
    goodbye: str
    ring: Phone  # usually reception
    ring_seconds: int = 20
    message_seconds: int = 120  # longest message


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the organisation that callers dial."""

    number: str  # digits as the trunk delivers them, "+" allowed
    name: str
    flow: str
    language: Language
    safety_net: SafetyNet


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line to the telephone network, at a SIP provider. Its password is a secret and never in the YAML."""

    id: str  # a word: "operator"
    host: str  # the provider's name or address, ":port" allowed
    username: str = ""  # the account we register with; empty where the provider knows us by our address
    addresses: tuple[str, ...] = ()  # addresses or networks the provider calls us from; empty: those of `host`
    prefix: str = ""  # digits a desk phone dials before an outside number, taken off; empty: none
    allowed: tuple[str, ...] = ()  # beginnings of outside numbers desk phones may call ("+372", "5"); empty: none
    caller_number: str = ""  # shown to the callee; empty: the desk phone's extension
    emergency: bool = False  # emergency numbers go out here


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everything about the organisation that does not change during a call."""

    name: str
    timezone: str  # IANA name
    country: str  # ISO 3166-1 alpha-2; public holidays and phone numbers follow it
    languages: tuple[Language, ...]  # the first is the default
    numbers: Mapping[str, Number]
    departments: Mapping[str, Department]
    people: Mapping[str, Person]
    phones: Mapping[str, Phone]  # by extension
    reception: Phone  # the human behind key 0
    emergency_numbers: tuple[str, ...]
    prompts: Mapping[str, Mapping[Language, str]]  # prompt id -> text per language
    trunks: tuple[Trunk, ...] = ()
    outbound: OutboundRules | None = None  # None: every phone may dial what the trunks allow
    client_classes: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)  # their names, per language
    unknown_callers: str = UNKNOWN  # the class of callers whose number is no client's
    lookups: Mapping[str, Lookup] = field(default_factory=dict)  # systems that are asked about callers
    screening: ScreeningRules = field(default_factory=ScreeningRules)
    forwarding: ForwardingRules = field(default_factory=ForwardingRules)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    consent: ConsentRules = field(default_factory=ConsentRules)
    call_recording: tuple[RecordingRule, ...] = ()  # the first that fits a conversation decides
    groups: Mapping[str, tuple[Member, ...]] = field(default_factory=dict)  # that ring together or in turn
    # Fingerprints of the organisation's own recordings, by what they say.
    recorded: Mapping[tuple[str, Language], str] = field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)  # systems that are told of messages
    keep: Retention = field(default_factory=Retention)
    mail: MailTemplates = field(default_factory=MailTemplates)  # its own words for mail about messages
    appointments: AppointmentRules = field(default_factory=AppointmentRules)

    @property
    def default_language(self) -> Language:
        """The one every text exists in."""
        return self.languages[0]

    def wording(self, prompt: str, language: Language) -> tuple[str, Language]:
        """A prompt's text and the language it is really in: the default one where a translation is missing.

        Raises KeyError for an unknown prompt id; the configuration's loader refuses those.
        """
        texts = self.prompts[prompt]
        if language in texts:
            return texts[language], language
        return texts[self.default_language], self.default_language

    def recording_of(self, text: str, language: Language) -> str:
        """The name of the recording that says a text (domain/spoken.py), the organisation's own or a robot's."""
        return content_key(text, language, self.recorded.get((text, language), ""))

    def members_of(self, department: str) -> list[Person]:
        """Everybody who works in a department or is named its member, in the order of people.yaml."""
        found = self.departments.get(department)
        named = found.members if found else ()
        return [each for each in self.people.values() if each.department == department or each.id in named]

    def hours_of(self, person: str) -> str:
        """The id of a person's opening hours: their own, else their department's."""
        found = self.people[person]
        return found.hours or self.hours_of_department(found.department)

    def hours_of_department(self, department: str) -> str:
        """The id of a department's opening hours; "" if there is no such department."""
        found = self.departments.get(department)
        return found.hours if found else ""

    def person_at(self, extension: str) -> Person | None:
        """Whose desk phone it is; None if it is a place's, or nobody's."""
        return next((each for each in self.people.values() if each.phone and each.phone.extension == extension), None)

    def phone_of(self, person: str) -> Phone | None:
        """The desk phone of a person by id."""
        return self.people[person].phone

    def departments_of_phone(self, phone: Phone) -> tuple[str, ...]:
        """The ids of the departments whose people have this phone, or whose own it is."""
        owners = {person.id: person for person in self.people.values() if person.phone == phone}
        of_people = {person.department for person in owners.values()}
        return tuple(
            identifier
            for identifier, department in self.departments.items()
            if identifier in of_people or department.phone == phone or owners.keys() & {*department.members}
        )

    def phone_of_department(self, department: str) -> Phone | None:
        """A department's own phone, else its head's."""
        found = self.departments[department]
        return found.phone or self.phone_of(found.head)
