"""An expression's text cut into tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from switchboard.errors import SwitchboardError

LONGEST = 500  # characters of an expression
END = "end"  # the kind of the token after the last

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9A-Za-z_:]))
    | (?P<time>[0-9]{1,2}:[0-9]{2}(?![0-9A-Za-z_:]))
    | (?P<amount>[0-9][0-9A-Za-z_.:]*[0-9A-Za-z_:]|[0-9])
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>'[^'\n]*'|"[^"\n]*")
    | (?P<foreign>==|=<|=>|<>|&&?|\|\|?|\*\*|//|:=|!(?!=)|[/%.{}^~;:@$?])
    | (?P<sign><=|>=|!=|[=<>+\-*()\[\],])""",
    re.VERBOSE,
)
_UNITS = {"m": ("minutes", 1), "h": ("minutes", 60), "d": ("days", 1)}
_DURATION = re.compile(r"([0-9]{1,4})([mhd])")
_MOST_DIGITS = 6
_MEANT = {
    "==": "`=`",
    "=<": "`<=`",
    "=>": "`>=`",
    "<>": "`!=`",
    "&": "`and`",
    "&&": "`and`",
    "|": "`or`",
    "||": "`or`",
    "!": "`not`, or `!=`",
    ":=": "`=`",
    "/": "`+`, `-` or `*`",
    "//": "`+`, `-` or `*`",
    "%": "`+`, `-` or `*`",
    "**": "`*`",
    ":": "a time such as `08:30`",
    ".": "no dots: a variable, a value, or one of the functions",
}
_DURATIONS = "a length of time such as `30m`, `2h` or `7d`"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in an expression; `at` is where, in characters from its beginning."""

    at: int
    text: str
    expected: str = ""
    got: str = ""
    known: tuple[str, ...] = ()
    is_warning: bool = False


class NotUnderstood(SwitchboardError):
    """The expression does not follow the grammar."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is "word", "sign", "text", or what a literal is: "number", "time", "date", "minutes", "days"."""

    kind: str
    text: str  # as written
    at: int  # from the expression's beginning
    value: int | str = 0  # of a literal: times in minutes, dates as Python's ordinals


def cut(text: str) -> list[Token]:
    """The tokens, one of kind END last. Raises NotUnderstood."""
    if len(text) > LONGEST:
        raise NotUnderstood(Fault(0, f"is {len(text)} characters long", f"at most {LONGEST}"))
    tokens = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotUnderstood(_unknown_sign(text, at))
        kind, written = found.lastgroup or "", found.group()
        if kind == "foreign":
            expected = _MEANT.get(written, "words, values and the signs = != < <= > >= + - * ( ) [ ] ,")
            raise NotUnderstood(Fault(at, f"`{written}` means nothing here", expected))
        if kind != "space":
            tokens.append(_token(kind, written, at))
        at = found.end()
    return [*tokens, Token(END, "", len(text))]


def _token(kind: str, written: str, at: int) -> Token:
    if kind == "text":
        return Token(kind, written, at, written[1:-1])
    if kind == "time":
        return Token(kind, written, at, _minutes(written, at))
    if kind == "date":
        try:
            return Token(kind, written, at, date.fromisoformat(written).toordinal())
        except ValueError as error:
            fault = Fault(at, f"`{written}` is no date: {error}", "a date such as `2026-12-24`")
            raise NotUnderstood(fault) from error
    if kind == "amount":
        return _amount(written, at)
    return Token(kind, written, at)


def _minutes(written: str, at: int) -> int:
    """Since midnight; 24:00 is the end of the day."""
    hours, minutes = (int(part) for part in written.split(":"))
    if len(written) != 5 or minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise NotUnderstood(Fault(at, f"`{written}` is no time", "a time such as `08:30`, from `00:00` to `24:00`"))
    return hours * 60 + minutes


def _amount(written: str, at: int) -> Token:
    if written.isdigit():
        if len(written) > _MOST_DIGITS:
            expected = f"at most {_MOST_DIGITS} digits; a telephone number stands in quotes: `'+3726001000'`"
            raise NotUnderstood(Fault(at, f"`{shown(written)}` is too large a number", expected))
        return Token("number", written, at, int(written))
    if found := _DURATION.fullmatch(written):
        kind, factor = _UNITS[found.group(2)]
        return Token(kind, written, at, int(found.group(1)) * factor)
    expected = _DURATIONS
    if re.fullmatch(r"[0-9.]+", written):
        expected = "a whole number"
    elif ":" in written:
        expected = "a time such as `08:30`"
    raise NotUnderstood(Fault(at, f"`{shown(written)}` is no value", expected))


def _unknown_sign(text: str, at: int) -> Fault:
    sign = text[at]
    if sign in "'\"":
        return Fault(at, "a text begins and does not end", f"a closing `{sign}` on the same line")
    name = unicodedata.name(sign, f"U+{ord(sign):04X}")
    shown_sign = f"`{sign}` ({name})" if sign.isprintable() else f"the sign {name}"
    return Fault(at, f"{shown_sign} means nothing here", "letters of the English alphabet; others only within quotes")


def shown(text: str) -> str:
    """A text that may be long, to be quoted in a problem."""
    return text if len(text) <= 40 else text[:37] + "..."


def quoted(words: Iterable[str]) -> str:
    """Words listed for a problem."""
    return ", ".join(f"`{word}`" for word in words)
