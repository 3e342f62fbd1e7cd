"""Who may call: callers whom no step tells apart are one class, and one number stands for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from switchboard.flows.configuration import Configuration

WITHHELD = ""

_BEYOND = "0000000"  # after a beginning that is compared: a number that begins so and is longer
_OTHERS = ("+37255501234", "+37200000000", "+4670000000", "+35560000000", "+12025550100", "+99900000000", "9", "0")


@dataclass(frozen=True, slots=True)
class CallerClass:
    """Callers whom every comparison answers alike."""

    number: str  # that stands for them; "" when withheld
    description: str  # in a sentence: "+372… calls"


def caller_classes(configuration: Configuration) -> tuple[CallerClass, ...]:
    """The classes that the flows' steps tell apart; at least callers with a number, and those who withhold it.

    A step compares a caller's number with others whole or at its beginning (`callers()` of its fields). Of each such
    text the number itself, one that goes on from it and one that has nothing to do with it may be answered
    differently, and nothing else may.
    """
    compared = compared_numbers(configuration)
    classes: dict[object, CallerClass] = {}
    for caller in _candidates(compared):
        classes.setdefault(answers(caller.number, compared), caller)
    return tuple(classes.values())


def compared_numbers(configuration: Configuration) -> tuple[str, ...]:
    """Every number, or beginning of one, that a caller's is compared with."""
    steps = [step for flow in configuration.flows.values() for step in flow.steps.values()]
    return tuple(sorted({text for step in steps for text in _texts(step.fields)}))


def answers(number: str, compared: Sequence[str]) -> object:
    """What all comparisons say of a caller: the same for two of one class."""
    return number == WITHHELD, tuple((number == text, number.startswith(text)) for text in compared)


def _candidates(compared: Iterable[str]) -> Iterator[CallerClass]:
    texts = [text for text in compared if text != WITHHELD]
    unlike = (number for number in _unlikely() if not any(number.startswith(text) for text in texts))
    if (other := next(unlike, None)) is not None:
        yield CallerClass(other, other)
    yield CallerClass(WITHHELD, "a withheld number")
    for text in texts:
        for number in (text + _BEYOND[: max(1, 12 - len(text))], text):
            yield CallerClass(number, number)


def _unlikely() -> Iterator[str]:
    yield from _OTHERS
    for number in range(10_000):
        yield f"{number:04}555"
    yield "unknown"


def _texts(fields: Any) -> Iterator[str]:
    """What a step compares the caller's number with."""
    if hasattr(fields, "callers"):
        yield from fields.callers()
    elif dataclasses.is_dataclass(fields):
        for each in dataclasses.fields(fields):
            if hasattr(value := getattr(fields, each.name), "callers"):
                yield from value.callers()
