"""The script of a call: what the caller does and when, and how phones behave. One line each, readable by anybody.

Caller:  `press 2`                   when asked: a second after the switchboard falls silent and waits for a key
         `press 2 during welcome to` a second into an utterance that has these words
         `press 2 while ringing`     or `while talking`: a second into it
         `press 2 after 3s`          that long after the previous line (or the beginning of the call)
         `hang up`                   the same four ways
         `stay silent`               let one question go by
Phones:  `answers`, `answers after 4s`, `answers after 4s, talks 20s`, `busy`, `declines`, `no answer`, `unavailable`,
         `failed`; a phone that is not mentioned is `unavailable`
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from switchboard.domain.dialling import DialOutcome

REACTION = timedelta(seconds=1)  # people need a second
ANSWERS_AFTER = timedelta(seconds=4)
TALKS = timedelta(seconds=30)
REFUSES_AFTER = timedelta(seconds=2)


class Moment(Enum):
    """When a caller does something."""

    ASKED = "asked"
    HEARING = "during"
    RINGING = "while ringing"
    TALKING = "while talking"
    AFTER = "after"
    AT = "at"


class Deed(Enum):
    """What a caller does."""

    PRESS = "press"
    HANG_UP = "hang up"
    STAY_SILENT = "stay silent"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the caller does."""

    deed: Deed
    keys: str = ""
    moment: Moment = Moment.ASKED
    words: str = ""  # of the utterance, for HEARING; letters' case does not count
    delay: timedelta = timedelta()  # for AFTER
    instant: datetime | None = None  # for AT


@dataclass(frozen=True, slots=True)
class PhoneBehaviour:
    """What happens when a phone rings."""

    outcome: DialOutcome
    after: timedelta = timedelta()
    talks: timedelta = TALKS  # until the callee hangs up


UNAVAILABLE = PhoneBehaviour(DialOutcome.UNAVAILABLE)

_ACTION = re.compile(r"(press ([0-9A-D*#]+)|hang up|stay silent)(?: (during|after) (.+)| (while (?:ringing|talking)))?")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_ANSWERS = re.compile(r"answers(?: after (\d+(?:\.\d+)?)s)?(?:, talks (\d+(?:\.\d+)?)s)?")
_REFUSALS = {
    "busy": PhoneBehaviour(DialOutcome.BUSY),
    "declines": PhoneBehaviour(DialOutcome.DECLINED, REFUSES_AFTER),
    "no answer": PhoneBehaviour(DialOutcome.NO_ANSWER, timedelta.max),
    "unavailable": UNAVAILABLE,
    "failed": PhoneBehaviour(DialOutcome.FAILED),
}


def read_action(line: str) -> Action:
    """One line of the caller's script. Raises ValueError."""
    found = _ACTION.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"not an action of a caller: {line!r}")
    what, keys, how, rest, state = found.groups()
    deed = Deed.PRESS if keys else Deed(what)
    if how == "during":
        return Action(deed, keys or "", Moment.HEARING, words=rest.casefold())
    if how == "after":
        seconds = _SECONDS.fullmatch(rest)
        if seconds is None:
            raise ValueError(f"not a time: {rest!r}")
        return Action(deed, keys or "", Moment.AFTER, delay=timedelta(seconds=float(seconds.group(1))))
    return Action(deed, keys or "", Moment(state) if state else Moment.ASKED)


def read_phone(text: str) -> PhoneBehaviour:
    """How a phone behaves. Raises ValueError."""
    if text in _REFUSALS:
        return _REFUSALS[text]
    found = _ANSWERS.fullmatch(text)
    if found is None:
        raise ValueError(f"not a phone's behaviour: {text!r}")
    after, talks = (timedelta(seconds=float(group)) if group else None for group in found.groups())
    return PhoneBehaviour(DialOutcome.ANSWERED, after or ANSWERS_AFTER, talks or TALKS)
