"""Configuration folders with something wrong somewhere: bytes, lines, values, structure, and what no editor makes."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Change = Callable[[str, random.Random], str]

STRANGE = (
    "\u202e", "\u200b", "\u2028", "\x85", "\ufeff", "\u0000", "\x07", "\x1b[31m", "\U0001f600", "e\u0301", "ﬃ",
    "İ", "１", "٣",
)  # fmt: skip
VALUES = (
    "", '""', "~", "yes", "12:30", "5s", "0s", "99999m", "-1", "1e999", "0x10", "[]", "{}", "[[]]", "{a: b}",
    "*x", "&x y", "!!str a", "!!python/name:os.system ''", "'", '"', "{{ x }}", "{{ departments }}",
    "'{{ 7 * 7 }}'", "'{{ departments.sales.name }}'", "'{% if 1 %}'", "2026-02-30", "0000-01-01", "9999-12-31",
    "02-29", "'Mo-Fr 17:00-09:00; PH off'", "'24/7'", "'Mo-Fr'", "'2026 off'", "'sunrise-sunset; PH off'",
    "'= 1 + 1'", "'= time + 30m'", "'time < 12:00'", "main", "sales", "menu", "welcome", "a(b)", "_reception",
    "'" + "9" * 5000 + "'", "'" + "x" * 20_000 + "'", "'department in departments'",
)  # fmt: skip


def mutated(files: dict[str, str], chance: random.Random) -> dict[str, str]:
    """Some of the files, each with a few changes."""
    changed = {}
    for name in chance.sample(sorted(files), chance.choice((1, 1, 1, 1, 1, 2, 3))):
        text = files[name]
        for _ in range(chance.choice((1, 1, 1, 1, 1, 2, 4))):
            text = chance.choice(CHANGES)(text, chance)
        changed[name] = text
    return changed


def _spot(text: str, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(text) + 1)
    return start, min(len(text), start + chance.randrange(1, 40))


def _cut(text: str, chance: random.Random) -> str:
    start, end = _spot(text, chance)
    return text[:start] + text[end:]


def _double(text: str, chance: random.Random) -> str:
    start, end = _spot(text, chance)
    return text[:end] + text[start:]


def _end(text: str, chance: random.Random) -> str:
    return text[: _spot(text, chance)[0]]


def _flip(text: str, chance: random.Random) -> str:
    content = bytearray(text.encode("utf-8", "surrogateescape"))
    for _ in range(chance.randrange(1, 4) if content else 0):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content.decode("utf-8", "surrogateescape")


def _sign(text: str, chance: random.Random) -> str:
    at = _spot(text, chance)[0]
    return text[:at] + chance.choice([*"{}[]:,&*!|>'\"%@`#-?~\t\n\r", *STRANGE]) + text[at:]


def _lines(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(5)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(other, lines[at])
    elif what == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif what == 3:
        lines[at] = " " * chance.choice((1, 2, 3, 7)) + lines[at]
    else:
        lines[at] = lines[at][chance.choice((1, 2)) :] if lines[at].startswith(" ") else "\t" + lines[at]
    return "\n".join(lines)


def _value(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    key, colon, _ = lines[at].partition(": ")
    lines[at] = f"{key}{colon}{chance.choice(VALUES)}"
    return "\n".join(lines)


def _nest(text: str, chance: random.Random) -> str:
    depth = chance.choice((3, 30, 60, 3000))
    start, end = _spot(text, chance)
    left, right = chance.choice((("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")))
    return text[:start] + left * depth + text[start:end] + right * depth + text[end:]


def _anchors(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    named = [number for number, line in enumerate(lines) if line.rstrip().endswith(":") or ": " in line]
    for number, mark in zip(chance.sample(named, min(2, len(named))), ("&x ", "*x "), strict=False):
        key, _, value = lines[number].partition(":")
        lines[number] = f"{key}: {mark}{value.strip() if mark == '&x ' else ''}"
    bomb = "\n".join(["z0: &z0 [a, a]", *(f"z{n}: &z{n} [*z{n - 1}, *z{n - 1}, *z{n - 1}]" for n in range(1, 30))])
    return "\n".join(lines) + ("\n" + bomb if chance.random() < 0.2 else "")


def _large(text: str, chance: random.Random) -> str:
    at = _spot(text, chance)[0]
    return (
        text[:at] + chance.choice(("x", "9", "é ", "{{ a }}", "a, ", "- ")) * chance.choice((1_000, 20_000)) + text[at:]
    )


def _structure(text: str, chance: random.Random) -> str:
    data = _data(text)
    ways = list(_ways(data))
    if not ways:
        return _value(text, chance)
    *way, key = chance.choice(ways)
    parent = _at(data, way)
    other = copy.deepcopy(_at(data, chance.choice(ways)))
    what = chance.randrange(4)
    if what == 0:
        del parent[key]
    elif what == 1:
        parent[key] = other
    elif what == 2 and isinstance(parent, dict):
        parent[str(chance.choice(ways)[-1])] = parent.pop(key)
    elif isinstance(parent, dict):
        parent[f"{key}x"] = other
    else:
        parent.append(other)
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def _kin(text: str, chance: random.Random) -> str:
    """The values of two keys of one name changed places: often still right, and something else."""
    data = _data(text)
    by_name: dict[str, list[tuple[Any, ...]]] = {}
    for way in _ways(data):
        if isinstance(way[-1], str):
            by_name.setdefault(way[-1], []).append(way)
    several = [found for found in by_name.values() if len(found) > 1]
    if not several:
        return _value(text, chance)
    one, other = chance.sample(chance.choice(several), 2)
    values = copy.deepcopy((_at(data, other), _at(data, one)))
    _at(data, one[:-1])[one[-1]] = values[0]
    if chance.random() < 0.5 and one != other[: len(one)]:
        _at(data, other[:-1])[other[-1]] = values[1]
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def _data(text: str) -> Any:
    """What the file holds; None where that cannot be read, or has no end, or would be written out for ever."""
    if "*" in text:
        return None
    try:
        return yaml.load(text, yaml.CBaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _ways(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*way, key)
        yield from _ways(node[key], (*way, key))


def _at(data: Any, way: tuple[Any, ...] | list[Any]) -> Any:
    for key in way:
        data = data[key]
    return data


CHANGES: tuple[Change, ...] = (
    _cut, _double, _end, _flip, _sign, _sign, _lines, _lines, _value, _value, _value, _nest, _anchors, _large,
    _structure, _structure, _kin, _kin, _kin, _kin, _kin,
)  # fmt: skip


def files_below(folder: Path) -> dict[str, str]:
    """Every YAML file of a folder, by its name in it."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml"))}
