"""The script of a call: what the caller does and when, and how phones behave. One line each, readable by anybody.

Caller:  `press 2`                   when asked: a second after the switchboard falls silent and waits for a key
         `press 2 during welcome to` a second into an utterance that has these words
         `press 2 while ringing`     or `while talking`, `while waiting` (in a queue): a second into it
         `press 2 after 3s`          that long after the previous line (or the beginning of the call)
         `hang up`                   the same four ways
         `stay silent`               let one question go by
         `speak 3s`                  say something for that long when asked to speak; otherwise nothing is said
Phones:  `answers`, `answers after 4s`, `answers after 4s, talks 20s`, `busy`, `declines`, `no answer`, `unavailable`,
         `failed`; a phone that is not mentioned is `unavailable`. Asked whether to take the call, who answers takes it,
         but `answers and sends to voicemail`, `answers and refuses`, `answers and says nothing` (as a voicemail does)

The same in short, for a command line; words divided by spaces:

`2`      press it when asked; `12` presses both at once, as a caller does who knows the menus
`.`      stay silent: let one question go by
`h`      hang up when asked
`s3`     speak for 3 s when asked to
`w5`     wait 5 s after what was done last (or the call's beginning) and then, unasked, do what the next word says
`r`      do what the next word says while a phone rings; `t`: while talking; `q`: while waiting in a queue
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from switchboard.domain.clients import Client, Standing
from switchboard.domain.dialling import Choice, DialOutcome
from switchboard.domain.language import Language

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
    WAITING = "while waiting"
    AFTER = "after"
    AT = "at"


class Deed(Enum):
    """What a caller does."""

    PRESS = "press"
    HANG_UP = "hang up"
    STAY_SILENT = "stay silent"
    SPEAK = "speak"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the caller does."""

    deed: Deed
    keys: str = ""
    moment: Moment = Moment.ASKED
    words: str = ""  # of the utterance, for HEARING; letters' case does not count
    delay: timedelta = timedelta()  # for AFTER
    length: timedelta = timedelta()  # for SPEAK
    instant: datetime | None = None  # for AT


@dataclass(frozen=True, slots=True)
class PhoneBehaviour:
    """What happens when a phone rings."""

    outcome: DialOutcome
    after: timedelta = timedelta()
    talks: timedelta = TALKS  # until the callee hangs up
    chooses: Choice = Choice.ACCEPTED  # where the callee is asked whether to take the call


UNAVAILABLE = PhoneBehaviour(DialOutcome.UNAVAILABLE)

KEY_WORDS = (
    "keys such as `2` or `#`, `.` (silence), `h` (hang up), `s3` (speak for 3 s), before one of them `w5` (wait 5 s), "
    "`r`, `t` or `q`"
)
PHONE_WORDS = (
    "answers, answers after 4s, answers and refuses, answers and sends to voicemail, answers and says nothing, busy, "
    "declines, no answer, unavailable, failed"
)

_ACTION = re.compile(
    r"(press ([0-9A-D*#]+)|hang up|stay silent)(?: (during|after) (.+)| (while (?:ringing|talking|waiting)))?"
)
CLIENT_WORDS = ("class", "vip", "standing", "manager", "language", "name", "code", "note")

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_ANSWERS = re.compile(
    r"answers(?: after (\d+(?:\.\d+)?)s)?(?: and (refuses|sends to voicemail|says nothing))?"
    r"(?:, talks (\d+(?:\.\d+)?)s)?"
)
_CHOICES = {
    "refuses": Choice.REFUSED,
    "sends to voicemail": Choice.TO_VOICEMAIL,
    "says nothing": Choice.NONE,
    None: Choice.ACCEPTED,
}
_REFUSALS = {
    "busy": PhoneBehaviour(DialOutcome.BUSY),
    "declines": PhoneBehaviour(DialOutcome.DECLINED, REFUSES_AFTER),
    "no answer": PhoneBehaviour(DialOutcome.NO_ANSWER, timedelta.max),
    "unavailable": UNAVAILABLE,
    "failed": PhoneBehaviour(DialOutcome.FAILED),
}


def read_action(line: str) -> Action:
    """One line of the caller's script. Raises ValueError."""
    spoken = re.fullmatch(r"speak (\d+(?:\.\d+)?)s", line.strip())
    if spoken is not None:
        return Action(Deed.SPEAK, length=timedelta(seconds=float(spoken.group(1))))
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


def read_keys(text: str) -> list[Action]:
    """The caller's script in short: `2 . 1 w5 h`. Raises ValueError, naming the word."""
    actions = []
    when: Action | None = None  # what comes before the deed: its moment
    for word in text.split():
        moment = _moment(word)
        if moment is not None:
            if when is not None:
                raise ValueError(f"`{word}` follows another word that says when; a key, or `h`, must come between")
            when = moment
            continue
        deed = _deed(word)
        if when is not None and deed.deed in (Deed.STAY_SILENT, Deed.SPEAK):
            raise ValueError(f"`{word}` is for a question, and needs no word before it that says when")
        actions.append(deed if when is None else replace(when, deed=deed.deed, keys=deed.keys))
        when = None
    if when is not None:
        raise ValueError(f"`{text.split()[-1]}` at the end says when, and nothing says what; add a key, or `h`")
    return actions


def _moment(word: str) -> Action | None:
    wait = re.fullmatch(r"w(\d{1,6}(?:\.\d{1,3})?)", word)
    if wait is not None:
        return Action(Deed.PRESS, moment=Moment.AFTER, delay=timedelta(seconds=float(wait.group(1))))
    state = {"r": Moment.RINGING, "t": Moment.TALKING, "q": Moment.WAITING}.get(word)
    return None if state is None else Action(Deed.PRESS, moment=state)


def _deed(word: str) -> Action:
    if re.fullmatch(r"[0-9A-D*#]+", word):
        return Action(Deed.PRESS, word)
    if spoken := re.fullmatch(r"s(\d{1,4}(?:\.\d{1,3})?)", word):
        return Action(Deed.SPEAK, length=timedelta(seconds=float(spoken.group(1))))
    if word in (".", "h"):
        return Action(Deed.STAY_SILENT if word == "." else Deed.HANG_UP)
    raise ValueError(f"`{word}` is nothing a caller does — expected {KEY_WORDS}")


def written(action: Action) -> str:
    """The action in short, as `read_keys` reads it; in a full line where it has no short form."""
    deed = {Deed.HANG_UP: "h", Deed.STAY_SILENT: ".", Deed.SPEAK: f"s{action.length.total_seconds():g}"}.get(
        action.deed, action.keys
    )
    match action.moment:
        case Moment.ASKED:
            return deed
        case Moment.AFTER:
            return f"w{action.delay.total_seconds():g} {deed}"
        case Moment.RINGING | Moment.TALKING:
            return f"{action.moment.value.removeprefix('while ')[0]} {deed}"
        case Moment.WAITING:
            return f"q {deed}"
        case _:
            line = f"press {action.keys}" if action.deed is Deed.PRESS else action.deed.value
            return f"{line} {action.moment.value} {action.words}".rstrip()


def read_script(text: str) -> tuple[list[Action], dict[str, PhoneBehaviour]]:
    """A whole script, a line each: what the caller does, and `phone 101: busy`; `#` at the beginning is a comment.

    Raises ValueError, naming the line.
    """
    actions: list[Action] = []
    phones: dict[str, PhoneBehaviour] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        phone = re.fullmatch(r"phone ([^:]+):(.*)", line)
        try:
            if phone is not None:
                phones[phone.group(1).strip()] = read_phone(phone.group(2).strip())
            elif line and not line.startswith("#"):
                actions.append(read_action(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return actions, phones


def read_phones(text: str) -> dict[str, PhoneBehaviour]:
    """`101=busy, 100=answers after 4s, talks 20s`. Raises ValueError, naming what is wrong."""
    phones = {}
    for part in filter(None, map(str.strip, re.split(r",(?=[^,=]*=)", text))):
        extension, equals, behaviour = part.partition("=")
        if not equals:
            raise ValueError(f"`{part}` — expected phones and how they behave, such as `101=busy, 100=no answer`")
        try:
            phones[extension.strip()] = read_phone(behaviour.strip())
        except ValueError as error:
            raise ValueError(f"`{extension.strip()}={behaviour.strip()}` — expected one of {PHONE_WORDS}") from error
    return phones


def read_client(text: str) -> Client | None:
    """`class=dealer, vip=yes, standing=overdue, manager=mari, language=et, name=Harbour Kitchen`: who calls; what is
    left out has its usual value, and nothing at all is nobody. The client's number is the caller's, whatever it is.

    Raises ValueError, naming what is wrong.
    """
    told = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or name not in CLIENT_WORDS:
            raise ValueError(f"`{part}` — expected {', '.join(f'{each}=…' for each in CLIENT_WORDS)}")
        told[name] = value
    if not told:
        return None
    if told.get("vip", "no") not in ("yes", "no"):
        raise ValueError(f"`vip={told['vip']}` — expected vip=yes or vip=no")
    if told.get("standing", "ok") not in set(Standing):
        raise ValueError(f"`standing={told['standing']}` — expected one of {', '.join(Standing)}")
    return Client(
        code=told.get("code", "C-1"),
        name=told.get("name", "A client"),
        numbers=(),
        client_class=told.get("class", ""),
        manager=told.get("manager", "").replace("nobody", ""),
        language=Language(told["language"]) if "language" in told else None,
        vip=told.get("vip") == "yes",
        note=told.get("note", ""),
        standing=Standing(told.get("standing", "ok")),
    )


def read_phone(text: str) -> PhoneBehaviour:
    """How a phone behaves. Raises ValueError."""
    text = text.replace("_", " ")
    if text in _REFUSALS:
        return _REFUSALS[text]
    found = _ANSWERS.fullmatch(text)
    if found is None:
        raise ValueError(f"not a phone's behaviour: {text!r}")
    after, talks = (timedelta(seconds=float(group)) if group else None for group in found.group(1, 3))
    return PhoneBehaviour(DialOutcome.ANSWERED, after or ANSWERS_AFTER, talks or TALKS, _CHOICES[found.group(2)])
