"""organisation.yaml: who we are, and the numbers that callers dial."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from switchboard.domain.dialling import Phone
from switchboard.domain.hours_days import is_known_country
from switchboard.domain.language import ENGLISH, NAMES, Language
from switchboard.domain.organisation import Number, Organisation, SafetyNet
from switchboard.flows.call_recording_yaml import read_call_recording, read_consent
from switchboard.flows.clients_yaml import read_client_classes
from switchboard.flows.lookups_yaml import read_lookups
from switchboard.flows.messages_yaml import read_retention, read_webhooks
from switchboard.flows.outbound_yaml import read_outbound
from switchboard.flows.people_yaml import KnownNames, People
from switchboard.flows.queues_yaml import read_queues
from switchboard.flows.reading import Reading
from switchboard.flows.source import Listing, Node, Place, Scalar, Table
from switchboard.flows.trunks_yaml import read_trunks

_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_EMERGENCY = re.compile(r"[0-9]{2,6}")
MAY_LACK = (
    "trunks",
    "checks",
    "client_classes",
    "unknown_callers",
    "lookups",
    "queues",
    "outbound",
    "consent",
    "call_recording",
    "webhooks",
    "keep",
)
LONGEST_RING = timedelta(minutes=5)


def read_organisation(
    reading: Reading,
    organisation: Table,
    people: Table,
    names: KnownNames,
    prompts: Mapping[str, Mapping[Language, str]],
) -> Organisation:
    """The organisation of both files. `reading` must have been given its languages by `read_languages`."""
    reading.keys(
        organisation,
        "organisation.yaml",
        needed=("name", "timezone", "country", "languages", "reception", "emergency_numbers", "numbers"),
        allowed=MAY_LACK,
    )
    timezone = _timezone(reading, organisation)
    found = People(reading, people, names, ZoneInfo(timezone))
    reception = found.phone(organisation.get("reception"), organisation.place, "reception phone")
    classes, unknown_callers = read_client_classes(reading, organisation)
    outbound = read_outbound(reading, organisation, found.phones, names.hours)
    queues = read_queues(reading, organisation, found.people, found.departments, classes, outbound, names.hours)
    numbers = _numbers(reading, organisation, found, names, reception)
    recorded: dict[str, Collection[str]] = {
        "numbers": numbers,
        "departments": found.departments,
        "people": found.people,
        "queues": queues,
        "classes": classes,
    }
    return Organisation(
        name=reading.something(organisation.get("name"), organisation.place, "name"),
        timezone=timezone,
        country=_country(reading, organisation),
        languages=reading.languages,
        numbers=numbers,
        departments=found.departments,
        people=found.people,
        phones=found.phones,
        reception=reception,
        emergency_numbers=_emergency_numbers(reading, organisation),
        prompts=prompts,
        trunks=read_trunks(reading, organisation),
        outbound=outbound,
        forwarding=found.forwarding,
        groups=found.groups,
        client_classes=classes,
        lookups=read_lookups(reading, organisation),
        unknown_callers=unknown_callers,
        queues=queues,
        consent=read_consent(reading, organisation),
        call_recording=read_call_recording(reading, organisation, recorded),
        webhooks=read_webhooks(reading, organisation),
        keep=read_retention(reading, organisation),
    )


def read_languages(reading: Reading, organisation: Table) -> None:
    """Tell `reading` the organisation's languages; English alone where they can't be read."""
    node = organisation.get("languages")
    if node is None:
        return
    items = node.items if isinstance(node, Listing) else (node,)
    languages: list[Language] = []
    for item in items:
        word = reading.word(item, item.place, "language", "a language such as `en`")
        if word and word not in NAMES:
            expected = f"one of {', '.join(NAMES)}"
            reading.problems.add(item.place, f"the language `{word}` has no voice", expected, got=word, known=NAMES)
        elif word in languages:
            reading.problems.add(item.place, f"the language `{word}` stands twice", "each once")
        elif word:
            languages.append(Language(word))
    if not languages:
        reading.problems.add(node.place, "no language", "at least one, the default first")
    reading.languages = tuple(languages) or (ENGLISH,)


def give_names(reading: Reading, organisation: Organisation) -> None:
    """What templates may name: the organisation's own data, in each language."""
    for language in reading.languages:
        reading.data[language] = {
            "organisation": {"name": organisation.name, "country": organisation.country},
            "departments": {
                department.id: {
                    "name": department.names.get(language) or department.names.get(reading.default_language, ""),
                    "phone": phone.extension if (phone := department.phone) else "",
                    "hours": department.hours,
                }
                for department in organisation.departments.values()
            },
            "people": {
                person.id: {
                    "name": person.name,
                    "phone": person.phone.extension if person.phone else "",
                    "hours": organisation.hours_of(person.id),
                }
                for person in organisation.people.values()
            },
            "reception": {"phone": organisation.reception.extension},
        }


def _timezone(reading: Reading, organisation: Table) -> str:
    node = organisation.get("timezone")
    return reading.choice(node, organisation.place, "time zone", sorted(available_timezones())) or "UTC"


def _country(reading: Reading, organisation: Table) -> str:
    node = organisation.get("country")
    country = reading.something(node, organisation.place, "country", "two letters such as `EE`")
    if country and node is not None and not is_known_country(country):
        reading.problems.add(node.place, f"no public holidays are known for `{country}`", "two letters such as `EE`")
        return "EE"
    return country or "EE"


def _emergency_numbers(reading: Reading, organisation: Table) -> tuple[str, ...]:
    node = organisation.get("emergency_numbers")
    if node is None:
        return ()

    def read(item: Node | None, place: Place) -> str:
        number = reading.something(item, place, "emergency number", "digits such as `112`")
        if number and not _EMERGENCY.fullmatch(number):
            reading.problems.add(place, f"`{number}` is no emergency number", "digits such as `112`")
        return number

    return reading.several(node, organisation.place, read)


def _numbers(
    reading: Reading, organisation: Table, people: People, names: KnownNames, reception: Phone
) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    table = reading.table(organisation.get("numbers"), organisation.place, "numbers")
    for number, node in table.entries.items():
        place = table.key_places[number]
        if not _NUMBER.fullmatch(number):
            reading.problems.add(place, f"`{number}` is no number", "digits as the trunk delivers them, `+` in front")
        if number in people.phones:
            reading.problems.add(place, f"`{number}` is a desk phone's extension too", "a number of its own")
        entry = reading.table(node, place, f"number `{number}`")
        reading.keys(entry, f"number `{number}`", needed=("name", "flow", "safety_net"), allowed=("language",))
        language = entry.get("language")
        chosen = reading.choice(language, entry.place, "language", reading.languages) if language else ""
        numbers[number] = Number(
            number,
            reading.something(entry.get("name"), entry.place, "name"),
            reading.choice(entry.get("flow"), entry.place, "flow", names.flows),
            Language(chosen) if chosen else reading.default_language,
            _safety_net(
                reading, reading.table(entry.get("safety_net"), entry.place, "safety_net"), people, names, reception
            ),
        )
    if isinstance(organisation.get("numbers"), Table) and not numbers:
        reading.problems.add(table.place, "no number that callers can dial", "at least one")
    return numbers


def _safety_net(reading: Reading, table: Table, people: People, names: KnownNames, reception: Phone) -> SafetyNet:
    needed, allowed = ("greeting", "leave_message", "goodbye"), ("ring", "ring_for", "longest_message")
    reading.keys(table, "safety_net", needed=needed, allowed=allowed)
    prompts = [reading.choice(table.get(key), table.place, "prompt", names.prompts) for key in needed]
    ring = table.get("ring")
    is_reception = ring is None or (isinstance(ring, Scalar) and ring.text == "reception")
    phone = reception if is_reception else people.phone(ring, table.place, "phone")
    ring_for, longest = table.get("ring_for"), table.get("longest_message")
    ring_time = reading.duration(ring_for, table.place, "ringing time") if ring_for else timedelta(seconds=20)
    if ring_for is not None and ring_time > LONGEST_RING:
        reading.problems.add(ring_for.place, "rings too long", "at most `5m`")
    message_time = reading.duration(longest, table.place, "length of a message") if longest else timedelta(minutes=2)
    greeting, leave_message, goodbye = prompts
    return SafetyNet(
        greeting, leave_message, goodbye, phone, int(ring_time.total_seconds()), int(message_time.total_seconds())
    )
