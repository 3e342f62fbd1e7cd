"""`directory`: the caller spells whom they want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.domain.name_directory import LONGEST, MOST_CHOICES, Entry
from switchboard.flows.asking import NO_INPUT, NO_MATCH, REPEAT
from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.flows.kinds import Count, Duration, OneOf, Spoken
from switchboard.flows.people_kinds import Among, Listed, PerKey
from switchboard.flows.schema import RECEPTION_STEP, Field, Outcome, StepType
from switchboard.services.forward_call import forward_call
from switchboard.services.office import Speech

HUMAN = "0"


@dataclass(frozen=True, slots=True)
class Directory:
    """Who can be asked for, and what is said on the way."""

    speech: Speech
    listed: Listed
    press: tuple[Speech, ...]
    nobody: Speech
    saying: Speech
    timeout: timedelta
    pause: timedelta
    attempts: int
    rings: timedelta
    hearing: str


async def run(step: Directory, conversation: Conversation) -> Left:
    """Ask for a name until somebody is meant by it, and ring them."""
    attempt = conversation.attempt
    before: tuple[Speech, ...] = ()
    while True:
        await conversation.say(*before, step.speech)
        keys = await conversation.keys(
            step.timeout, step.pause, at_once=HUMAN + REPEAT, worth_trying=step.listed.directory.worth_trying
        )
        if keys == HUMAN:
            return Left("reception", f"pressed {keys}")
        found = step.listed.directory.matches(keys)
        if 0 < len(found) <= MOST_CHOICES:
            if len(found) == 1:
                return await _ring(step, conversation, found[0], keys)
            if (left := await _choose(step, conversation, found, keys)) is not None:
                return left
        elif keys != REPEAT and attempt >= step.attempts:
            return Left(NO_MATCH if keys else NO_INPUT, f"{_told(keys, found)}, attempt {attempt} of {step.attempts}")
        conversation.spend()
        conversation.call.forget_keys()
        before = ()
        if keys != REPEAT and not 0 < len(found) <= MOST_CHOICES:
            attempt += 1
            conversation.remember(attempt)
            before = (step.nobody if keys else conversation.prompt(NO_INPUT),)


async def _choose(step: Directory, conversation: Conversation, found: Sequence[Entry], keys: str) -> Left | None:
    """Ask which of them is meant, and ring them; None to spell anew."""
    choices = dict(zip(map(str, range(1, MOST_CHOICES + 1)), found, strict=False))
    before: tuple[Speech, ...] = ()
    for attempt in range(1, step.attempts + 1):
        offers = [part for entry, press in zip(found, step.press, strict=False) for part in _offer(step, entry, press)]
        await conversation.say(*before, *offers)
        key = await conversation.call.key(step.timeout)
        conversation.call.forget_keys()
        if key == HUMAN:
            return Left("reception", f"pressed {key}")
        if key == REPEAT:
            return None
        if key in choices:
            return await _ring(step, conversation, choices[key], f"{keys}, chose {key}")
        failure = NO_INPUT if key is None else NO_MATCH
        if attempt == step.attempts:
            return Left(failure, f"spelled {keys}, none of {len(found)} chosen")
        conversation.spend()
        before = (conversation.prompt(failure),)
    return None


def _offer(step: Directory, entry: Entry, press: Speech) -> tuple[Speech, Speech]:
    return step.listed.names[entry.person], press


async def _ring(step: Directory, conversation: Conversation, entry: Entry, spelled: str) -> Left:
    decided_on = f"spelled {spelled}: {entry.name}"
    await conversation.say(step.listed.names[entry.person], step.saying, barge_in=False)
    phones = step.listed.phones[entry.person]
    if not phones:
        return Left(DialOutcome.UNAVAILABLE, f"{decided_on}, has no phone")
    hearing = WhileRinging(step.hearing)
    result = await forward_call(conversation.call, phones, conversation.recorder, timeout=step.rings, hearing=hearing)
    conversation.call.forget_keys()  # pressed while talking: they answer nothing we ask afterwards
    return Left(result.outcome.value, f"{decided_on}, {result.outcome.value}")


def _told(keys: str, found: Sequence[Entry]) -> str:
    if not keys:
        return "silence"
    return f"spelled {keys[:LONGEST]}: {f'{len(found)} names' if found else 'nobody'}"


DIRECTORY = StepType(
    name="directory",
    purpose="Finds a person by name: the caller spells the beginning of a first or last name with the letters on the "
    "keys, and ends with the hash key or by waiting. Up to eight names are read out to choose from; somebody's is said "
    "in their own voice where `recordings/<language>/name_<person>.wav` lies in the prompts folder. Whoever it is, is "
    "rung. `*` begins anew and 0 is reception. People with `listed: no` in people.yaml are found only where they are "
    "named.",
    step=Directory,
    fields=(
        Field("directory", Spoken(), "what is said: that a name is to be spelled", attribute="speech"),
        Field("among", Among(), "who can be asked for: `everybody`, or departments and people", attribute="listed"),
        Field("press", PerKey(), "the prompt said after each name to choose from; it names `key`"),
        Field("nobody", Spoken(), "what is said where nobody, or more than eight, are meant"),
        Field("saying", Spoken(), "what is said after the name of whoever is rung"),
        Field("timeout", Duration(timedelta(seconds=30)), "how long the first key is waited for", timedelta(seconds=5)),
        Field(
            "pause",
            Duration(timedelta(seconds=10)),
            "without a key for so long, the name is whole",
            timedelta(seconds=2),
        ),
        Field("attempts", Count(1, 10), "how often it is asked", 3),
        Field("for", Duration(timedelta(minutes=5)), "how long it rings", timedelta(seconds=20), "rings"),
        Field(
            "hearing",
            OneOf(tuple(way.value for way in WhileRinging), "sound"),
            "what the caller hears meanwhile: `ringback` or `music`",
            WhileRinging.RINGBACK.value,
        ),
    ),
    outcomes=(
        Outcome(DialOutcome.ANSWERED, "they talked, and the callee has left"),
        Outcome(DialOutcome.BUSY, "the phone is in a call"),
        Outcome(DialOutcome.NO_ANSWER, "it rang until the time was up"),
        Outcome(DialOutcome.DECLINED, "the callee refused the call"),
        Outcome(DialOutcome.UNAVAILABLE, "the phone is not connected, or there is none"),
        Outcome(DialOutcome.FAILED, "anything else"),
        Outcome(NO_INPUT, "no key was pressed"),
        Outcome(NO_MATCH, "nobody is called so, or too many"),
        Outcome("reception", "0 was pressed", default=RECEPTION_STEP),
    ),
    run=run,
    waits=True,
    example="""\
by_name:
  directory: spell_name
  among: everybody
  press: press_key
  nobody: nobody_of_that_name
  saying: connecting
  on:
    answered: bye
    busy: reception
    no_answer: reception
    declined: reception
    unavailable: reception
    failed: reception
    no_input: reception
    no_match: reception
""",
)
