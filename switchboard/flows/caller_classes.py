"""Who may call: callers whom no step tells apart are one class, and one of them stands for all.

Steps tell callers apart by their number, and by what the client list knows of them. A step says what it compares a
number with by `callers()` of its fields, and what it asks of a client by `client_subjects()`.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from switchboard.domain.clients import SUBJECTS, Client, Standing
from switchboard.domain.forwarding import callee_for
from switchboard.domain.organisation import Organisation
from switchboard.domain.phone_numbers import e164
from switchboard.flows.configuration import Configuration
from switchboard.flows.forwarding_kinds import CALLEE

WITHHELD = ""
SOME_NUMBER = "+37255501234"  # of a caller of whom nothing matters but having one
NO_NUMBER = "anonymous"  # sent by some networks instead of none

_OF_CALLEE = ("standing", "manager")  # who is for whom goes by these

_BEYOND = "0000000"  # after a beginning that is compared: a number that begins so and is longer
_OTHERS = (SOME_NUMBER, "+37200000000", "+4670000000", "+35560000000", "+12025550100", "+99900000000", "9", "0")


@dataclass(frozen=True, slots=True)
class CallerClass:
    """Callers whom every comparison answers alike."""

    number: str  # that stands for them; "" when withheld
    description: str  # in a sentence: "+372… calls"
    is_known: bool = True  # is it a number of the telephone network?
    client: Client | None = None  # whose number it is


def caller_classes(configuration: Configuration) -> tuple[CallerClass, ...]:
    """The classes that the flows' steps tell apart; at least callers with a number, and those who withhold it.

    A step compares a caller's number with others whole or at its beginning. Of each such text the number itself, one
    that goes on from it and one that has nothing to do with it may be answered differently, and nothing else may. Of
    a client, every combination of what the steps ask may be so.
    """
    compared = compared_numbers(configuration)
    asked = client_subjects(configuration)
    kinds = tuple(_kinds_of_clients(configuration, asked))
    classes: dict[object, CallerClass] = {}
    for number, description in _candidates(compared, with_garbage=bool(asked)):
        is_known = bool(e164(number, configuration.organisation.country))
        for client in (None, *kinds) if is_known else (None,):
            told = f"{description}, {described(client, asked)}" if client else description
            key = (answers(number, compared), is_known if asked else None, client)
            classes.setdefault(key, CallerClass(number, told, is_known, client))
    return tuple(classes.values())


def compared_numbers(configuration: Configuration) -> tuple[str, ...]:
    """Every number, or beginning of one, that a caller's is compared with."""
    return tuple(sorted(set(_said(configuration, "callers"))))


def client_subjects(configuration: Configuration) -> tuple[str, ...]:
    """What the steps ask of a client, in the order of SUBJECTS."""
    asked = set(_said(configuration, "client_subjects"))
    if CALLEE in asked:
        asked.update(_OF_CALLEE)
    return tuple(each for each in SUBJECTS if each in asked)


def facts_of(client: Client | None, configuration: Configuration) -> tuple[object, ...]:
    """All that the steps find out about a client: the same of two whom none tells apart."""
    return _facts(client, sorted(set(_said(configuration, "client_subjects"))), configuration.organisation)


def _facts(client: Client | None, asked: Iterable[str], organisation: Organisation) -> tuple[object, ...]:
    def found(subject: str) -> object:
        if subject != CALLEE or client is None:
            return fact_of(client, subject)
        return callee_for(client.manager, client.standing.value, organisation)[0]

    return tuple(found(each) for each in asked if each == CALLEE or each in SUBJECTS)


def _kinds_of_clients(configuration: Configuration, subjects: Sequence[str]) -> Iterator[Client]:
    """A client of each kind that is told apart; none of an organisation without classes of clients."""
    organisation = configuration.organisation
    if not subjects or not organisation.client_classes:
        return
    values: dict[str, Sequence[Any]] = {
        "class": [*organisation.client_classes],
        "vip": [False, True],
        "standing": [*Standing],
        "manager": ["", *organisation.people],
    }
    first = {subject: each[0] for subject, each in values.items()}
    asked = sorted(set(_said(configuration, "client_subjects")))
    known: set[tuple[object, ...]] = set()
    for chosen in itertools.product(*(values[subject] for subject in subjects)):
        told = {**first, **dict(zip(subjects, chosen, strict=True))}
        client = Client("C-1", "A client", (SOME_NUMBER,), told["class"], told["manager"], None, told["vip"],
                        standing=told["standing"])  # fmt: skip
        if (facts := _facts(client, asked, organisation)) not in known:
            known.add(facts)
            yield client


def fact_of(client: Client | None, subject: str) -> object:
    """What is known of a client, for telling two apart."""
    return client and getattr(client, "client_class" if subject == "class" else subject)


def described(client: Client, asked: Iterable[str]) -> str:
    """`class dealer, vip yes`; "a client" where nothing matters of it."""
    return ", ".join(f"{subject} {written(client, subject)}" for subject in asked) or "a client"


def written(client: Client, subject: str) -> str:
    """As a script of a call has it."""
    value = fact_of(client, subject)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value) or "nobody"


def answers(number: str, compared: Sequence[str]) -> object:
    """What all comparisons say of a caller: the same for two of one class."""
    return number == WITHHELD, tuple((number == text, number.startswith(text)) for text in compared)


def _candidates(compared: Iterable[str], *, with_garbage: bool) -> Iterator[tuple[str, str]]:
    """(number, description)."""
    texts = [text for text in compared if text != WITHHELD]
    unlike = (number for number in _unlikely() if not any(number.startswith(text) for text in texts))
    if (other := next(unlike, None)) is not None:
        yield other, other
    yield WITHHELD, "a withheld number"
    if with_garbage:
        yield NO_NUMBER, f"`{NO_NUMBER}`"
    for text in texts:
        for number in (text + _BEYOND[: max(1, 12 - len(text))], text):
            yield number, number


def _unlikely() -> Iterator[str]:
    yield from _OTHERS
    for number in range(10_000):
        yield f"{number:04}555"
    yield "unknown"


def _said(configuration: Configuration, method: str) -> Iterator[str]:
    """What all steps say by a method of their fields."""
    for flow in configuration.flows.values():
        for step in flow.steps.values():
            fields = step.fields
            if hasattr(fields, method):
                yield from getattr(fields, method)()
            elif dataclasses.is_dataclass(fields):
                for each in dataclasses.fields(fields):
                    if hasattr(value := getattr(fields, each.name), method):
                        yield from getattr(value, method)()
