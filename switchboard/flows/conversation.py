"""Where one call stands in its flow, and what a step may do: the call, the office, the language, the variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from datetime import datetime, timedelta
from uuid import UUID

from switchboard.domain.clients import SUBJECTS as CLIENT_SUBJECTS
from switchboard.domain.clients import Client
from switchboard.domain.consent import NOTED_AS as CONSENT
from switchboard.domain.consent import Consent, consent_in
from switchboard.domain.dialling import Phone
from switchboard.domain.forwarding import MANAGER, STANDING, Callee, callee_for
from switchboard.domain.language import Language
from switchboard.domain.lookups import Looked, Lookup
from switchboard.domain.pin import Admission
from switchboard.domain.queueing import Queue
from switchboard.domain.rota import OnDuty, Rota
from switchboard.domain.screening import Screened
from switchboard.errors import SwitchboardError
from switchboard.flows.configuration import Configuration, Flow, Left
from switchboard.flows.expressions.types import WEEKDAYS, Value
from switchboard.flows.lookup_kinds import Taken
from switchboard.flows.variables import first_values, kept_values
from switchboard.flows.visiting_calendars import NOTED_AS as APPOINTMENT
from switchboard.flows.visiting_calendars import CalendarVisit, counted_visit, note_hold
from switchboard.ports import Acceptance, Call, Position
from switchboard.services.announce_caller import acceptance_of
from switchboard.services.appointment_visit import AppointmentRequest
from switchboard.services.hear_messages import admitted, hear_from_outside
from switchboard.services.identify_caller import identify_caller
from switchboard.services.look_up_caller import look_up_caller
from switchboard.services.offer_callback import Promise, callable_number, promise_callback, standing_callback
from switchboard.services.office import Office, Speech
from switchboard.services.record_call import CallRecorder
from switchboard.services.record_talk import choose_recording
from switchboard.services.screen_call import screen_number
from switchboard.services.take_message import REVIEWS, pressed_of

CLOCK = ("time", "weekday", "date")  # what is known of a call by the clock
STATED_NAME = "_stated_name"  # among a call's variables; none that is declared is called so
MESSAGE_IN_HAND = "_message"  # among a call's variables, while a message is taken
STEPS_PER_CALL = 200  # entered or repeated; no caller needs as many, a loop nobody leaves soon has them

MOST_KEYS = 30  # of those that belong together
END_OF_KEYS = "#"


class TooManySteps(SwitchboardError):
    """The call went in circles."""


class Conversation:
    """One call's state. Steps read it, and move with `enter`, `leave`, `jump` and `finish`."""

    __slots__ = (
        "_next",
        "_returns",
        "_steps_left",
        "attempt",
        "call",
        "configuration",
        "entered_at",
        "flow",
        "is_finished",
        "message_in_hand",
        "message_reviews",
        "office",
        "recorder",
        "step",
        "variables",
        "waiting",
    )

    def __init__(
        self,
        call: Call,
        recorder: CallRecorder,
        office: Office,
        configuration: Configuration,
        start: str | Position,
        consent: Consent | None = None,
    ) -> None:
        """`consent`: what the caller has said already, before the call was passed on to another number of ours."""
        self.call = call
        self.recorder = recorder
        self.office = office
        self.configuration = configuration
        self.attempt = 1  # with which a menu begins
        self.entered_at = recorder.now()  # the step it is in
        # As JSON can hold them; None: known to be not known.
        self.variables: MutableMapping[str, Value | None] = first_values(configuration.variables)
        self.waiting = start.waiting if isinstance(start, Position) else None  # see Position
        self.message_reviews = REVIEWS  # how often a caller may hear a message, or say it anew
        self.message_in_hand: UUID | None = None  # begun in this step, under an earlier controller
        self.is_finished = False
        self._next: tuple[str, str] | None = None
        self._returns: list[tuple[str, str]] = []
        self._steps_left = STEPS_PER_CALL
        if isinstance(start, Position):
            self.flow: Flow = configuration.flows[start.flow]
            self.step: str = start.step
            self.attempt = start.attempt
            self.variables = kept_values(configuration.variables, start.variables)
            if isinstance(start.variables, Mapping) and start.variables.get(STATED_NAME):
                self.note_stated_name()
            if isinstance(start.variables, Mapping) and (message := start.variables.get(MESSAGE_IN_HAND)):
                self.message_in_hand = UUID(str(message))
                self.variables[MESSAGE_IN_HAND] = str(message)  # for whoever takes the call over from us
            if isinstance(start.variables, Mapping) and (visit := start.variables.get(APPOINTMENT)):
                self.variables[APPOINTMENT] = str(visit)
            if isinstance(start.variables, Mapping):
                consent = consent_in(start.variables.get(CONSENT)) or consent
            self._returns.extend(start.returns)
        else:
            self.flow = configuration.flows[start]
            self.step = self.flow.start
        if consent is not None:
            self.variables[CONSENT] = consent.value

    @property
    def language(self) -> Language:
        """What the caller hears."""
        return self.recorder.language

    def note_stated_name(self) -> None:
        """The caller has stated a name, which is recorded: who picks up hears it first."""
        self.variables[STATED_NAME] = True

    @property
    def has_stated_name(self) -> bool:
        """Whether the caller has: then everybody who picks up is asked."""
        return STATED_NAME in self.variables

    def message_begun(self, message: UUID) -> None:
        """From now on the caller may have said something of this message: whoever takes the call over saves it."""
        self.variables[MESSAGE_IN_HAND] = str(message)
        self.remember(self.attempt)

    def message_over(self) -> None:
        """It is saved, or nothing was said."""
        self.variables.pop(MESSAGE_IN_HAND, None)
        self.message_in_hand = None

    def note_consent(self, consent: Consent) -> None:
        """The caller has said whether the call may be recorded, for as long as it lasts: on the call at once, so that
        nobody is asked twice."""
        self.variables[CONSENT] = consent.value
        self.remember(self.attempt)

    @property
    def consent(self) -> Consent | None:
        """What the caller said to that; None: was not asked."""
        return consent_in(self.variables.get(CONSENT))

    def recording_of(self, phone: Phone) -> UUID | None:
        """Under which name the conversation with whoever answers this phone is recorded; None: it is not."""
        queue = self.waiting[0] if self.waiting is not None else ""
        return choose_recording(self.call, phone, self.office, self.recorder, consent=self.consent, queue=queue)

    def acceptance(self) -> Acceptance | None:
        """What is asked of who picks up, from here on."""
        return acceptance_of(self.call, self.office, has_stated_name=self.has_stated_name)

    async def say(self, speech: Speech, *more: Speech, barge_in: bool = True) -> None:
        """Say it in the caller's language."""
        language = self.recorder.language
        utterances = speech[language]
        for following in more:
            utterances += following[language]
        await self.call.play(utterances, barge_in=barge_in)

    async def pressed_of(self, call: Call, timeout: timedelta, keys: Collection[str]) -> str | None:
        """The next key if it is one of these, else OTHER: exploration need not try all others."""
        return await pressed_of(call, timeout, keys)

    async def keys(
        self, first: timedelta, between: timedelta, *, at_once: str, worth_trying: Callable[[], Iterable[str]]
    ) -> str:
        """Keys that belong together: those pressed until `#`, or until none comes for `between`; at most MOST_KEYS.

        "" if none comes for `first`. A key of `at_once` is returned alone as soon as it is pressed. Exploration tries
        what is `worth_trying`: keys that stand for all that can be pressed, first those that mean nothing.
        """
        pressed = ""
        while len(pressed) < MOST_KEYS:
            key = await self.call.key(between if pressed else first)
            if key is None or key == END_OF_KEYS:
                break
            if key in at_once:
                return key
            pressed += key
        return pressed

    async def admitted_to_mailbox(self, extension: str, pin: str) -> Admission | None:
        """What comes of a mailbox's number and a PIN; None where mailboxes cannot be had."""
        return await admitted(self.call, extension, pin, self.office, self.recorder)

    async def hear_mailbox(self, extension: str) -> bool:
        """Let whoever was admitted hear it; False where it cannot be had, which they were told."""
        return await hear_from_outside(self.call, extension, self.office, self.recorder)

    def prompt(self, identifier: str) -> Speech:
        """One of the prompts that the switchboard says by itself."""
        return self.configuration.prompts[identifier]

    def now(self) -> datetime:
        """This instant, UTC. Steps ask it here and nowhere else, so that exploration sees who decides by the clock."""
        return self.recorder.now()

    def local_now(self) -> datetime:
        """The instant on the organisation's wall clock."""
        return self.configuration.local(self.now())

    def value_of(self, name: str, instant: datetime | None = None) -> Value | None:
        """What is known of the call by this name: a variable, or one of SUBJECTS; None if nothing is.

        Every condition asks here. `instant` is when, for what goes by the clock; now if not said.
        """
        if name in CLOCK:
            local = self.configuration.local(instant or self.now())
            if name == "weekday":
                return WEEKDAYS[local.weekday()]
            return f"{local:%H:%M}" if name == "time" else local.date().isoformat()
        if name == "caller":
            return self.call.caller.number
        if name in CLIENT_SUBJECTS:
            return self.client_told(name)
        if name == "number":
            return self.call.number
        return self.language if name == "language" else self.variables.get(name)

    async def look_up(self, lookup: Lookup, taken: Iterable[Taken]) -> Looked:
        """Ask another system about the caller."""
        return await look_up_caller(self.call, lookup, [each.path for each in taken], self.office, self.recorder)

    async def screened(self) -> Screened:
        """What screening found of the caller; of a call taken over, what it finds now."""
        return self.recorder.screened or screen_number(self.call.caller.number, self.office)

    @property
    def client(self) -> Client | None:
        """Who calls, if one of our clients does."""
        return identify_caller(self.call.caller.number, self.office).client

    def client_told(self, subject: str) -> Value | None:
        """What is known of the caller: one of clients.SUBJECTS."""
        return identify_caller(self.call.caller.number, self.office).told(subject)

    def clients_callee(self) -> tuple[Callee, str]:
        """Whom the caller is for who asks for the account manager, and why."""
        known = [self.value_of(subject) for subject in (MANAGER, STANDING)]
        manager, standing = (str(each) if each is not None else "" for each in known)
        return callee_for(manager, standing, self.configuration.organisation)

    def client_named(self) -> str:
        """Who calls, for the record."""
        client = self.client
        return f"{client.name} ({client.code})" if client else "not in the client list"

    def on_duty(self, rota: Rota) -> OnDuty:
        """Who is called by a rota now."""
        return rota.swapped(self.office.swaps.of(rota.id)).on_duty(self.now())

    def note(self, values: Mapping[str, Value | None]) -> None:
        """Note values in variables; None where a value is not known, which forgets what was noted before."""
        for name, value in values.items():
            if value is not None or self.configuration.variables[name].first is not None:
                self.variables[name] = value
            else:
                self.variables.pop(name, None)

    @property
    def came_through(self) -> tuple[tuple[str, str], ...]:
        """(flow, subflow step) that `return` goes back to, innermost last."""
        return tuple(self._returns)

    def spend(self) -> None:
        """Count a step or a repetition. Raises TooManySteps."""
        if self._steps_left <= 0:
            raise TooManySteps
        self._steps_left -= 1

    def place_in(self, queue: str) -> datetime | None:
        """Since when the caller has a place in this queue; None: comes anew."""
        return self.waiting[1] if self.waiting is not None and self.waiting[0] == queue else None

    def callable_number(self, written: str, queue: Queue) -> str:
        """A number in E.164 if callers of the queue are called back there, else ""."""
        return callable_number(written, queue, self.office)

    def is_called_back(self) -> bool:
        """Does the caller wait to be called back already?"""
        return standing_callback(self.call, self.office) is not None

    async def promise_callback(self, queue: Queue, number: str) -> Promise:
        """Promise to call a number back; the caller keeps the place in the queue, if there is one."""
        since = self.place_in(queue.id)
        return await promise_callback(self.call, queue, number, since, self.office, self.recorder)

    async def visit_calendars(self, visit: CalendarVisit) -> Left:
        """Let the caller book, move or cancel an appointment; an earlier controller may have begun that."""
        with counted_visit(self.variables, lambda: self.remember(self.attempt)) as counted:

            def begun(hold: UUID) -> None:
                note_hold(self.variables, counted, hold)
                self.remember(self.attempt)

            request = AppointmentRequest(
                visit.bookable.types,
                visit.bookable.names,
                visit.bookable.resources,
                visit.bookable.press,
                f"{self.flow.id}.{self.step}",
                visit.timeout,
                visit.attempts,
                counted.number,
                counted.in_hand,
                begun,
            )
            visited = await visit.deal(self.call, request, self.office, self.recorder)
        self.call.forget_keys()
        return Left(visited.outcome.value, visited.told)

    def keep_place(self, queue: str) -> None:
        """From now on the caller has a place in this queue, and keeps it through a restart of ours."""
        if self.place_in(queue) is None:
            self.waiting = (queue, self.recorder.now())
        self.remember(self.attempt)

    def give_up_place(self) -> None:
        """The caller was served, or goes elsewhere for good."""
        self.waiting = None

    def remember(self, attempt: int) -> None:
        """Note on the call where it stands, for a restarted controller."""
        self.call.remember(
            Position(
                self.flow.id,
                self.configuration.version,
                self.step,
                attempt,
                self.recorder.language,
                dict(self.variables),
                tuple(self._returns),
                self.waiting,
            )
        )

    def enter(self, flow: str) -> None:
        """Go on in a subflow; its `return` comes back to this step."""
        self._returns.append((self.flow.id, self.step))
        self._next = (flow, self.configuration.flows[flow].start)

    def jump(self, flow: str) -> None:
        """Go on in another flow, for good."""
        self._next = (flow, self.configuration.flows[flow].start)

    def leave(self, result: str) -> bool:
        """Go back to the subflow step that led here, out by its route for `result`. False if none did."""
        if not self._returns:
            return False
        flow, step = self._returns.pop()
        self._next = (flow, self.configuration.flows[flow].steps[step].routes[result])
        return True

    def finish(self) -> None:
        """Nothing more to say."""
        self.is_finished = True

    def follow(self, target: str | None) -> None:
        """Move to where the step just left leads: where it moved itself, else to `target`."""
        if self._next is not None:
            flow, self.step = self._next
            self.flow = self.configuration.flows[flow]
            self._next = None
        elif target is not None:
            self.step = target
        else:
            self.is_finished = True
        self.attempt = 1
