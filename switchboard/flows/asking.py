"""Asking for one key: what menus have in common."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from switchboard.flows.configuration import Left
from switchboard.flows.conversation import Conversation
from switchboard.services.office import Speech

REPEAT = "*"
NO_INPUT, NO_MATCH = "no_input", "no_match"  # outcomes, and the prompts said before asking again


async def ask(
    conversation: Conversation, speech: Speech, keys: Collection[str], timeout: timedelta, attempts: int
) -> Left:
    """Say the question until one of the keys is pressed; the outcome is the key, or what the last attempt ended with.

    `*` repeats the question and is no attempt; it counts as a step, so that it ends too.
    """
    attempt = conversation.attempt
    before: tuple[Speech, ...] = ()
    while True:
        await conversation.say(*before, speech)
        key = await conversation.call.key(timeout)
        if key is not None and key in keys:
            return Left(key, f"pressed {key}")
        conversation.call.forget_keys()
        if key == REPEAT:
            conversation.spend()
            before = ()
            continue
        failure = NO_INPUT if key is None else NO_MATCH
        if attempt >= attempts:
            said = "silence" if key is None else f"pressed {key}"
            return Left(failure, f"{said}, attempt {attempt} of {attempts}")
        attempt += 1
        conversation.spend()
        conversation.remember(attempt)
        before = (conversation.prompt(failure),)
