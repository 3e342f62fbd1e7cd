"""The shortest call that shows a finding, told in lines, the last of them a command that plays it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from switchboard.domain.dialling import Choice, DialOutcome
from switchboard.domain.language import Language
from switchboard.domain.phone_numbers import e164
from switchboard.domain.screening import Incoming, Verdict, screen
from switchboard.flows.caller_classes import CallerClass, client_subjects, written
from switchboard.flows.configuration import Configuration
from switchboard.flows.expressions.types import told
from switchboard.flows.forking_call import Asked, Happening, Judged, LookedUp, Rang, Said, Spoke, Talked
from switchboard.flows.moves import FAULT, WITHOUT_END, Move, State, World
from switchboard.flows.reachability import Reached

LONGEST_QUOTE = 60  # characters of what is said

_CAME_OUT = {
    DialOutcome.ANSWERED: "answers",
    DialOutcome.BUSY: "is busy",
    DialOutcome.NO_ANSWER: "does not answer",
    DialOutcome.DECLINED: "declines",
    DialOutcome.UNAVAILABLE: "is not connected",
    DialOutcome.FAILED: "cannot be rung",
}
_BEHAVES = {
    DialOutcome.ANSWERED: "answers",
    DialOutcome.BUSY: "busy",
    DialOutcome.NO_ANSWER: "no answer",
    DialOutcome.DECLINED: "declines",
    DialOutcome.UNAVAILABLE: "unavailable",
    DialOutcome.FAILED: "failed",
}


def call_told(
    configuration: Configuration, reached: Reached, state: State, place: int, then: Sequence[Move] = ()
) -> tuple[str, ...]:
    """The shortest way to a state in a world, and on by these moves."""
    way = reached.way(state, place)
    first = way[0].place if way else place
    world, caller = reached.worlds.world(first), reached.worlds.caller(first)
    local = configuration.local(world.instant)
    lines = [f"{day_and_time(local)}: {caller.description} calls {world.number}"]
    now = first
    for passed in way:
        if passed.place != now:
            later = configuration.local(reached.worlds.world(passed.place).instant)
            lines.append(f"meanwhile it is {day_and_time(later)}")
            now = passed.place
        lines.extend(_deeds(passed.move))
    if place != now:
        lines.append(f"meanwhile it is {day_and_time(configuration.local(reached.worlds.world(place).instant))}")
    for move in then:
        lines.extend(_deeds(move))
    happenings = [happening for move in [*(passed.move for passed in way), *then] for happening in move.happenings]
    if place == now == first and (phones := _phones(happenings)) is not None:
        language = (way[0].state if way else state).language
        who = _who(configuration, world, reached.worlds.caller(first), language)
        who += _screened(configuration, world, happenings)
        lines.append(_command(_folder(configuration), world.number, local, who, happenings, phones))
    return tuple(lines)


def day_and_time(local: datetime) -> str:
    """`Tuesday 3 March 2026 10:00`."""
    return f"{local:%A} {local.day} {local:%B %Y %H:%M}"


def _deeds(move: Move) -> Iterator[str]:
    """What happens in a step; asking again and again in one line."""
    silent = 0
    is_first = True
    for happening in move.happenings:
        if isinstance(happening, Said):
            if is_first and (quote := _quoted(happening)):
                yield f"hears {quote}"
        elif isinstance(happening, Asked):
            is_first = False
            if happening.key is None:
                silent += 1
                continue
        if silent and not isinstance(happening, Said):
            yield _silence(silent)
            silent = 0
        if isinstance(happening, Asked):
            yield f"presses {happening.key}"
        elif isinstance(happening, Rang):
            is_first = False
            yield _rang(happening)
        elif isinstance(happening, Spoke):
            is_first = False
            yield "says something" if happening.has_voice else "says nothing"
        elif isinstance(happening, LookedUp):
            is_first = False
            yield f"{happening.lookup} answers: {_answered(happening)}"
        elif isinstance(happening, Judged):
            is_first = False
            if happening.verdict != Verdict.ALLOW:
                yield f"screening finds: {happening.verdict.replace('_', ' ')}"
        elif isinstance(happening, Talked):
            yield f"talks to {happening.phone.name}, who hangs up"
    if silent:
        yield _silence(silent)
    if move.left.outcome == WITHOUT_END:
        yield "and so on without end"
    if move.left.outcome == FAULT:
        yield f"the step fails: {move.left.decided_on}"


def _silence(times: int) -> str:
    return "presses nothing" + (f", {times} times" if times > 1 else "")


def _quoted(said: Said) -> str:
    text = " ".join(" ".join(utterance.text for utterance in said.utterances).split())
    if not text:
        return ""
    return f"“{text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1].rstrip() + '…'}”"


def _rang(rang: Rang) -> str:
    who = rang.answered_by or rang.phones[0]
    if rang.choice is Choice.TO_VOICEMAIL:
        return f"{who.name} ({who.line}) sends the caller to voicemail"
    took = " and takes the call" if rang.choice is Choice.ACCEPTED else ""
    return f"{who.name} ({who.line}) {_CAME_OUT[rang.outcome]}{took}"


def _phones(happenings: Iterable[Happening]) -> dict[str, str] | None:
    """How each phone behaves; None where one must behave in two ways."""
    behaves: dict[str, str] = {}
    for happening in happenings:
        if isinstance(happening, Rang):
            for phone in happening.phones:
                is_this = happening.answered_by in (None, phone)
                outcome = _BEHAVES[happening.outcome if is_this else DialOutcome.NO_ANSWER]
                if happening.choice is Choice.TO_VOICEMAIL:
                    is_first = phone == happening.phones[0]
                    outcome = "answers and sends to voicemail" if is_first else _BEHAVES[DialOutcome.NO_ANSWER]
                if behaves.setdefault(phone.line, outcome) != outcome:
                    return None
    return behaves


def _folder(configuration: Configuration) -> str:
    """The configuration's, as problems call it."""
    files = (name for name in configuration.lines if name.endswith("organisation.yaml"))
    return next(files, "organisation.yaml").removesuffix("organisation.yaml").rstrip("/") or "."


def _who(configuration: Configuration, world: World, caller: CallerClass, language: Language) -> list[str]:
    """How `simulate` is told who calls."""
    words = ["--from", world.caller or "withheld"]
    if caller.client is not None:
        asked = dict.fromkeys(("class", *client_subjects(configuration)))
        words += ["--client", ", ".join(f"{subject}={written(caller.client, subject)}" for subject in asked)]
    if language != configuration.organisation.numbers[world.number].language:
        words += ["--language", language]
    return words


def _screened(configuration: Configuration, world: World, happenings: Iterable[Happening]) -> list[str]:
    """How `simulate` is told what screening finds, where it is not what the rules say of this number anyway."""
    organisation = configuration.organisation
    number = e164(world.caller, organisation.country)
    usual = screen(Incoming(number, is_anonymous=not world.caller), organisation.screening).verdict
    judged = [happening.verdict for happening in happenings if isinstance(happening, Judged)]
    return ["--screened", judged[0]] if judged and judged[0] != usual else []


def _command(
    folder: str,
    number: str,
    local: datetime,
    who: Sequence[str],
    happenings: Sequence[Happening],
    phones: dict[str, str],
) -> str:
    keys = [key for happening in happenings if (key := _key(happening))]
    command = ["switchboard", "simulate", folder, "--to", number, "--at", f"{local:%Y-%m-%d %H:%M}"]
    command += [*who, "--keys", " ".join(keys)]
    if answers := [_answered(happening) for happening in happenings if isinstance(happening, LookedUp)]:
        command += ["--lookups", "; ".join(answers)]
    if phones:
        command += ["--phones", ", ".join(f"{line}={how}" for line, how in phones.items())]
    return shlex.join(command)


def _answered(looked: LookedUp) -> str:
    """What a lookup comes to, in the words of testing.scripted_lookups."""
    return " ".join([looked.outcome, *(f"{path}={told(value)}" for path, value in looked.values if value is not None)])


def _key(happening: Happening) -> str:
    """What the caller does then, in the words of testing.script."""
    if isinstance(happening, Asked):
        return f"q {happening.key}" if happening.while_waiting else happening.key or "."
    if isinstance(happening, Spoke):
        return "s3" if happening.has_voice else "."
    return ""
