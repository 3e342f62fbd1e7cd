"""Reading a dialplan (extensions.conf) as text: contexts, what they include, extensions and their priorities.

Only what can be said with `exten`, `same` and `include` is read; a `switch`, which would look extensions up elsewhere,
is kept as something nobody can know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"\[([^\]]+)\]")
_SETTING = re.compile(r"([a-z]+)\s*=>?\s*(.*)")
_PRIORITY = re.compile(r"([0-9]+|n|s|hint)(?:\+[0-9]+)?(?:\(([^)]*)\))?", re.ASCII)
_COMMENT = re.compile(r"(?<!\\);.*")
_BLOCK_COMMENT = re.compile(r"(?ms);--(?!-).*?--;")
_NO_CONTEXT = frozenset({"general", "globals"})


@dataclass(frozen=True, slots=True)
class Step:
    """One priority: `Dial(PJSIP/100,30)`."""

    application: str
    arguments: str
    label: str = ""


@dataclass(slots=True)
class Context:
    """One context: extensions (or patterns) with their steps in order, and the contexts looked at next."""

    name: str
    extensions: dict[str, list[Step]] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)
    switches: list[str] = field(default_factory=list)


def read_dialplan(*texts: str) -> dict[str, Context]:
    """The contexts of these files by name. A context that several files (or places) write is one."""
    contexts: dict[str, Context] = {}
    for text in texts:
        context: Context | None = None
        extension = ""
        for line in _BLOCK_COMMENT.sub("", text).splitlines():
            bare = _COMMENT.sub("", line).strip()
            if section := _SECTION.match(bare):
                name = section[1].strip()
                context = None if name in _NO_CONTEXT else contexts.setdefault(name, Context(name))
            elif context is not None and (setting := _SETTING.fullmatch(bare)):
                extension = _add(context, setting[1], setting[2].replace(r"\;", ";"), extension)
    return contexts


def _add(context: Context, key: str, value: str, extension: str) -> str:
    """Take one line into the context; the extension that a following `same` belongs to."""
    if key == "include":
        context.includes.append(value.partition(",")[0].strip())
    elif key == "switch" or key.endswith("switch"):
        context.switches.append(value)
    elif key == "exten":
        extension, _, value = (part.strip() for part in value.partition(","))
        extension = extension.partition("/")[0]  # who calls (`100/5551234`) makes no difference to where it leads
    if key in ("exten", "same"):
        priority, _, application = (part.strip() for part in value.partition(","))
        found = _PRIORITY.fullmatch(priority)
        if found is None or found[1] != "hint":
            name, _, arguments = application.partition("(")
            label = found[2] or "" if found else ""
            step = Step(name.strip(), arguments.rstrip().removesuffix(")"), label)
            context.extensions.setdefault(extension, []).append(step)
    return extension


def top_level(text: str, separator: str) -> list[str]:
    """The text's parts, separated outside all brackets and quotes."""
    parts, depth, quoted, part = [], 0, False, ""
    for character in text:
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "([{") - (character in ")]}")
        if character == separator and depth <= 0 and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [*parts, part.strip()]


def could_match(pattern: str, dialled: str) -> bool:
    """Whether an extension or pattern takes what is dialled, as Asterisk's patterns go."""
    if not pattern.startswith("_"):
        return pattern == dialled
    return re.fullmatch(_expression(pattern[1:]), dialled) is not None


def is_digits_only(pattern: str) -> bool:
    """Whether nothing but digits, `*`, `#` and `+` can be dialled where this extension or pattern takes it."""
    if pattern.startswith("_"):
        return not set(pattern) & {".", "!"} and re.fullmatch(r"_[0-9XxZzNn*#+\[\]-]*", pattern) is not None
    return re.fullmatch(r"[0-9*#+]+", pattern) is not None


def _expression(pattern: str) -> str:
    found = ""
    within = False
    for character in pattern:
        if within:
            found += "\\" + character if character in "\\^" else character
            within = character != "]"
        elif character == "[":
            within, found = True, found + "["
        else:
            classes = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*", "-": ""}
            found += classes.get(character.upper(), re.escape(character))
    return found
