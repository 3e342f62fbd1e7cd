"""What the services need from outside, as Protocols.

`asterisk`, `postgres` and `speech` implement them for real, `testing` for tests and simulation; tests/contract holds
the two to the same behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from switchboard.domain.absence import NotedAbsence
from switchboard.domain.appointment import Appointment
from switchboard.domain.call_record import CallEvent
from switchboard.domain.callback import Callback
from switchboard.domain.clients import Client
from switchboard.domain.dialling import Caller, Choice, HangupCause, Phone, PhoneResult, RingResult, WhileRinging
from switchboard.domain.forwarding import Situation
from switchboard.domain.hours import HoursTable
from switchboard.domain.identity import CallId
from switchboard.domain.language import Language
from switchboard.domain.lookups import Lookup, LookupAnswer
from switchboard.domain.mailbox_menu import GreetingKind, InBox, Mailbox, MailboxSettings
from switchboard.domain.message import MessageState
from switchboard.domain.mobile_lines import MobileLine
from switchboard.domain.notification import About, Delivery, LeftMessage, Notice, Way
from switchboard.domain.organisation import Organisation, Person
from switchboard.domain.outbound import OutboundRole
from switchboard.domain.pin import Admission
from switchboard.domain.presence import Presence
from switchboard.domain.rota import Swap
from switchboard.domain.screening import Attestation, Listed
from switchboard.domain.transcript import Transcript
from switchboard.domain.transfer import Return, TalkEnd
from switchboard.domain.voice_recording import Recorded
from switchboard.domain.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something to say: a text in a language. Its recording is found by content."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class RecordingRef:
    """What `Call.record` recorded under this name, or a store put beside it, to be played."""

    name: UUID
    folder: str = ""  # below that of recordings; empty: that one itself

    @property
    def file(self) -> str:
        """Its name below the folder of recordings, without an ending."""
        return f"{self.folder}/{self.name}" if self.folder else str(self.name)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A callee who picks up is told who calls, and takes the call with a key; without it nobody is connected.

    So a mobile's voicemail never swallows a caller. A key counts at any time; after the announcement was said `times`
    times the callee has `patience` left. An empty key is not offered, one that is not offered is not heard.
    """

    announcement: tuple[Utterance | RecordingRef, ...]  # it names the keys
    accept: str = "1"
    to_voicemail: str = "2"  # this caller shall leave a message: nobody else is rung on
    refuse: str = "3"  # as declining with the phone's own button: others ring on
    times: int = 2
    patience: timedelta = timedelta(seconds=5)
    only_outside: bool = False  # desk phones are connected at once; only mobiles are asked

    def asks(self, phone: Phone) -> bool:
        """Whether this phone's owner is asked."""
        return bool(phone.outside) or not self.only_outside

    def choice(self, key: str) -> Choice | None:
        """What a key means; None if nothing."""
        keys = {self.to_voicemail: Choice.TO_VOICEMAIL, self.refuse: Choice.REFUSED, self.accept: Choice.ACCEPTED}
        return keys.get(key) if key else None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call stands in its flow; enough for a restarted controller to resume it."""

    flow: str
    version: str
    step: str
    attempt: int
    language: Language
    variables: Mapping[str, Any]
    returns: tuple[tuple[str, str], ...] = ()  # (flow, subflow step) that `return` goes back to, innermost last
    waiting: tuple[str, datetime] | None = None  # (queue, since when): a place to be kept


class Clock(Protocol):
    """Time, so that tests can move it."""

    def now(self) -> datetime:
        """The instant, in UTC."""


class Call(Protocol):
    """A caller on the line.

    Every coroutine raises CallerHungUp once the caller is gone. One task drives one call; its methods are not
    called concurrently.
    """

    @property
    def id(self) -> CallId: ...

    @property
    def caller(self) -> Caller: ...

    @property
    def number(self) -> str:
        """The organisation's number that was dialled."""

    @property
    def is_answered(self) -> bool: ...

    @property
    def talking_to(self) -> Phone | None:
        """Whose phone the caller is connected to."""

    @property
    def talking_since(self) -> datetime | None:
        """Since when the caller talks, if that began under an earlier controller; else None."""

    @property
    def returned(self) -> Return | None:
        """How the caller came back to us, if the conversation before began under an earlier controller; else None."""

    @property
    def hangup_cause(self) -> int:
        """Why the call ended (Q.850); HangupCause.UNKNOWN while it is up or where nobody said."""

    @property
    def ended_by(self) -> str:
        """Who ended the call: "caller" or "switchboard"; "unknown" while it is up or where nobody saw it."""

    async def attestation(self) -> Attestation:
        """What the caller's network vouches for, as the trunk tells it. Asked only where rules go by it."""

    async def answer(self) -> None:
        """Answer; nothing if answered already."""

    async def play(self, utterances: Sequence[Utterance], *, barge_in: bool = False) -> None:
        """Say the utterances, one after the other, and return when they were heard.

        With `barge_in`, a key stops them at once (and one pressed before makes them silent). The key stays for
        `key()`. Without, keys pressed meanwhile stay for `key()` too.
        """

    async def key(self, timeout: timedelta) -> str | None:
        """The next key the caller pressed (0-9, *, #, A-D), waiting up to `timeout`; None on silence."""

    def forget_keys(self) -> None:
        """Drop keys pressed but not read, so that they don't answer a question not yet asked."""

    def music(self, *, on: bool, folder: str = "") -> None:
        """Music for a caller who waits, until it is turned off or a phone answers. What is said is said without it.

        `folder`: one of the organisation's own; the usual music where it is "", or has nothing to be played.
        """

    async def wait(self, timeout: timedelta) -> str | None:
        """As `key`; None as well when `nudge` was called since the last time."""

    def nudge(self, *, interrupts: bool = True) -> None:
        """End the wait, and with `interrupts` also what is said until a key is pressed.

        Unlike all else, any task may do this, at any time.
        """

    def break_off(self, keys: Collection[str]) -> None:
        """From now on one of these keys stops the phones that ring, and `ring` comes out as NO_ANSWER.

        Nudges from before count no more.
        """

    @property
    def is_broken_off(self) -> bool:
        """Whether such a key was pressed since `break_off`."""

    async def record(
        self, name: UUID, *, longest: timedelta, silence: timedelta, stop_keys: str = "#", beep: bool = True
    ) -> Recorded:
        """Record what the caller says, after a beep, as `<name>.wav` among the messages; what had that name is gone.

        It ends after `longest`, after `silence` without a word (both in whole seconds, rounded up), or by one of
        `stop_keys`, which is used up with every key before it. But a `#` pressed before the beep was over has skipped
        what was said, and ends nothing. A hangup ends it too: that once the result is returned and CallerHungUp raised
        by what is awaited next. Raises AsteriskError where nothing could be recorded.
        """

    async def finish_recording(self, names: Sequence[UUID], *, longest: timedelta, stop_keys: str = "#") -> str:
        """Return once no recording with one of these names, begun under an earlier controller, goes on any more: what
        was said is on disk then. Until it ends by itself the caller may speak on, for `longest` at most, or end it by
        one of `stop_keys`: that key is returned, "" where none was pressed. A hangup ends it as in `record`."""

    async def play_recordings(
        self, recordings: Sequence[RecordingRef], *, lasts: timedelta, back: str = "", ahead: str = ""
    ) -> None:
        """Let the caller hear what `record` recorded, one after the other, in all that long. A key stops it, and stays
        for `key()`; but the keys `back` and `ahead` skip five seconds, and are used up."""

    async def ring(
        self,
        phones: Sequence[Phone],
        *,
        timeout: timedelta,
        hearing: WhileRinging,
        acceptance: Acceptance | None = None,
    ) -> RingResult:
        """Ring the phones at once; the first to answer is connected to the caller, the others stop.

        On ANSWERED the two are talking: go on with `talk`. Any other outcome leaves the caller as before, in silence.
        If no phone answered, the outcome is the most telling one: DECLINED, then BUSY, NO_ANSWER, UNAVAILABLE, FAILED.

        With `acceptance`, who picks up is asked first, and only who takes the call is connected; meanwhile the other
        phones ring on. Who is deciding when `timeout` is over may finish. A phone outside is never connected without
        being asked: without `acceptance` it is not rung, and FAILED.
        """

    def record_talks(self, choose: Callable[[Phone], UUID | None]) -> None:
        """From now on, whenever somebody is connected to the caller, `choose` is asked under which name their
        conversation is recorded; None: it is not. It is recorded through holds and transfers, until the caller is with
        us again; nothing of us is needed for it. Never fails."""

    async def talk(self) -> TalkEnd:
        """Return when the person who answered has left and the caller is still there: with us, or passed on."""

    async def come_back(self) -> Return:
        """Return when a caller who was passed on is with us again. CallTakenAway if that never happens: whoever the
        caller talked to last, the call has ended, and only Asterisk's event log tells how."""

    async def hang_up(self, cause: HangupCause = HangupCause.NORMAL) -> None:
        """End the call; before answer, `cause` tells the network why. Nothing if it has ended already."""

    def remember(self, position: Position) -> None:
        """Note where the call stands, on the call itself. Never waits."""


class DeskCall(Call, Protocol):
    """A call from a desk phone of ours to the switchboard itself."""

    async def dial_on(self, digits: str) -> None:
        """Go on as if the phone had dialled these digits, by all the rules that hold for it: the call is not ours any
        more. Always raises CallTakenAway, or CallerHungUp. Raises AsteriskError for whoever calls from outside."""


class PresenceBook(Protocol):
    """Who is there. Kept in memory: asking never waits."""

    def presence_of(self, person: str) -> Presence | None:
        """What somebody (a person's id) set last; None if nothing ever was."""

    def situation_of(self, person: Person, zone: ZoneInfo, hours: HoursTable | None = None) -> Situation:
        """Can this person be rung now, and why not (in words, by the wall clock of `zone`)?

        By what they set, their absences, their own `hours` if they have any, and their desk phone.
        """

    def noted_absences(self) -> Sequence[NotedAbsence]:
        """All absences that were noted beside people.yaml."""

    async def set(self, presence: Presence) -> None:
        """Take it; when this returns it survives whatever happens. Of two settings the later call counts."""


class SwapBook(Protocol):
    """What people swapped in rotas, beside rota.yaml. Kept in memory: asking never waits, never fails."""

    def of(self, rota: str) -> Sequence[Swap]:
        """The swaps of a rota (its id) that count, in the order in which they were noted."""


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """A sound that is kept, safe on disk."""

    duration: timedelta
    level: float  # dBFS, of its loudest half second
    sha256: str  # of its file, hex


class Messages(Protocol):
    """Where messages are kept."""

    def has_room(self) -> bool:
        """Whether a message can be promised to anybody now. Never waits."""

    async def keep(self, name: UUID, takes: Sequence[Sequence[UUID]]) -> KeptRecording | None:
        """Keep what `Call.record` recorded, under this name; None where nothing was said.

        A take is recordings that make one sound, one after the other; kept is the first of `takes` in which there is a
        voice. When this returns it is safe, whatever happens; again, it returns what is kept already. Raises
        MessageNotKept where the disk refuses: the recordings stay.
        """

    async def discard(self, recordings: Sequence[UUID]) -> None:
        """Remove recordings that nobody needs; nothing if they are not there."""

    async def settled(self) -> None:
        """Return when Postgres has what the ledger has, or does not answer soon: the message is safe either way."""


class MessageLights(Protocol):
    """The lights on desk phones that say that messages wait."""

    def light(self, extension: str, new: int, saved: int) -> None:
        """So many messages wait at a desk phone, so many were heard: lit if any is new. Never waits, never fails; the
        phone is told again whenever it may have forgotten, until the process ends."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that lies ready to be played."""

    recording: RecordingRef
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who hears a mailbox or changes it: for its history."""

    who: str  # "Mari Tamm", "phone 100", an account's name
    whence: str  # "desk phone 101", "+37255501234", "the command line"
    extension: str = ""  # the mailbox's
    call_id: CallId | None = None
    at_desk: bool = False  # at the mailbox's own phone


class Mailboxes(Protocol):
    """Messages as people hear them by phone, and what they set of their mailboxes. All raise RecordsUnreachable."""

    async def settings_of(self, extension: str) -> MailboxSettings:
        """What is set of a mailbox."""

    async def messages(self, mailbox: Mailbox) -> Sequence[InBox]:
        """All in it that are not done, in any order."""

    async def sound(self, message: UUID, part: str) -> Sound | None:
        """What was said, ready to be played; None if that is not there (yet). See `release`."""

    async def heard(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """Note that somebody hears it, and its state from now on."""

    async def set_state(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """Keep it, delete it (DONE), take that back."""

    async def called_back(self, message: UUID, state: MessageState, by: Hearer) -> None:
        """Note that somebody calls who left it, and its state from now on."""

    async def take(self, message: UUID, person: str, by: Hearer) -> bool:
        """From now on this person sees to it; False if somebody else does already: of two at once one wins."""

    async def forward(self, message: UUID, person: str, introduction: UUID | None, by: Hearer) -> None:
        """Put a copy into a colleague's mailbox, with what `Call.record` recorded under `introduction` before it."""

    async def set_order(self, extension: str, *, newest_first: bool, by: Hearer) -> None:
        """In which order its messages are heard from now on."""

    async def greetings(self, person: str) -> Mapping[GreetingKind, Sound]:
        """A person's own."""

    def greeting_of(self, person: str, kind: GreetingKind) -> Sound | None:
        """A person's own, for callers; None where there is none. Never waits, never fails."""

    async def set_greeting(self, person: str, kind: GreetingKind, recording: UUID, by: Hearer) -> None:
        """From now on callers hear what was recorded under this name; the recording is taken away."""

    async def drop_greeting(self, person: str, kind: GreetingKind, by: Hearer) -> None:
        """From now on the words of the prompts again."""

    async def opened(self, extension: str, by: Hearer) -> bool:
        """Note that somebody hears it at its own phone. That opens it again for access from outside: was it locked?"""

    async def admit(self, extension: str, pin: str, by: Hearer) -> Admission:
        """May whoever gave this number and PIN hear it? It takes as long whatever comes out.

        Wrong ones from outside lock it for access from there. Those at its own phone (`by.at_desk`) are counted for
        themselves, and nothing that is done outside shuts that door.
        """

    async def set_pin(self, extension: str, pin: str, by: Hearer) -> None:
        """From now on this one; "" for none. Weak ones are for the caller to refuse (domain/pin.py)."""

    async def discard(self, recordings: Collection[UUID]) -> None:
        """Take away what `Call.record` recorded under these names; nothing where it is not there."""

    async def release(self, sounds: Collection[Sound]) -> None:
        """These are not played any more."""


class CallLedger(Protocol):
    """Where events are appended."""

    def append(self, event: CallEvent) -> None:
        """Take the event; it is on disk soon. Never waits, never fails."""

    async def durable(self) -> None:
        """Return when everything appended before is on disk. Await it before promising anything to anybody."""


class CallArchive(Protocol):
    """Where records are read. Raises RecordsUnreachable."""

    async def calls(self, *, since: datetime | None = None, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        """The newest calls' rows, newest first."""

    async def story(self, call_id: CallId) -> Sequence[CallEvent]:
        """All events of one call, oldest first; empty if unknown."""


class ScreeningLists(Protocol):
    """Numbers that people blocked or allowed, for calls: in memory, never waits, never fails."""

    def allowed(self, number: str) -> Listed | None:
        """The line that lets this number (E.164) pass."""

    def blocked(self, number: str) -> Listed | None:
        """The line that blocks this number (E.164)."""

    def block(self, number: str, why: str) -> None:
        """From now on it is blocked; whoever calls has seen to it that it stays so."""


class SpamScores(Protocol):
    """Somebody who knows of nuisance callers."""

    async def score(self, number: str) -> float | None:
        """0 (none) to 100 of a number (E.164); None where nobody knows, or not in time. Never fails."""


class Lookups(Protocol):
    """Other systems that know callers."""

    async def ask(self, lookup: Lookup, number: str, dialled: str) -> LookupAnswer:
        """What a system knows of a number (E.164) that called one of ours. Never beyond the lookup's time, never
        fails."""


class RecordingSpace(Protocol):
    """Where conversations are recorded."""

    def has_room(self) -> bool:
        """Whether one more may be begun. Never waits, never fails."""


class ClientDirectory(Protocol):
    """Who our clients are, for calls: in memory, never waits, never fails."""

    def of(self, number: str) -> Client | None:
        """The client who has this number (E.164); None for a stranger's, and for ""."""


class Outbox(Protocol):
    """What is to be sent because of messages, each thing once. Raises RecordsUnreachable."""

    async def claim(self, way: Way, now: datetime, until: datetime, most: int) -> Sequence[Notice]:
        """What is due, and nobody else's `until` then: who claimed it and died has lost it by that time."""

    async def address(self, notice: Notice, receivers: Mapping[str, str]) -> None:
        """Make one notice for each receiver, key to address or id, in place of this one. None: nobody is told."""

    async def settle(self, notice: Notice, delivery: Delivery, again: datetime | None) -> None:
        """Note what became of an attempt; `again` where another is to be made."""

    async def message(self, message_id: UUID, *, with_sound: bool) -> LeftMessage | None:
        """The message a notice is about; None if it was erased."""

    async def appointment(self, appointment_id: UUID) -> Appointment | None:
        """The appointment a notice is about, as it is now; None if it was erased."""

    async def more(self, seconds: float) -> None:
        """Return when something was added, or after so long."""


class Mailer(Protocol):
    """Who takes mail from us."""

    async def mail(self, notice: Notice, about: About, organisation: Organisation) -> Delivery:
        """Send it to `notice.to`. Never fails: what went wrong is in the answer."""


class WebhookSender(Protocol):
    """Who tells other systems."""

    async def tell(
        self, webhook: Webhook, notice: Notice, about: About, organisation: Organisation, now: datetime
    ) -> Delivery:
        """Tell the webhook. Never fails: what went wrong is in the answer."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A message that nobody wrote down yet."""

    message: UUID
    language: str  # as the caller chose it; "" where that is not known
    seconds: float
    wav: bytes  # 16 bits


class Transcripts(Protocol):
    """What was said in messages. Raises RecordsUnreachable."""

    async def next(self, since: datetime) -> Unwritten | None:
        """A message recorded since then that is to be written down; None if there is none."""

    async def keep(self, message: UUID, found: Transcript | str, at: datetime) -> None:
        """What was said in it, or why that is not known: it is not tried again."""


class Recogniser(Protocol):
    """A machine that writes down what it hears."""

    async def written_down(self, wav: bytes, language: str, seconds: float) -> Transcript | str:
        """What is said, or in a line why that is not known; not beyond so many seconds. Never fails."""


class Callbacks(Protocol):
    """Who was promised to be called back. Kept in memory: asking never waits."""

    def get(self, identifier: UUID) -> Callback | None:
        """One of them, as far as it is remembered."""

    def all(self) -> Sequence[Callback]:
        """Every one that is remembered: the open ones, and those that were closed lately."""

    def open(self) -> Sequence[Callback]:
        """Those still to be called back; who came first, first."""

    def of(self, number: str) -> Callback | None:
        """The open one of a number (E.164): a number has at most one."""

    def typed_by(self, caller: str) -> Callback | None:
        """The open one to another number that was asked for from this number (E.164; "" for all that are withheld)."""

    def put(self, callback: Callback) -> None:
        """How one stands from now on, for all that ask; on disk soon. Never waits, never fails."""

    async def durable(self) -> None:
        """Return when everything put before is on disk. Raises OSError if the disk refuses it."""


class AgentLine(Call, Protocol):
    """A call that begins at a phone that we ring: who picks up is the caller from then on."""

    @property
    def witness(self) -> Mapping[str, str]:
        """What the first event notes: the names of this call in Asterisk's own log."""

    async def pick_up(self, timeout: timedelta) -> PhoneResult:
        """Ring the phone. After ANSWERED go on as with any caller; else the call is over."""


@dataclass(frozen=True, slots=True)
class OutboundCaps:
    """How much a desk phone may call outside in a day."""

    role: OutboundRole
    timezone: str  # whose days they are, an IANA name


@dataclass(frozen=True, slots=True)
class AgentCall:
    """Whom to ring for a callback, and whom the call is for; or somebody outside, about an appointment of theirs."""

    callback: UUID  # or the appointment
    agent: Phone  # a number outside: only where `lines` has it
    number: str  # the number of ours that it is about
    shown_number: str  # on the agent's display
    shown_name: str
    lines: Mapping[str, MobileLine]  # the numbers outside that may be rung in this call, and none but these
    caps: OutboundCaps | None = None  # of the agent's phone, for which the call outside counts; None: there are none


class AgentLines(Protocol):
    """Calls that we begin ourselves."""

    def call(self, wanted: AgentCall) -> AbstractAsyncContextManager[AgentLine]:
        """A line that is not rung yet. A call outside counts for the agent's phone, as if it had dialled; once a cap is
        reached nobody is rung there. At the end it is hung up, unless the two talk on without us (a shutdown)."""

    async def may_call_outside(self, agent: Phone, caps: OutboundCaps) -> bool:
        """Whether the phone has reached none of its caps. False, too, where Asterisk, who counts, does not tell."""
