"""Who calls: the organisation's clients, known by their numbers, and what an operator should know of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from switchboard.domain.language import Language

UNKNOWN = "unknown"  # the class of callers of whom nothing is known, not even a number
NEW = "new"  # the class of callers with a number that is no client's, where the organisation has one of that name

# What flows may ask of a caller besides the number, and what a Client calls it.
SUBJECTS = ("class", "vip", "standing", "manager")


class Standing(StrEnum):
    """Does the client pay?"""

    OK = "ok"
    OVERDUE = "overdue"  # owes for longer than agreed
    OVER_LIMIT = "over_limit"  # owes more than agreed


@dataclass(frozen=True, slots=True)
class Client:
    """One client. Names and notes are people's own words: show them, never interpret them."""

    code: str  # the organisation's own name for it, unique: "C-1042"
    name: str
    numbers: tuple[str, ...]  # E.164
    client_class: str  # one of organisation.yaml's, when it was written
    manager: str = ""  # a Person's id; "" where nobody is assigned
    language: Language | None = None  # None: that of the number dialled
    vip: bool = False
    note: str = ""  # for whoever answers
    standing: Standing = Standing.OK
    owed: Decimal | None = None  # in the organisation's currency
    since: date | None = None  # how long the standing is so


def class_of(client: Client | None, number: str, classes: Collection[str], unknown_callers: str) -> str:
    """The class of a caller with this number (E.164, "" where there is none).

    `unknown_callers` is that of callers whom the list does not have. A client whose class the organisation no longer
    has is UNKNOWN.
    """
    if client is not None:
        return client.client_class if client.client_class in classes else UNKNOWN
    return unknown_callers if number else UNKNOWN
