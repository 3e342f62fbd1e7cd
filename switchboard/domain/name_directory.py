"""Dial by name: a caller spells a name with the letters on the telephone's keys (ITU-T E.161).

    2 ABC   3 DEF   4 GHI   5 JKL   6 MNO   7 PQRS   8 TUV   9 WXYZ

A name is found by the beginning of any of its words, and by the whole of it in either order: Mari Tamm by 6274 (Mari),
826 (Tam), 62748266 (Mari Tamm) and 82666274 (Tamm Mari). Letters stand for those they are made of (Õ is an O); where
a language writes them with two, both are found (Ö is an O, and OE). Cyrillic is found as it is written in Latin
letters, and by the keys that carry Cyrillic.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

MOST_CHOICES = 8  # keys 1 to 8; more names than these are not read out
LONGEST = 24  # keys; nobody spells more of a name
_MOST_SPELLINGS = 16  # of one word

_LATIN = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999", strict=True))
_CYRILLIC = dict(zip("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ", "22223333444455556666777788889999", strict=True))
_CYRILLIC["Ё"] = "3"
_IN_LATIN = {  # as passports write it (ICAO 9303), more or less
    **dict(zip("АБВГДЕЗИЙКЛМНОПРСТУФЫЭ", "ABVGDEZIIKLMNOPRSTUFYE", strict=True)),
    "Ё": "E",
    "Ж": "ZH",
    "Х": "KH",
    "Ц": "TS",
    "Ч": "CH",
    "Ш": "SH",
    "Щ": "SHCH",
    "Ъ": "",
    "Ь": "",
    "Ю": "IU",
    "Я": "IA",
    "Є": "IE",
    "І": "I",
    "Ї": "I",
    "Ґ": "G",
    "Ў": "U",
}
_OTHERS: dict[str, tuple[str, ...]] = {
    "Ä": ("A", "AE"),
    "Ö": ("O", "OE"),
    "Ü": ("U", "UE"),
    "Õ": ("O", "OE"),
    "Å": ("A", "AA"),
    "Ø": ("O", "OE"),
}
_OTHERS |= {"Æ": ("AE",), "Œ": ("OE",), "ß": ("SS",), "ẞ": ("SS",), "Þ": ("TH",), "Ð": ("D", "TH"), "Đ": ("D",)}
_OTHERS |= {"Ł": ("L",), "Ħ": ("H",), "Ŋ": ("NG",), "Ŧ": ("T",)}


def key_of(letter: str) -> str:
    """The key that carries a letter of the Latin alphabet. Raises KeyError for anything else."""
    return _LATIN[letter.upper()]


def spellings(word: str) -> frozenset[str]:
    """The ways to spell a word in keys; empty for one without letters."""
    ways = [_ways(letter) for letter in unicodedata.normalize("NFC", word).upper()]
    written: set[str] = set()
    for letters in product(*(way for way in ways if way)):
        written.add("".join(letters))
        if len(written) == _MOST_SPELLINGS:
            break
    keys = {"".join(_LATIN[letter] for letter in each) for each in written}
    letters_of_keys = [letter for letter in unicodedata.normalize("NFC", word).upper() if letter.isalpha()]
    if letters_of_keys and all(letter in _CYRILLIC for letter in letters_of_keys):
        keys.add("".join(_CYRILLIC[letter] for letter in letters_of_keys))
    return frozenset(keys - {""})


def _ways(letter: str) -> tuple[str, ...]:
    """How a letter is written in A to Z; empty for what is no letter, and for letters of other alphabets."""
    if letter in _LATIN:
        return (letter,)
    if letter in _OTHERS:
        return _OTHERS[letter]
    if letter in _IN_LATIN:
        return (_IN_LATIN[letter],)
    plain = unicodedata.normalize("NFKD", letter)[:1]
    return (plain,) if plain in _LATIN else ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who can be asked for."""

    person: str  # id
    name: str
    _spelled: tuple[str, ...] = field(init=False, repr=False, compare=False)  # the keys, each in full

    def __post_init__(self) -> None:
        # A name with a hyphen is one word and several: Anna-Liisa is found by Liisa, too.
        words = [spellings(word) for part in self.name.split() for word in part.split("-")]
        parts = [spellings(part) for part in self.name.split()]
        words, parts = [each for each in words if each], [each for each in parts if each]
        whole = [way for order in (parts, parts[1:] + parts[:1]) for way in _joined(order) if way]
        object.__setattr__(
            self, "_spelled", tuple(dict.fromkeys([*(way for each in (*words, *parts) for way in each), *whole]))
        )

    @property
    def spelled(self) -> tuple[str, ...]:
        """Every way to spell it, in full."""
        return self._spelled

    def begins_with(self, keys: str) -> bool:
        """Do the keys spell the beginning of it?"""
        return any(way.startswith(keys) for way in self._spelled)


def _joined(parts: list[frozenset[str]]) -> Iterator[str]:
    for number, ways in enumerate(product(*(sorted(part) for part in parts))):
        if number == _MOST_SPELLINGS:
            return
        yield "".join(ways)


@dataclass(frozen=True, slots=True)
class NameDirectory:
    """Those who can be asked for, in the order in which they are read out."""

    entries: tuple[Entry, ...]

    def matches(self, keys: str) -> tuple[Entry, ...]:
        """Whom the keys may mean. A whole word means those whose word it is: Mari is not Marika, unless nobody is
        called Mari."""
        keys = keys[:LONGEST]
        if not keys:
            return ()
        found = tuple(each for each in self.entries if each.begins_with(keys))
        return tuple(each for each in found if keys in each.spelled) or found

    def worth_trying(self) -> tuple[str, ...]:
        """Keys that stand for all that can be spelled: what is meant by nobody, by each one alone, by several, by too
        many. Whoever can't be spelled alone is among several."""
        return _worth_trying(self)

    def _worth_trying(self) -> Iterator[str]:
        yield "11"  # no letter is on 1
        told: set[str] = set()
        for entry in self.entries:
            alone = (way for way in entry.spelled if self.matches(way) == (entry,))
            if (keys := min(alone, key=len, default="")) and entry.person not in told:
                told.add(entry.person)
                yield self._shortest(keys)
        yield from self._several(told)

    def _shortest(self, keys: str) -> str:
        """The least that means the same."""
        meant = self.matches(keys)
        return next(keys[:length] for length in range(1, len(keys) + 1) if self.matches(keys[:length]) == meant)

    def _several(self, told: set[str]) -> Iterator[str]:
        has_few = has_many = False
        for keys in dict.fromkeys(way[:length] for way in self._ways() for length in range(1, len(way) + 1)):
            found = self.matches(keys)
            is_few = 1 < len(found) <= MOST_CHOICES
            is_new = is_few and any(each.person not in told for each in found)
            if is_new or (is_few and not has_few) or (len(found) > MOST_CHOICES and not has_many):
                told.update(each.person for each in found if is_few)
                has_few, has_many = has_few or is_few, has_many or len(found) > MOST_CHOICES
                yield keys

    def _ways(self) -> Iterable[str]:
        return (way[:LONGEST] for entry in self.entries for way in entry.spelled)


@lru_cache(maxsize=16)  # an exploration asks thousands of times
def _worth_trying(directory: NameDirectory) -> tuple[str, ...]:
    return tuple(directory._worth_trying())


def directory_of(names: Iterable[tuple[str, str]]) -> NameDirectory:
    """The directory of (person's id, name), by name; people whose names have no letters can't be asked for."""
    entries = [Entry(person, name) for person, name in names]
    return NameDirectory(
        tuple(sorted((each for each in entries if each.spelled), key=lambda each: each.name.casefold()))
    )
