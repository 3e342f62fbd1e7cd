"""A call's variables, for exploring: what a step asks of them, and what it notes in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final

GONE: Final = "gone"  # instead of the value of a variable in which nothing is noted (any more); values are in tuples

Noted = tuple[Any, ...]  # (value,), or (GONE, GONE) for none: no value looks like it
_NOTHING: Final[Noted] = (GONE, GONE)


class WatchedVariables(MutableMapping[str, Any]):
    """Variables that tell afterwards what became of them.

    A mapping of its own, no dict: so nothing can look at a variable, or at which ones there are, unseen.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.noted: dict[str, Any] = dict(values)  # to be looked at unseen
        self.missed: set[str] = set()  # declared ones asked for before anything had been noted in them
        self.asked: set[str] = set()  # those whose first values were asked for
        self.written: dict[str, Noted] = {}

    def __getitem__(self, name: str) -> Any:
        self._ask(name)
        return self.noted[name]

    def __contains__(self, name: object) -> bool:
        self._ask(str(name))
        return name in self.noted

    def pop(self, name: str, /, default: Any = None) -> Any:
        """As of any mapping; it may not have been there."""
        self.asked.add(name)
        self.written[name] = _NOTHING
        return self.noted.pop(name, default)

    def __setitem__(self, name: str, value: Any) -> None:
        self.written[name] = (value,)
        self.noted[name] = value

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("what steps ask of variables they ask by name")

    def __len__(self) -> int:
        raise NotImplementedError("what steps ask of variables they ask by name")

    def _ask(self, name: str) -> None:
        if name not in self.written:
            self.asked.add(name)
        if name not in self.noted and not name.startswith("_"):  # none that is declared begins so
            self.missed.add(name)


def first_noted(variables: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Noted, ...]:
    """What is noted in some variables: the same for two calls if and only if it is the same in each."""
    return tuple((variables[name],) if name in variables else _NOTHING for name in names)


def after(variables: Mapping[str, Any], written: Iterable[tuple[str, Noted]]) -> dict[str, Any]:
    """What is noted after a step that has written this."""
    noted = dict(variables)
    for name, value in written:
        if value == _NOTHING:
            noted.pop(name, None)
        else:
            (noted[name],) = value
    return noted
