"""A simulated call as a script to read: what is said, pressed and rung at which second, and by which step."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from switchboard.commands.calls import printable
from switchboard.domain.call_record import CallEvent, Disposition, EventKind
from switchboard.domain.dialling import DialOutcome
from switchboard.testing.simulation import Simulated
from switchboard.testing.transcript import Happening, Line

WIDTH = 100  # columns, where no terminal says otherwise
WIDEST = 140
_TEXT = 26  # the column in which the text begins

OUTCOMES = {
    DialOutcome.BUSY: "is busy",
    DialOutcome.NO_ANSWER: "does not answer",
    DialOutcome.DECLINED: "declines",
    DialOutcome.UNAVAILABLE: "is unavailable",
    DialOutcome.FAILED: "cannot be reached",
}
_ENDS = {
    Disposition.TALKED: "a person talked to the caller",
    Disposition.MESSAGE: "the caller left a message",
    Disposition.SERVED: "the caller heard what the flow had to tell, or was said goodbye to",
    Disposition.ABANDONED: "the caller hung up before anybody or anything served them",
    Disposition.FAILED: "the switchboard broke it off",
}


class CallScript:
    """Prints a call while it happens: give `tell` to simulate() as its listener."""

    def __init__(self, console: Console, began: datetime) -> None:
        self._console = console
        self._began = began
        self._width = min(console.width, WIDEST) if console.is_terminal else WIDTH

    def tell(self, told: Line | CallEvent) -> None:
        """Print it, if it is something to read."""
        if isinstance(told, Line):
            who, text, style = _line(told)
            if text:
                # A silence is told when it is over, and printed where it began.
                began = told.at - (told.lasts or timedelta()) if told.what is Happening.SILENCE else told.at
                self._print(clock_of(began - self._began), who, text, style)
        elif told.kind is EventKind.STEP:
            self._step(told.data)
        elif told.kind is EventKind.FAULT:
            done = f" ({told.data['done']})" if told.data.get("done") else ""
            self._print("", "", f"our fault: {told.data.get('error', '?')}{done}", "bold red")

    def close(self, result: Simulated) -> None:
        """Print how it ended."""
        lasted = clock_of(result.call.lines[-1].at - self._began) if result.call.lines else "0:00"
        disposition = result.disposition
        told = f"{disposition}: {_ENDS.get(disposition, '')}" if disposition else "not ended"
        self._console.print()
        self._console.print(Text(f"The call lasted {lasted}. Disposition {told}."), soft_wrap=True)

    def _print(self, at: str, who: str, text: str, style: str) -> None:
        lines = textwrap.wrap(printable(text), max(30, self._width - _TEXT), break_on_hyphens=False) or [""]
        head = f"{at:>6}  {who}"
        first = f"{head:<{_TEXT - 1}} {lines[0]}"
        for line in (first, *(f"{'':{_TEXT}}{line}" for line in lines[1:])):
            self._console.print(Text(line, style), soft_wrap=True)

    def _step(self, data: Mapping[str, Any]) -> None:
        """`· main/menu: pressed 2 → orders`, and at the right where that stands in the YAML."""
        text = f"· {data['flow']}/{data['step']}{step_told(data)}"
        place = f"{data['file']}:{data['line']}"
        head, room = f"{'':{_TEXT}}", self._width - _TEXT - len(place) - 2
        lines = textwrap.wrap(printable(text), max(24, room), subsequent_indent="  ") or [""]
        last = f"{head}{lines[-1]}"
        lines[-1] = f"{last}{place:>{max(len(place) + 2, self._width - len(last))}}"
        for line in (*(f"{head}{line}" for line in lines[:-1]), lines[-1]):
            self._console.print(Text(line, "dim"), soft_wrap=True)


def step_told(data: Mapping[str, Any]) -> str:
    """How a step was left: `: pressed 2 → orders`; "" where there is nothing to tell."""
    outcome, decided_on = str(data["outcome"]), str(data["decided_on"])
    if outcome == "hangup":
        return ": the caller hangs up"
    if data["type"] in ("goto", "subflow"):
        return f" → {data['next'] or decided_on}"
    # The line above has told whose phone it was.
    reason = outcome.replace("_", " ") if data["type"] == "ring" else decided_on
    reason = reason or ("" if outcome == "done" else outcome)
    told = f": {reason}" if reason else ""
    return f"{told} → {data['next']}" if data["next"] else told


def clock_of(length: timedelta) -> str:
    """`0:07`, `12:30`."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"


def _line(line: Line) -> tuple[str, str, str]:
    """Who, what, and in which style; no text where there is nothing to print."""
    callee = f"{line.phones[0].line} {line.phones[0].name}" if line.phones else ""
    seconds = f"{line.lasts.total_seconds():g} s" if line.lasts is not None else ""
    match line.what:
        case Happening.SAYS if line.utterance is not None:
            return f"switchboard [{line.utterance.language}]", line.utterance.text, ""
        case Happening.PRESSES:
            return "caller", f"presses {' '.join(line.keys)}", "bold"
        case Happening.MUSIC:
            return "♪", line.text, "dim"
        case Happening.SILENCE:
            return "caller", f"stays silent for {seconds}", "bold"
        case Happening.RECORDS:
            return "switchboard", line.text, ""
        case Happening.SPEAKS:
            return "caller", f"speaks for {seconds}", "bold"
        case Happening.RECORDED | Happening.ASKS | Happening.PLAYS:
            return "", line.text, ""
        case Happening.CALLER_HANGS_UP:
            return "caller", "hangs up", "bold"
        case Happening.RINGS if line.hearing is not None:
            rung = " and ".join(f"{phone.line} {phone.name}" for phone in line.phones)
            return "switchboard", f"rings {rung}; the caller hears {line.hearing.value}", ""
        case Happening.PICKS_UP:
            return "phone", f"{callee} answers after {seconds}", "bold"
        case Happening.NOT_REACHED if line.outcome is not None:
            after = "" if line.outcome is DialOutcome.UNAVAILABLE or not line.lasts else f" ({seconds})"
            return "phone", f"{callee} {OUTCOMES[line.outcome]}{after}", "bold"
        case Happening.TALK:
            return "", "(they talk)", ""
        case Happening.LEAVES:
            return "phone", f"{callee} hangs up", "bold"
        case Happening.ANSWERS:
            return "switchboard", "answers", ""
        case Happening.HANGS_UP:
            return "switchboard", "hangs up", ""
        case Happening.STOPPED:
            return "", "(stopped by the key)", "dim"
        case _:
            return "", "", ""
