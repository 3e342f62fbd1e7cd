"""Plays a scripted call through a configuration and writes down what happened."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import yaml

from switchboard.domain.appointment import Appointment, AppointmentState, Booker, Busy, ChangedBy, Slot
from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.clients import Client
from switchboard.domain.language import Language
from switchboard.domain.mailbox_menu import InBox
from switchboard.domain.phone_numbers import e164
from switchboard.domain.presence import Presence, Status
from switchboard.domain.rota import Swap
from switchboard.domain.screening import Rule, Screened, Verdict
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import conversation_of
from switchboard.services.answer_call import answer_call
from switchboard.services.office import Office, Screening
from switchboard.testing.in_memory_appointments import InMemoryAppointments
from switchboard.testing.in_memory_clients import EveryCallerIs
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_mailboxes import InMemoryMailboxes
from switchboard.testing.in_memory_messages import InMemoryMessages
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.in_memory_swaps import InMemorySwaps
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import Action, read_action, read_client, read_phone
from switchboard.testing.scripted_call import ScriptedCall
from switchboard.testing.scripted_lookups import ScriptedLookups, read_lookups

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "ivr"
PROMPTS = PROJECT / "prompts"
OVERLAYS = Path(__file__).parent / "overlays"
PATCH = ".patch"
A_TUESDAY = "2026-03-03 10:00"
MAIN_NUMBER = "6001000"


@dataclass(frozen=True)
class Played:
    """A call that was played."""

    call: ScriptedCall
    events: list[CallEvent]
    disposition: Disposition | None

    def of(self, kind: EventKind) -> list[CallEvent]:
        """Its events of one kind."""
        return [event for event in self.events if event.kind is kind]

    @property
    def steps(self) -> list[str]:
        """The steps it went through: `flow.step -> outcome`."""
        return [f"{e.data['flow']}.{e.data['step']} -> {e.data['outcome']}" for e in self.of(EventKind.STEP)]


@dataclass(frozen=True)
class Script:
    """What is to be played."""

    at: str = A_TUESDAY  # on the organisation's wall clock
    number: str = MAIN_NUMBER
    caller: str = "+37255501234"
    phones: Mapping[str, str] = field(default_factory=dict)
    does: Iterable[str | Action] = ()
    presence: Mapping[str, str] = field(default_factory=dict)  # what people said of themselves, by id
    lookups: str = ""  # what other systems answer
    screened: str = ""  # what screening finds; "": what the rules say
    client: str = ""  # who calls, as `switchboard simulate --client` has it
    room: bool = True  # for messages, on the disk
    messages: Mapping[str, Sequence[str]] = field(default_factory=dict)  # in people's mailboxes: "9s", "4s urgent"
    swaps: Sequence[str] = ()  # of the rota `delivery`: "2026-03-03 peeter mari"
    language: str = ""  # in which it begins; "": the number's
    hangs_up_after: timedelta | None = None  # wherever the call then is
    booked: Sequence[str] = ()  # before: "tasting 2026-03-05 11:00 chef tasting_room"
    booked_with: str = ""  # the number it was booked with; "": the caller's
    taken: Sequence[str] = ()  # by others: "chef 2026-03-05 11:00 2026-03-06 15:00"
    snatched: int = 0  # so many times that are offered, from the first on, somebody else has just taken
    calendars: str = ""  # "down": they cannot be had


def office_of(
    configuration: Configuration,
    clock: ManualClock,
    ledger: InMemoryLedger,
    client: Client | None = None,
    screened: str = "",
    lookups: str = "",
    messages: InMemoryMessages | None = None,
    mailboxes: InMemoryMailboxes | None = None,
) -> Office:
    """The office of a configuration, where every caller is this client."""
    return Office(
        configuration.organisation,
        configuration.hours,
        configuration.facts,
        configuration.prompts,
        configuration.version,
        clock,
        ledger,
        presence=InMemoryPresence(clock),
        clients=EveryCallerIs(client),
        lookups=ScriptedLookups(read_lookups(lookups)),
        screening=Screening(always=None if not screened else Screened(Verdict(screened), Rule.BLOCKLIST)),
        messages=messages or InMemoryMessages(),
        mailboxes=mailboxes or InMemoryMailboxes(),
    )


def scripted(configuration: Configuration, script: Script) -> tuple[ScriptedCall, Office, InMemoryLedger]:
    """The call of a script, before it is answered."""
    local = datetime.fromisoformat(script.at).replace(tzinfo=ZoneInfo(configuration.organisation.timezone))
    clock, ledger = ManualClock(local), InMemoryLedger()
    call = ScriptedCall(
        clock,
        number=script.number,
        caller=script.caller,
        actions=[read_action(line) if isinstance(line, str) else line for line in script.does],
        phones={extension: read_phone(text) for extension, text in script.phones.items()},
        hangs_up_at=None if script.hangs_up_after is None else local + script.hangs_up_after,
    )
    messages = InMemoryMessages(call.recordings)
    messages.room = script.room
    client = read_client(script.client)
    mailboxes = mailboxes_with(script.messages, clock.now(), configuration)
    office = office_of(configuration, clock, ledger, client, script.screened, script.lookups, messages, mailboxes)
    office = replace(office, appointments=calendars_of(script, configuration, clock))
    return call, office, ledger


class Calendars(InMemoryAppointments):
    """Where somebody else is quicker, `snatched` times."""

    snatched = 0

    async def hold(
        self, event_type: str, slot: Slot, booker: Booker, until: datetime, by: ChangedBy, moves: UUID | None = None
    ) -> Appointment | None:
        """See Appointments."""
        if self.snatched > 0:
            self.snatched -= 1
            self.outside += [Busy(each, slot.start, slot.end) for each in slot.resources]
        return await super().hold(event_type, slot, booker, until, by, moves)


def calendars_of(script: Script, configuration: Configuration, clock: ManualClock) -> Calendars:
    """The calendars of a script."""
    organisation = configuration.organisation
    zone, rules = ZoneInfo(organisation.timezone), organisation.appointments
    calendars = Calendars(rules, clock, zone)
    calendars.snatched, calendars.is_down = script.snatched, script.calendars == "down"

    def instant(day: str, time: str) -> datetime:
        return datetime.fromisoformat(f"{day} {time}").replace(tzinfo=zone).astimezone(UTC)

    for line in script.booked:
        event_type, day, time, *resources = line.split()
        start = instant(day, time)
        slot = Slot(start, start + rules.event_types[event_type].duration, tuple(resources))
        identifier = UUID(int=500_000 + len(calendars.kept))
        booker = Booker(e164(script.booked_with or script.caller, organisation.country))
        calendars.kept[identifier] = Appointment(
            identifier, f"{40_1370 + len(calendars.kept)}", event_type, slot, AppointmentState.BOOKED, booker
        )
    for line in script.taken:
        resource, *times = line.split()
        calendars.outside.append(Busy(resource, instant(times[0], times[1]), instant(times[2], times[3])))
    return calendars


def mailboxes_with(
    messages: Mapping[str, Sequence[str]], now: datetime, configuration: Configuration
) -> InMemoryMailboxes:
    """Mailboxes of people (by id), each with the PIN 837195, where messages were left, one an hour until now."""
    made = InMemoryMailboxes()
    for person, told in messages.items():
        if (phone := configuration.organisation.people[person].phone) is not None:
            made.pins[phone.extension] = "837195"
        for number, about in enumerate(told, 1):
            at, (length, *urgent) = now - timedelta(hours=len(told) - number), about.split()
            lasts = timedelta(seconds=float(length.removesuffix("s")))
            made.put([InBox(UUID(int=number), at, lasts, "+37255501234", person, is_urgent=bool(urgent))])
    return made


def beginning_in(configuration: Configuration, script: Script) -> Configuration:
    """The same, with the script's language for the number it dials."""
    organisation = configuration.organisation
    number = replace(organisation.numbers[script.number], language=Language(script.language))
    numbers = {**organisation.numbers, script.number: number}
    return replace(configuration, organisation=replace(organisation, numbers=numbers))


def read_swap(line: str) -> Swap:
    """A swap as a story has it: the day, and who changes places with whom."""
    day, one, other = line.split()
    return Swap(date.fromisoformat(day), one, other, "a story", "a test")


async def play(configuration: Configuration, script: Script) -> Played:
    """Answer the call of the script and lead it to its end."""
    if script.language:
        configuration = beginning_in(configuration, script)
    call, office, ledger = scripted(configuration, script)
    office = replace(office, swaps=InMemorySwaps({"delivery": [read_swap(line) for line in script.swaps]}))
    for person, status in script.presence.items():
        await office.presence.set(Presence(person, Status(status), office.clock.now()))
    flow = configuration.organisation.numbers[script.number].flow
    disposition = await answer_call(call, office, conversation_of(configuration, office, flow))
    return Played(call, ledger.events, disposition)


def with_overlay(folder: Path, overlay: Path | Mapping[str, str]) -> Path:
    """A copy of the example organisation in `folder` with some of its files replaced; `organisation.yaml.patch` changes
    some keys of organisation.yaml and leaves the others as the example has them."""
    copy = folder / "ivr"
    shutil.copytree(EXAMPLE, copy)
    if isinstance(overlay, Path):
        shutil.copytree(overlay, copy, dirs_exist_ok=True)
        for patch in copy.glob(f"*{PATCH}"):
            _apply(patch, patch.with_suffix(""))
            patch.unlink()
    else:
        for name, text in overlay.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, "utf-8")
    return copy


def _apply(patch: Path, file: Path) -> None:
    """Change a YAML file. Nodes are merged, not values: what is a word or a number stays written as it was."""
    whole, changes = [yaml.compose(each.read_text("utf-8"), yaml.SafeLoader) for each in (file, patch)]
    assert isinstance(whole, yaml.MappingNode) and isinstance(changes, yaml.MappingNode)
    _merge(whole, changes)
    file.write_text(yaml.serialize(whole, Dumper=yaml.SafeDumper, allow_unicode=True, width=1000), "utf-8")


def _merge(whole: yaml.MappingNode, changes: yaml.MappingNode) -> None:
    places = {key.value: place for place, (key, _) in enumerate(whole.value)}
    for key, value in changes.value:
        place = places.get(key.value)
        before = whole.value[place][1] if place is not None else None
        if isinstance(before, yaml.MappingNode) and isinstance(value, yaml.MappingNode):
            _merge(before, value)
        elif place is not None:
            whole.value[place] = (key, value)
        else:
            whole.value.append((key, value))
