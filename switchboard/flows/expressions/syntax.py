"""What an expression is as written: a tree, and the text that it is written as."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

EQUAL, UNEQUAL = "=", "!="
ORDERINGS = ("<", "<=", ">", ">=")
COMPARISONS = (EQUAL, UNEQUAL, *ORDERINGS)
AND, OR, NOT = "and", "or", "not"

# How tightly operators bind, loosest first; operands bind as _OPERAND.
_EITHER, _BOTH, _NEGATION, _COMPARISON, _SUM, _PRODUCT, _UNARY, _OPERAND = range(8)
_BINDS = {OR: _EITHER, AND: _BOTH, "+": _SUM, "-": _SUM, "*": _PRODUCT, **dict.fromkeys(COMPARISONS, _COMPARISON)}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: kinds "number", "text", "time", "date", "minutes", "days" as in tokens, and "yes_no" with 1 or 0."""

    kind: str
    value: int | str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A name, or a word of an enumeration: types decide."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple[Syntax, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or `-` before something."""

    operator: str
    operand: Syntax
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two things with an operator between them; `at` is the operator's place."""

    operator: str
    left: Syntax
    right: Syntax
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Members:
    """Is something in a list, or not in it?"""

    item: Syntax
    members: tuple[Syntax, ...]
    is_negated: bool
    at: int = field(default=0, compare=False)


Syntax = Literal | Word | Call | Unary | Binary | Members


def begins(tree: Syntax) -> int:
    """Where it begins, in characters from the expression's beginning."""
    while isinstance(tree, Binary | Members):
        tree = tree.left if isinstance(tree, Binary) else tree.item
    return tree.at


def write(tree: Syntax) -> str:
    """The tree as an administrator would write it; parsed, it is the same tree again."""
    return _written(tree, _EITHER)


def _written(tree: Syntax, binding: int) -> str:
    """The tree where something that binds so tightly is wanted: else in parentheses."""
    text, binds = _text(tree)
    return text if binds >= binding else f"({text})"


def _text(tree: Syntax) -> tuple[str, int]:
    if isinstance(tree, Literal):
        return _literal(tree), _OPERAND
    if isinstance(tree, Word):
        return tree.text, _OPERAND
    if isinstance(tree, Call):
        return f"{tree.function}({_several(tree.arguments)})", _OPERAND
    if isinstance(tree, Members):
        sign = "not in" if tree.is_negated else "in"
        return f"{_written(tree.item, _SUM)} {sign} [{_several(tree.members)}]", _COMPARISON
    if isinstance(tree, Unary):
        if tree.operator == NOT:
            return f"not {_written(tree.operand, _NEGATION)}", _NEGATION
        return f"-{_written(tree.operand, _UNARY)}", _UNARY
    binds = _BINDS[tree.operator]
    # Comparisons do not follow each other; all others bind to the left.
    left = _written(tree.left, binds + 1 if binds == _COMPARISON else binds)
    return f"{left} {tree.operator} {_written(tree.right, binds + 1)}", binds


def _several(trees: tuple[Syntax, ...]) -> str:
    return ", ".join(_written(tree, _SUM) for tree in trees)


def _literal(literal: Literal) -> str:
    value = literal.value
    if isinstance(value, str):
        return f'"{value}"' if "'" in value else f"'{value}'"
    if literal.kind == "yes_no":
        return "yes" if value else "no"
    if literal.kind == "time":
        return f"{value // 60:02}:{value % 60:02}"
    if literal.kind == "date":
        return date.fromordinal(value).isoformat()
    if literal.kind == "minutes":
        return f"{value}m" if value < 10_000 else f"{value // 60}h"  # so many minutes were written as hours
    return f"{value}d" if literal.kind == "days" else str(value)
