"""An office for stories: the test organisation of `ivr/` on a real Asterisk, Postgres and controller, in this process.

    call = await office.call("6001000")                   # an outside caller, answered
    mari = await office.desk("101")                       # a registered desk phone
    await call.hears(office.prompt("welcome"))
    office.set_time("2026-11-28 10:00")                   # on the organisation's wall clock
    record = await office.record_of(call)                 # once it is closed in Postgres
    assert record.path == ["main/greet done", …]

Asterisk and Postgres live as long as the package's tests; `office` checks after each test that nothing is left of it:
no channel, bridge, leg, task or recording.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from switchboard.app import Controller
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.domain.identity import CallId
from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.presence import DeviceState
from switchboard.domain.spoken import BEEP, PAUSE
from switchboard.domain.spoken_dates import PIECES
from switchboard.flows.appointment_kinds import SAID
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.folders import Folders
from switchboard.machine.account import folders_of, make_folders, service_account
from switchboard.ports import Utterance
from switchboard.postgres.archive import PostgresArchive
from switchboard.settings import load
from switchboard.speech.render import render_missing
from switchboard.speech.rendered import RATES
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.hearing import tone
from tests.phones import Phone, PhoneCall, Phones
from tests.sample_organisation import write_noise
from tests.wire import Wire

HERE = Path(__file__).parent
IVR = HERE / "ivr"
A_TUESDAY = "2026-11-24 10:00"  # when every story begins: open
A_TRUNK = "trunk.test:5060"  # in organisation.yaml
DEADLINE = 10.0  # seconds
UNHEARD = "And so forth."  # what stories about appointments do not listen for
OWN_MUSIC = "music/lorries/ours.wav"  # of a queue
KNOWN_WITHIN = 30.0  # seconds; on a busy machine
ASTERISK_SAYS = 15.0  # seconds until what only Asterisk's event log tells is recorded
RINGBACK = 425.0  # Hz, Estonia
A_MOMENT = 0.3  # seconds
CALLER_TONE, CALLEE_TONE = 1100.0, 700.0  # Hz

_callers = count(37255500001)
_LINKEDID = re.compile(r'^"[\d.]+","[A-Z_]+","([^"]+)"', re.MULTILINE)  # the third column of the event log


class MovedClock:
    """ports.Clock that runs with the machine's, but stands where a story wants it."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass(frozen=True, slots=True)
class Record:
    """A closed call as Postgres has it."""

    row: Mapping[str, Any]
    events: list[CallEvent]

    def __getattr__(self, column: str) -> Any:
        return self.row[column]

    @property
    def path(self) -> list[str]:
        """The steps gone through, "flow/step outcome"."""
        steps = self.of(EventKind.STEP)
        return [f"{step['flow']}/{step['step']} {step['outcome']}" for step in steps]

    @property
    def ending(self) -> tuple[str, int, str]:
        """Disposition, Q.850 cause, and who ended it."""
        return self.row["disposition"], self.row["hangup_cause"], self.row["ended_by"]

    def of(self, kind: EventKind) -> list[Mapping[str, Any]]:
        """What events of one kind carry."""
        return [event.data for event in self.events if event.kind is kind]


class StoryOffice:
    """One office, as a test sees it."""

    def __init__(
        self,
        asterisk: PrivateAsterisk,
        configuration: Configuration,
        dsn: str,
        wires: tuple[Wire, Wire] | None,
        phones: Phones,
    ) -> None:
        """`wires`: what the controller reaches ARI and AMI through; straight without."""
        self.asterisk = asterisk
        self.configuration = configuration
        self.clock = MovedClock()
        self.dsn = dsn
        self._phones = phones
        self._archive = PostgresArchive(dsn)
        self._settings = asterisk.settings
        if wires is not None:
            self.ari_wire, self.ami_wire = wires
            ports = {"ari_port": self.ari_wire.port, "ami_port": self.ami_wire.port}
            self._settings = asterisk.settings.model_copy(update=ports)
        self._stop = asyncio.Event()
        self.controller = Controller(self._settings, clock=self.clock)
        self._running: asyncio.Task[None] | None = None
        self._messages_before: set[Path] = set()
        self._calls_before: set[str] = set()
        self._names = _names(configuration)

    async def start(self) -> None:
        """Returns when calls are answered."""
        self._running = asyncio.create_task(self.controller.run(self._stop), name="controller")

        async def answering() -> bool:
            assert self._running is not None
            if self._running.done():
                await self._running
            return self.controller.is_answering

        await eventually(answering, DEADLINE, "the controller answers")

    async def stop(self) -> None:
        """As SIGTERM does."""
        self._stop.set()
        if self._running is not None:
            await self._running
        await self._archive.close()

    async def restart_controller(self) -> None:
        """Another controller in its place; calls go on meanwhile."""
        self._stop.set()
        assert self._running is not None
        await self._running
        self._stop = asyncio.Event()
        self.controller = Controller(self._settings, clock=self.clock)
        await self.start()

    def begin_story(self) -> None:
        """Set the clock to where every story begins; note which calls have been, and what lies in the recordings'
        folder."""
        self.set_time(A_TUESDAY)
        self._messages_before = self.messages()
        self._calls_before = self._calls_so_far()

    async def nothing_left(self) -> None:
        """Wait until no channel, bridge, call, task or leg is left; then no new recording may be there."""
        await self.asterisk.no_channels()
        exchange = self.controller._exchange

        async def idle() -> bool:
            return not exchange.calls and not exchange._tasks and not exchange._legs

        await eventually(idle, DEADLINE, f"no calls {exchange.calls}, tasks {exchange._tasks}, legs {exchange._legs}")
        assert self.messages() == self._messages_before
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("call-")]

    def messages(self) -> set[Path]:
        """Files in the folder that calls are recorded in."""
        return {path for path in self.asterisk.folders.messages.iterdir() if path.is_file()}

    def set_time(self, local: str) -> None:
        """Move the clock to "2026-11-24 10:00" on the organisation's wall clock."""
        zone = ZoneInfo(self.configuration.organisation.timezone)
        self.clock.offset = datetime.fromisoformat(local).replace(tzinfo=zone) - datetime.now(UTC)

    def set_real_time(self) -> None:
        """The machine's own, which Asterisk's event log has."""
        self.clock.offset = timedelta()

    # -- who calls, who is called

    async def desk(self, extension: str) -> Phone:
        """A registered desk phone, and the controller knows that it is."""
        phone = await self._phones.register(extension, self.asterisk.password(extension), self.asterisk.sip_address)

        await self.known_as({DeviceState.IDLE, DeviceState.RINGING, DeviceState.IN_USE}, extension)
        return phone

    async def known_as(self, states: DeviceState | Collection[DeviceState], *extensions: str) -> None:
        """Wait until Asterisk has told the controller that these desk phones are so, or one of these."""
        devices = self.controller._exchange.devices
        wanted = {states} if isinstance(states, DeviceState) else states

        async def known() -> bool:
            return all(devices.state_of(extension) in wanted for extension in extensions)

        await eventually(known, KNOWN_WITHIN, f"phones {extensions} are known as {', '.join(sorted(wanted))}")

    async def caller(self, number: str | None = None, name: str = "") -> Phone:
        """A phone outside; its number is another each time unless given."""
        return await self._phones.outside(number or self.new_number(), self.asterisk.sip_address, name)

    def new_number(self) -> str:
        """An outside number that has not called yet."""
        return str(next(_callers))

    async def call(self, number: str) -> PhoneCall:
        """A new caller calls; returns when answered."""
        caller = await self.caller()
        return await (await caller.dial(number)).established()

    # -- what is said

    def prompt(self, identifier: str, language: str = "en") -> Path:
        """The recording of a prompt."""
        return self._recording(self.configuration.prompts[identifier][Language(language)][0])

    def name(self, name: str) -> Path:
        """The recording of a person's name, in English."""
        return self._recording(Utterance(name, ENGLISH))

    def fact(self, identifier: str, wording: int = 0) -> Path:
        """The recording of a fact's wording, in English."""
        return self._recording(Utterance(self._wording(identifier, wording), ENGLISH))

    def heard(self, call: PhoneCall) -> list[str]:
        """All that was said to the caller (at least half a second of it), in order: prompts by id, in another
        language than English as "id/et"; facts and opening hours by their words."""
        found = []
        for utterance in self.configuration.utterances:
            if utterance.text.isdecimal():
                continue  # so short that much sounds like it
            recording, after = self._recording(utterance), 0.0
            while place := call.has_heard(recording, after=after):
                found.append((place.at, place.at + place.seconds, self._names.get(utterance, utterance.text)))
                after = max(after, place.at) + max(place.seconds, 0.5)
        # A short word, such as a number, sounds like a piece of something longer.
        return [name for at, to, name in sorted(found) if not any(_is_within((at, to), each) for each in found)]

    def _wording(self, identifier: str, wording: int) -> str:
        return self.configuration.facts[identifier].wordings[wording].texts[ENGLISH]

    def _recording(self, utterance: Utterance) -> Path:
        return (
            self.asterisk.folders.prompts
            / f"{self.configuration.organisation.recording_of(utterance.text, utterance.language)}.wav"
        )

    # -- what is recorded

    async def record_of(self, call: PhoneCall, timeout: float = DEADLINE) -> Record:
        """The one record of an outside caller's call, once it is closed."""
        (record,) = await self.records_of(call.phone.user, 1, timeout)
        return record

    async def records_of(self, caller: str, number: int, timeout: float = DEADLINE) -> list[Record]:
        """The closed records of a caller's number in this story; waits until there are so many and none is open."""

        def fits(row: Mapping[str, Any]) -> bool:
            # Desk phones have called in other stories as well, whose records may come late.
            return bool(row["caller_number"] == caller and row["linkedid"] not in self._calls_before)

        return await self._records(fits, number, timeout)

    def _calls_so_far(self) -> set[str]:
        """The linkedids of all calls that Asterisk has had. No clock is asked: a machine's may step back."""
        events = self.asterisk.folders.cel
        return set(_LINKEDID.findall(events.read_text("utf-8", "replace"))) if events.exists() else set()

    async def records_beginning(self, caller: str, number: int) -> list[Record]:
        """The same of all numbers that begin so."""
        return await self._records(lambda row: row["caller_number"].startswith(caller), number, DEADLINE)

    async def _records(self, fits: Callable[[Mapping[str, Any]], bool], number: int, timeout: float) -> list[Record]:
        async def closed() -> list[Mapping[str, Any]] | None:
            await self.controller._ledger.archived()  # sooner than it would drain by itself
            found = [row for row in await self._archive.calls(limit=1000) if fits(row)]
            return found if len(found) >= number and all(row["ended_at"] for row in found) else None

        rows = await eventually(closed, timeout, f"{number} closed records")
        assert len(rows) == number
        records = [Record(row, list(await self._archive.story(CallId(row["id"])))) for row in rows]
        assert [record.of(EventKind.FAULT) for record in records if record.of(EventKind.FAULT)] == []
        assert [record.irregularities for record in records if record.irregularities] == []
        return records


Office = TypeVar("Office", bound=StoryOffice)


async def hear_each_other(caller: PhoneCall, callee: PhoneCall) -> None:
    """Both ways, by a tone each."""
    caller.say(tone(CALLER_TONE, 5))
    callee.say(tone(CALLEE_TONE, 5))
    await asyncio.gather(caller.hears_tone(CALLEE_TONE), callee.hears_tone(CALLER_TONE))
    caller.be_quiet()
    callee.be_quiet()


def _names(configuration: Configuration) -> dict[Utterance, str]:
    names = {}
    for identifier, speech in configuration.prompts.items():
        for language, utterances in speech.items():
            if utterances[0].language == language:  # and not English for want of a translation
                names[utterances[0]] = identifier if language == ENGLISH else f"{identifier}/{language}"
    return names


@contextlib.asynccontextmanager
async def story_office(
    folder: Path, dsn: str, phones: Phones, *, kind: type[Office] = StoryOffice, through_wires: bool = True
) -> AsyncIterator[Office]:
    """Start everything; `folder` is for what is made, `dsn` an empty database."""
    prompts, ivr = prompts_with_a_recording(folder), _with_a_trunk(folder, phones)
    configuration = load_configuration(ivr, prompts)
    rendered = await asyncio.to_thread(_spoken, configuration, prompts)
    settings = {"ivr": ivr, "prompts": prompts, "database_url": dsn}
    private = PrivateAsterisk(configuration, prompts=rendered, settings=settings)
    music = private.folders.asterisk / OWN_MUSIC
    music.parent.mkdir(parents=True)
    write_noise(music, 6.0, seed=2)
    async with private as asterisk:
        for made in (asterisk.folders.ledger, asterisk.folders.run):
            made.mkdir()
        asterisk.folders.secrets.write_text(json.dumps(asdict(asterisk.secrets) | {"postgres": ""}))
        async with contextlib.AsyncExitStack() as around:
            wires = None
            if through_wires:
                ports = (asterisk.settings.ari_port, asterisk.settings.ami_port)
                ari, ami = [await around.enter_async_context(Wire(port)) for port in ports]
                wires = (ari, ami)
            office = kind(asterisk, configuration, dsn, wires, phones)
            await office.start()
            try:
                yield office
            finally:
                await office.stop()


def _with_a_trunk(folder: Path, phones: Phones) -> Path:
    """The configuration, whose trunk leads to the phones of the test: what is called outside rings there."""
    ivr = folder / "ivr"
    shutil.copytree(IVR, ivr)
    file = ivr / "organisation.yaml"
    text = file.read_text("utf-8")
    assert A_TRUNK in text
    file.write_text(text.replace(A_TRUNK, phones.address), "utf-8")
    return ivr


def _is_within(one: tuple[float, float], other: tuple[float, float, str]) -> bool:
    """Whether something longer was heard all the while, give or take a moment."""
    is_longer = other[1] - other[0] > one[1] - one[0]
    return is_longer and other[0] - A_MOMENT <= one[0] and one[1] <= other[1] + A_MOMENT


def prompts_with_a_recording(folder: Path) -> Path:
    """The texts, and a recording of the organisation's own."""
    prompts = folder / "prompts"
    shutil.copytree(HERE / "prompts", prompts)
    with (prompts / "texts/en.yaml").open("r+", encoding="utf-8") as texts:
        known = texts.read()
        # One text for all of them: `heard` looks for each text there is.
        texts.write("".join(f'{each}: "{UNHEARD}"\n' for each in (*SAID, *PIECES) if f"\n{each}:" not in known))
    jingle = prompts / "recordings/en/jingle.wav"
    jingle.parent.mkdir(parents=True)
    write_noise(jingle, 4.0, seed=1)
    return prompts


def speak(configuration: Configuration, prompts: Path) -> Folders:
    """Render the texts in the project's own cache, where they stay."""
    settings = load()
    account = service_account(settings)
    folders = folders_of(settings, account)
    make_folders(folders, account)
    render_missing(configuration.utterances, folders, prompts, texts=configuration.organisation.prompts)
    return folders


def _spoken(configuration: Configuration, prompts: Path) -> Path:
    """A folder with the recordings of these texts alone."""
    folders = speak(configuration, prompts)
    rendered = prompts / "rendered"
    rendered.mkdir()
    recording_of = configuration.organisation.recording_of
    for name in (PAUSE, BEEP, *(recording_of(each.text, each.language) for each in configuration.utterances)):
        for ending in RATES:
            shutil.copy(folders.prompts / f"{name}.{ending}", rendered / f"{name}.{ending}")
    return rendered
