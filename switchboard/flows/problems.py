"""What is wrong with a configuration: each problem a value with its place, and the list of all of them.

A problem inside a flow with parameters, or in a step that `for each` repeats, may be met once for each value. It is one
problem, which says for which values it holds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

MOST_LISTED = 3  # values that a problem names; the others are counted
LONGEST_VALUE = 40  # characters
MOST_PROBLEMS = 1_000  # told; nobody reads more, and a damaged file may have any number
LONGEST_TEXT = 400  # characters of what is wrong
LONGEST_LINE = 160  # characters of the line quoted
BEFORE = 60  # of them before the column, where the line is longer
MOST_COMPARED = 100  # problems for which the nearest word is looked for
LONGEST_WORD, MOST_WORDS = 80, 2_000  # characters, and words, that are looked at for it
_QUOTED = re.compile("`[^`]*`")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """Does a problem keep the configuration from being used?"""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to do about it. As a text it reads like a good compiler's."""

    place: Place
    text: str  # what is wrong
    expected: str = ""  # what was expected instead
    nearest: str = ""  # the known word nearest to what stands there
    severity: Severity = Severity.ERROR
    rule: str = "language"  # which rule is broken: "language", or the name of one of `switchboard check`'s
    quoted: str = ""  # the offending line
    call: tuple[str, ...] = ()  # the shortest call that shows it, a line each
    holds_for: tuple[str, ...] = ()  # values of parameters and repetitions: "department: sales"; empty: always
    shift: int = 0  # columns of the line that `quoted` leaves out at its beginning

    def __str__(self) -> str:
        message = f"{self.place}: {'warning: ' if self.severity is Severity.WARNING else ''}{self.text}"
        if self.holds_for:
            message += f" ({listed(self.holds_for)})"
        if self.expected:
            message += f" — expected {self.expected}"
        if self.nearest:
            message += f"; did you mean `{self.nearest}`?"
        if self.quoted:
            number = self.place.line
            message += f"\n    {number:>4} | {self.quoted}\n         | {' ' * (self.place.column - 1 - self.shift)}^"
        return "\n".join([message, *(f"         {line}" for line in self.call)])

    def as_json(self) -> dict[str, Any]:
        """For editors and other programs."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "severity": self.severity.value,
            "rule": self.rule,
            "message": self.text,
            "expected": self.expected,
            "nearest": self.nearest,
            "call": list(self.call),
            "holds_for": list(self.holds_for),
        }


@dataclass(slots=True)
class Problems:
    """Everything wrong that was found so far, with the lines to quote. True if anything of it is an error."""

    lines: dict[str, list[str]] = field(default_factory=dict)  # by file
    found: dict[tuple[str, int, int, str], Problem] = field(default_factory=dict)
    errors_added: int = 0  # those that had been found before too: what has been read since is in doubt if it grew
    _holding: Mapping[str, str] = field(default_factory=dict)  # the values that are being read for

    def __bool__(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.found.values())

    def add(
        self,
        place: Place,
        text: str,
        expected: str = "",
        *,
        got: str = "",
        known: Iterable[str] = (),
        severity: Severity = Severity.ERROR,
        rule: str = "language",
        call: tuple[str, ...] = (),
    ) -> None:
        """Note a problem: what is wrong, what was expected, and the nearest of the `known` words to what was got."""
        nearest = _nearest(got, known) if len(self.found) < MOST_COMPARED else ""
        values = (told(self._holding),) if self._holding else ()
        quoted, shift = self._quoted(place)
        text, expected = _cut(text), _cut(expected)
        problem = Problem(place, text, expected, nearest, severity, rule, quoted, call, values, shift)
        self.errors_added += severity is Severity.ERROR
        self.adopt(problem)

    def adopt(self, problem: Problem) -> None:
        """Note a problem made elsewhere. One that was found before holds for these values too."""
        text = _QUOTED.sub(self._without_values, problem.text)
        key = (problem.place.file, problem.place.line, problem.place.column, text)
        if key not in self.found and len(self.found) >= MOST_PROBLEMS:
            return
        known = self.found.setdefault(key, problem)
        new = [values for values in problem.holds_for if values not in known.holds_for]
        if known.holds_for and (new or not problem.holds_for):
            self.found[key] = replace(known, holds_for=(*known.holds_for, *new) if problem.holds_for else ())

    def _without_values(self, quoted: re.Match[str]) -> str:
        """What differs only by the value that is read for is the same problem."""
        word = quoted.group()
        for value in self._holding.values():
            word = word.replace(value, "…") if value else word
        return word

    @contextmanager
    def holding(self, values: Mapping[str, str]) -> Iterator[None]:
        """What is found meanwhile holds for these values, by name."""
        before = self._holding
        self._holding = {**before, **values}
        try:
            yield
        finally:
            self._holding = before

    def warn(self, place: Place, text: str, expected: str = "", *, rule: str = "language") -> None:
        """Note what is doubtful and yet can be used."""
        self.add(place, text, expected, severity=Severity.WARNING, rule=rule)

    def in_order(self) -> list[Problem]:
        """All problems, by file and line."""
        return [self.found[key] for key in sorted(self.found)]

    def errors(self) -> list[Problem]:
        """Those that keep the configuration from being used."""
        return [problem for problem in self.in_order() if problem.severity is Severity.ERROR]

    def warnings(self) -> list[Problem]:
        """The others."""
        return [problem for problem in self.in_order() if problem.severity is Severity.WARNING]

    def _quoted(self, place: Place) -> tuple[str, int]:
        """The line, or what stands near the column in a long one; and how much of its beginning was left out."""
        lines = self.lines.get(place.file, [])
        line = lines[place.line - 1].rstrip() if 0 < place.line <= len(lines) else ""
        shift = 0 if place.column <= LONGEST_LINE else min(place.column - 1, len(line)) - BEFORE
        return _printable(line[shift : shift + LONGEST_LINE]), shift


def _nearest(got: str, known: Iterable[str]) -> str:
    """The known word that is nearest to what was got; "" if none is near."""
    if not got or len(got) > LONGEST_WORD:
        return ""
    near = difflib.get_close_matches(got, list(islice(known, MOST_WORDS)), n=1, cutoff=0.6)
    return near[0] if near else ""


def _cut(text: str) -> str:
    return _printable(text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "...")


def _printable(text: str) -> str:
    """The text without signs that a terminal would obey or hide; each leaves a mark, so that columns stay."""
    return (
        text
        if text.isprintable()
        else "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    )


def told(values: Mapping[str, str]) -> str:
    """Values with their names: "department: sales, ring_for: 20s"."""
    return ", ".join(f"{name}: {_shortened(value)}" for name, value in values.items())


def _shortened(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 3] + "..."


def listed(values: tuple[str, ...]) -> str:
    """Values shortly: "department: sales, finance and 4 more"."""
    name, _, first = values[0].partition(": ")
    alike = all(value.startswith(f"{name}: ") and ", " not in value for value in values)
    words = [first, *(value.partition(": ")[2] for value in values[1:])] if alike else list(values)
    more = f" and {len(words) - MOST_LISTED} more" if len(words) > MOST_LISTED + 1 else ""
    shown = words[:MOST_LISTED] if more else words
    return (f"{name}: " if alike else "") + (", " if alike else "; ").join(shown) + more
