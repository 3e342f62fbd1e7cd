"""Putting names, numbers and paths of the organisation into Asterisk's configuration without changing its meaning.

Asterisk's files have three places a text can stand in, each with its own special characters: a comment, a value
(`key = value`), and an argument of a dialplan application. A template can interpolate nothing but what came through
one of these functions (see rendering.py); what cannot be expressed in its place is refused with a ValueError that
says why.
"""

from __future__ import annotations

import re
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_NUMBER = re.compile(r"\+?[0-9]{1,32}", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9.:/\[\]-]{1,253}", re.ASCII)
# What cuts, quotes, nests or substitutes in a dialplan argument, or separates recordings in Playback.
_NOT_IN_A_PATH = re.compile(r"""[,;&|"'\\$\{\}\[\]()^`<>\x00-\x1f\x7f\x85\u2028\u2029]""")


class Escaped(str):
    """A text that may stand in a configuration file as it is."""

    __slots__ = ()


def comment(text: str) -> Escaped:
    """For a comment: on one line, and without `;`, which could begin a block comment."""
    return Escaped(_CONTROL.sub(" ", text).replace(";", ","))


def value(text: str) -> Escaped:
    """For the right side of `key = value`. Asterisk strips its ends; `;` would begin a comment."""
    if _CONTROL.search(text):
        raise ValueError(f"{text!r} has a line break or a control character")
    if text != text.strip():
        raise ValueError(f"{text!r} begins or ends with a space")
    return Escaped(text.replace(";", r"\;"))


def caller_id(name: str, number: str) -> Escaped:
    """A `callerid` value: `"name" <number>`."""
    quoted = name.replace("\\", r"\\").replace('"', r"\"")
    return value(f'"{quoted.strip()}" <{dial_number(number)}>')


def dial_number(text: str) -> Escaped:
    """A telephone number or extension: digits, + in front allowed. The same in every place."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number: 1 to 32 digits, + in front allowed")
    return Escaped(text)


def word(text: str) -> Escaped:
    """A name of ours: a section, an account. The same in every place."""
    if not _WORD.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain word: a letter, then letters, digits, - and _, at most 40")
    return Escaped(text)


def address(text: str) -> Escaped:
    """A host, an IP address or a network, ":port" allowed."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not a host or address")
    return Escaped(text)


def path(place: Path) -> Escaped:
    """An absolute path, both as a value and as an argument of an application."""
    text = str(place)
    if found := _NOT_IN_A_PATH.search(text):
        raise ValueError(f"{text!r} has {found.group()!r}, which Asterisk cannot have in a path")
    if not place.is_absolute() or text != text.strip():
        raise ValueError(f"{text!r} is not an absolute path, or ends with a space")
    return Escaped(text)
