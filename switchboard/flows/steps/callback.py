"""`callback`: the caller is called back instead of waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from switchboard.flows.asking import NO_INPUT, NO_MATCH
from switchboard.flows.callback_kinds import CallbackOffer, CallbackQueue
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.offer_callback import Promise
from switchboard.services.office import Speech

HUMAN = "0"
RECEPTION = "reception"
YES, ANOTHER = "1", "2"
SILENCE = "-"
WORTH_TRYING = ("55512345", HUMAN)  # what a caller may type, for exploring


@dataclass(frozen=True, slots=True)
class OfferCallback:
    """For which queue, and how patiently the caller is asked."""

    offer: CallbackOffer
    timeout: timedelta
    attempts: int


async def run(step: OfferCallback, conversation: Conversation) -> Left:
    """Ask for the number, and promise to call it."""
    conversation.call.forget_keys()
    if conversation.is_called_back():
        await conversation.say(step.offer.exists)
        return Left(Promise.EXISTS.value, "waits to be called back already")
    return await _Asking(step, conversation).go()


class _Asking:
    """One caller who is asked. `pressed` is for the record: each answer, `-` for silence."""

    def __init__(self, step: OfferCallback, conversation: Conversation) -> None:
        self._step, self._offer, self._conversation = step, step.offer, conversation
        self._pressed: list[str] = []

    async def go(self) -> Left:
        """Own number, or another."""
        number = self._conversation.callable_number(self._conversation.call.caller.number, self._offer.queue)
        if number:
            key = await self._key((self._offer.offer,))
            if key == YES:
                return await self._promise(number)
            if key != ANOTHER:
                return self._not_chosen(key)
        return await self._type()

    async def _type(self) -> Left:
        """Another number, typed. It may begin with 0: alone that is reception."""
        offer, conversation, is_refused = self._offer, self._conversation, False
        before: tuple[Speech, ...] = ()
        for _ in range(self._step.attempts):
            typed = await self._number((*before, offer.number))
            if typed == HUMAN:
                return self._left(RECEPTION, "pressed 0")
            number = conversation.callable_number(typed, offer.queue) if typed.isdigit() else ""
            is_refused = bool(typed) and not number
            before = (offer.refused if typed else conversation.prompt(NO_INPUT),)
            if number:
                key = await self._key((*(offer.digits[digit] for digit in typed), offer.typed))
                if key == YES:
                    return await self._promise(number)
                if key != ANOTHER:
                    return self._not_chosen(key)
                before = ()
        if is_refused:
            await conversation.say(offer.refused)
            return self._left(Promise.REFUSED.value, "typed a number that is not called")
        return self._left(NO_INPUT, "typed no number")

    async def _number(self, question: Sequence[Speech]) -> str:
        conversation, timeout = self._conversation, self._step.timeout
        await conversation.say(*question)
        typed = await conversation.keys(timeout, timeout, at_once="", worth_trying=lambda: WORTH_TRYING)
        conversation.spend()
        self._pressed.append(f"{typed}#" if typed else SILENCE)
        return typed

    async def _key(self, question: Sequence[Speech]) -> str | None:
        """1, 2 or 0; None where none of them came."""
        conversation = self._conversation
        before: tuple[Speech, ...] = ()
        for _ in range(self._step.attempts):
            await conversation.say(*before, *question)
            key = await conversation.call.key(self._step.timeout)
            self._pressed.append(key or SILENCE)
            if key in (YES, ANOTHER, HUMAN):
                return key
            conversation.call.forget_keys()
            conversation.spend()
            before = (conversation.prompt(NO_INPUT if key is None else NO_MATCH),)
        return None

    async def _promise(self, number: str) -> Left:
        offer = self._offer
        promise = await self._conversation.promise_callback(offer.queue, number)
        said = {Promise.PROMISED: offer.promised, Promise.EXISTS: offer.exists, Promise.REFUSED: offer.refused}
        await self._conversation.say(said[promise])
        if promise is Promise.PROMISED:
            self._conversation.give_up_place()
        return self._left(promise.value, f"to be called at {number}")

    def _not_chosen(self, key: str | None) -> Left:
        return self._left(RECEPTION if key == HUMAN else NO_INPUT, f"pressed {key}" if key else "chose nothing")

    def _left(self, outcome: str, why: str) -> Left:
        return Left(outcome, f"keyed {' '.join(self._pressed)}: {why}")


CALLBACK = StepType(
    name="callback",
    purpose="The caller hangs up and is called back when it would have been their turn: the place in the queue is "
    "kept, where the caller comes from it; else it is the last. The number is the one the caller calls from, confirmed "
    "with 1, or another one, typed; only numbers that the queue's `callback` allows are called. An agent is rung and "
    "takes it with 1, then the person is rung and takes it with 1. A number waits once: who asks again is told that it "
    "stands. Who calls meanwhile and talks to somebody is not called back. The queue's `callback` in organisation.yaml "
    "says how often (`attempts`, `pause`), for how long (`deadline`, and `closing`: not after these hours close that "
    "day), and by whose rules of `outbound` (`role`).",
    step=OfferCallback,
    fields=(
        Field("callback", CallbackQueue(), "whose agents call back", attribute="offer"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long a key is waited for", timedelta(seconds=5)),
        Field("attempts", Count(1, 10), "how often it is asked", 3),
    ),
    outcomes=(
        Outcome(Promise.PROMISED, "the caller was told that we call back, and the promise is on disk"),
        Outcome(Promise.EXISTS, "the caller waits to be called back already, and was told so"),
        Outcome(Promise.REFUSED, "no number that we call, and the caller was told so"),
        Outcome(NO_INPUT, "the caller chose nothing, or typed nothing"),
        Outcome(RECEPTION, "0 was pressed", default=RECEPTION_STEP),
    ),
    run=run,
    waits=True,
    example="""\
leave_callback:
  callback: {queue: sales}
  on: {promised: bye, exists: bye, refused: order, no_input: order}
""",
)
