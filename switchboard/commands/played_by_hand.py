"""A simulated call played at the prompt: a person says what the caller and the phones do."""

from __future__ import annotations

import select
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from switchboard.domain.dialling import Choice, DialOutcome, Phone
from switchboard.testing.script import ANSWERS_AFTER, REFUSES_AFTER, Action, Deed, PhoneBehaviour, read_keys

HELP = """\
    2       press 2 (0 to 9, *, #); 12 presses both at once
    Enter   stay silent
    h       hang up (Ctrl-C and Ctrl-D too)
    2 . 1   several words answer the next questions too; all of `--keys` is understood (simulate --help)"""
RING_HELP = """\
    Enter   somebody answers
    b       busy
    n       nobody answers
    d       declined
    u       unavailable: not connected
    f       failed
    v, r, s somebody answers and, asked whether to take the call, sends the caller to voicemail, refuses, says nothing
    h       the caller hangs up while it rings"""
SPEAK_HELP = """\
    3       speak for three seconds
    Enter   say nothing
    h       hang up"""
TALK_HELP = """\
    Enter   the callee hangs up
    h       the caller hangs up"""

_BEHAVIOURS: Mapping[str, PhoneBehaviour] = {
    "": PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER),
    "a": PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER),
    "b": PhoneBehaviour(DialOutcome.BUSY),
    "n": PhoneBehaviour(DialOutcome.NO_ANSWER, timedelta.max),
    "d": PhoneBehaviour(DialOutcome.DECLINED, REFUSES_AFTER),
    "u": PhoneBehaviour(DialOutcome.UNAVAILABLE),
    "f": PhoneBehaviour(DialOutcome.FAILED),
    "v": PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER, chooses=Choice.TO_VOICEMAIL),
    "r": PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER, chooses=Choice.REFUSED),
    "s": PhoneBehaviour(DialOutcome.ANSWERED, ANSWERS_AFTER, chooses=Choice.NONE),
}
_HANG_UP = "h"
SHORT_WAIT = 0.2  # seconds


class PlayedByHand:
    """Implements testing.interactive_call.Player at standard input. Its end, or Ctrl-C, hangs up."""

    def asked(self, timeout: timedelta) -> Sequence[Action]:
        """See Player."""
        while True:
            words = _prompt("which key?", HELP)
            try:
                actions = read_keys(words)
            except ValueError as error:
                print(f"    {error}; ? tells more")
                continue
            if actions and actions[0].deed is Deed.HANG_UP:
                return [replace(actions[0])]
            return actions

    def speaks(self, longest: timedelta) -> Sequence[Action]:
        """See Player."""
        while True:
            words = _prompt(f"speaks, for at most {longest.total_seconds():g} s: how many seconds?", SPEAK_HELP)
            if words == _HANG_UP:
                return [Action(Deed.HANG_UP)]
            try:
                return read_keys(words and f"s{words}")
            except ValueError:
                print(f"    `{words}` is no number of seconds\n{SPEAK_HELP}")

    def rings(self, phone: Phone, timeout: timedelta) -> PhoneBehaviour | None:
        """See Player."""
        while True:
            word = _prompt(
                f"{phone.line} {phone.name} rings, for {timeout.total_seconds():g} s: answers, "
                "b busy, n no answer, d declines?",
                RING_HELP,
            )
            if word == _HANG_UP:
                return None
            if word in _BEHAVIOURS:
                return _BEHAVIOURS[word]
            print(f"    `{word}` is no way for a phone to ring\n{RING_HELP}")

    def talks(self, phone: Phone) -> bool:
        """See Player."""
        while True:
            word = _prompt(f"{phone.name} hangs up, or h: the caller?", TALK_HELP)
            if word in ("", _HANG_UP):
                return word != _HANG_UP
            print(f"    `{word}` is no way to end a talk\n{TALK_HELP}")


def _prompt(question: str, explanation: str) -> str:
    """What is typed, without blanks around it; `h` at the end of input and on Ctrl-C."""
    while True:
        try:
            typed = _typed(f"        {question} > ").strip()
        except (EOFError, KeyboardInterrupt):
            print()
            return _HANG_UP
        if typed != "?":
            return typed
        print(explanation)


def _typed(prompt: str) -> str:
    """A line of input. Raises EOFError at its end, KeyboardInterrupt on Ctrl-C."""
    if not sys.stdin.isatty():
        return input(prompt)
    print(prompt, end="", flush=True)
    # In short waits, as a Ctrl-C that comes just before `input` begins to read is noticed only after the next Enter.
    while not select.select([sys.stdin], [], [], SHORT_WAIT)[0]:
        pass
    if line := sys.stdin.readline():
        return line
    raise EOFError
