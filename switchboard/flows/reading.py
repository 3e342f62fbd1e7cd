"""Typed values out of YAML nodes; whatever is wrong becomes a problem and a stand-in value, so that reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

from switchboard.domain.dialling import Phone
from switchboard.domain.language import ENGLISH, NAMES, Language
from switchboard.flows.render import TemplateProblem, Templates
from switchboard.flows.source import Listing, Node, Place, Problems, Scalar, Table, kind_of

LONGEST_DURATION = timedelta(hours=1)
NOBODY = Phone("", "")  # stands in for a phone that could not be read

_DURATION = re.compile(r"([0-9]+)\s*(s|m|h)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")

T = TypeVar("T")


@dataclass(slots=True)
class Reading:
    """What reading one organisation's files needs and collects."""

    problems: Problems
    templates: Templates = field(default_factory=Templates)
    languages: tuple[Language, ...] = (ENGLISH,)
    data: dict[Language, dict[str, Any]] = field(default_factory=dict)  # what templates see, per language
    parameters: Mapping[str, str | int] = field(default_factory=dict)  # of the flow being read, and what is repeated

    @property
    def default_language(self) -> Language:
        return self.languages[0]

    def table(self, node: Node | None, place: Place, what: str) -> Table:
        """A table; an empty one with a problem otherwise."""
        if isinstance(node, Table):
            return node
        self._unexpected(node, place, what, "a table of `key: value` lines")
        return Table(node.place if node else place, {}, {})

    def keys(self, table: Table, what: str, *, needed: Collection[str] = (), allowed: Collection[str] = ()) -> None:
        """Check a table's keys: all `needed` there, none but these and `allowed`."""
        known = [*needed, *allowed]
        for key, place in table.key_places.items():
            if key not in known:
                expected = f"one of {', '.join(known)}"
                self.problems.add(place, f"{what} knows no `{key}`", expected, got=key, known=known)
        for key in needed:
            if key not in table.entries:
                self.problems.add(table.place, f"{what} lacks `{key}`", f"a line `{key}: …`")

    def word(self, node: Node | None, place: Place, what: str, expected: str = "a word") -> str:
        """A scalar as typed, not rendered; "" with a problem if it is empty or no scalar."""
        text = self._typed(node, place, what, expected)
        return self._filled(text, node, what, expected) if isinstance(node, Scalar) and not node.is_empty else text

    def value(self, node: Node | None, place: Place, what: str, expected: str = "a value") -> str:
        """A scalar, rendered in the default language. Empty only where it is written so, in quotes."""
        text = self._typed(node, place, what, expected)
        return self.render(text, node.place if node else place, self.default_language)

    def something(self, node: Node | None, place: Place, what: str, expected: str = "a value") -> str:
        """A scalar, rendered in the default language; "" with a problem if nothing is left of it."""
        before = self.problems.errors_added
        text = self.value(node, place, what, expected)
        return text if self.problems.errors_added > before else self._filled(text, node, what, expected)

    def _typed(self, node: Node | None, place: Place, what: str, expected: str) -> str:
        if isinstance(node, Scalar) and not node.is_empty:
            return node.text
        self._unexpected(node, place, what, expected)
        return ""

    def _filled(self, text: str, node: Node | None, what: str, expected: str) -> str:
        if node is not None and not text.strip():
            self.problems.add(node.place, f"{what} is empty", expected)
            return ""
        return text

    def identifier(self, text: str, place: Place, what: str) -> str:
        """A name that others refer to: letters, digits and `_`."""
        if not _WORD.fullmatch(text):
            self.problems.add(place, f"{what} `{text}` is not a name", "letters, digits and `_`, a letter first")
        return text

    def choice(self, node: Node | None, place: Place, what: str, known: Iterable[str]) -> str:
        """One of the known words; "" with a problem otherwise."""
        words = list(known)
        listed = ", ".join(words) if words else "nothing, as none is defined"
        expected = f"one of {listed}" if len(words) <= 20 else "one that exists"
        word = self.something(node, place, what, expected)
        if word and word not in words:
            self.problems.add(node.place if node else place, f"no {what} `{word}`", expected, got=word, known=words)
            return ""
        return word

    def duration(self, node: Node | None, place: Place, what: str, longest: timedelta = LONGEST_DURATION) -> timedelta:
        """`5s`, `2m`; `24h` where it may be as long."""
        hours = longest // timedelta(hours=1)
        expected = f"a time such as `5s` or `2m`, at most `{f'{hours}h' if hours > 1 else '60m'}`"
        text = self.something(node, place, what, expected)
        found = _DURATION.fullmatch(text.strip())
        if found and found.group(2) == "h" and hours <= 1:
            found = None
        amount = int(found.group(1)) if found and len(found.group(1)) < 6 else 0
        length = amount * _UNITS[found.group(2)] if found else timedelta()
        if text and not timedelta() < length <= longest:
            self.problems.add(node.place if node else place, f"`{text}` is no {what}", expected)
        return length or timedelta(seconds=1)

    def number(self, node: Node | None, place: Place, what: str, least: int, most: int) -> int:
        """A whole number within bounds, both allowed."""
        expected = f"a whole number from {least} to {most}"
        text = self.something(node, place, what, expected)
        if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        if text:
            self.problems.add(node.place if node else place, f"`{text}` is no {what}", expected)
        return least

    def flag(self, node: Node | None, place: Place, what: str) -> bool:
        """`yes` or `no`."""
        text = self.something(node, place, what, "`yes` or `no`").lower()
        if text and text not in _YES + _NO:
            self.problems.add(node.place if node else place, f"`{text}` is no {what}", "`yes` or `no`")
        return text in _YES

    def day(self, node: Node | None, place: Place, what: str) -> date | None:
        """`2026-12-24`."""
        expected = "a date such as `2026-12-24`"
        text = self.something(node, place, what, expected)
        if not text:
            return None
        at = node.place if node else place
        if not _DAY.fullmatch(text):  # Python reads other forms, too, such as `2026-W52`
            self.problems.add(at, f"`{text}` is no {what}", expected)
            return None
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            self.problems.add(at, f"`{text}` is no {what}: {error}", expected)
            return None

    def several(self, node: Node | None, place: Place, read: Callable[[Node | None, Place], T]) -> tuple[T, ...]:
        """One value, or a list of them."""
        if isinstance(node, Listing):
            if not node.items:
                self.problems.add(node.place, "an empty list", "at least one value")
            return tuple(read(item, item.place) for item in node.items)
        return (read(node, place),)

    def texts(self, node: Node | None, place: Place, what: str) -> dict[Language, str]:
        """A text per language, rendered; the default language's must be there. One text alone is in that language."""
        if isinstance(node, Scalar):
            return {self.default_language: self._text(node, node.place, what, self.default_language)}
        table = self.table(node, place, what)
        found: dict[Language, str] = {}
        for key, value in table.entries.items():
            if (language := self.language(key, table.key_places[key])) is not None:
                found[language] = self._text(value, table.key_places[key], what, language)
        if node is not None and self.default_language not in table.entries:
            wanted = f"a text in {NAMES.get(self.default_language, self.default_language)}, the default language"
            self.problems.add(table.place, f"{what} lacks `{self.default_language}`", wanted)
        return found

    def _text(self, node: Node, place: Place, what: str, language: Language) -> str:
        before = self.problems.errors_added
        text = self.render(self.word(node, place, what, "a text"), node.place, language)
        return text if self.problems.errors_added > before else self._filled(text, node, what, "a text")

    def language(self, text: str, place: Place) -> Language | None:
        """One of the organisation's languages."""
        if text in self.languages:
            return Language(text)
        expected = f"one of the organisation's languages, {', '.join(self.languages)}"
        self.problems.add(place, f"no language `{text}`", expected, got=text, known=self.languages)
        return None

    def render(self, text: str, place: Place, language: Language, values: Mapping[str, str | int] | None = None) -> str:
        """The text with its templates filled in; "" with a problem if that fails."""
        data = {**self.data.get(language, {}), **self.parameters, **(values or {})}
        try:
            return self.templates.render(text, data).strip()
        except TemplateProblem as problem:
            expected = f"names among {', '.join(data)}" if problem.name and problem.name not in data else ""
            expected = "a key of this step for it, by `for each` in `keys:`" if problem.name == "key" else expected
            told = f"the template fails: {problem}" if "{" in text else str(problem)
            self.problems.add(place, told, expected, got=problem.name, known=data)
            return ""

    def _unexpected(self, node: Node | None, place: Place, what: str, expected: str) -> None:
        # A key that is missing altogether has been told by `keys`.
        if node is not None:
            self.problems.add(node.place, f"{what} is {kind_of(node)}", expected)
