"""From tokens to a tree, by recursive descent. Bounded: length, parentheses and number of parts are limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from switchboard.flows.expressions.syntax import (
    AND,
    COMPARISONS,
    EQUAL,
    NOT,
    OR,
    UNEQUAL,
    Binary,
    Call,
    Literal,
    Members,
    Syntax,
    Unary,
    Word,
)
from switchboard.flows.expressions.tokens import END, Fault, NotUnderstood, Token, cut, shown

DEEPEST = 20  # parentheses, calls, `not` and `-` within each other
MOST_PARTS = 120
KEYWORDS = (AND, OR, NOT, "in", "is", "yes", "no")

_LITERALS = ("number", "text", "time", "date", "minutes", "days")
_OPERATORS = (AND, OR, *COMPARISONS, "is", "in", NOT, "+", "-", "*")
_OPERAND = "a variable, a value, a function or `(`"
FOREIGN = {  # words of other languages, in small letters, and what is written here
    **dict.fromkeys(("yes", "true"), "`yes`"),
    **dict.fromkeys(("no", "false"), "`no`"),
    **dict.fromkeys(("none", "null"), "a value"),
}

Part = TypeVar("Part", bound=Syntax)
_T = TypeVar("_T")


def parse(text: str) -> Syntax:
    """The tree of an expression. Raises NotUnderstood."""
    parser = _Parser(cut(text))
    if parser.token.kind == END:
        raise NotUnderstood(Fault(0, "is empty", "a condition such as `time < 12:00`"))
    tree = parser.either()
    parser.end()
    return tree


class _Parser:
    """One method per rule of the grammar, loosest first (see the package)."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._parts = 0

    @property
    def token(self) -> Token:
        """The one not read yet."""
        return self._tokens[self._next]

    def end(self) -> None:
        """Nothing may follow."""
        if self.token.kind != END:
            raise self._unexpected("an operator, or the end")

    def either(self) -> Syntax:
        return self._chain(self._both, OR)

    def _both(self) -> Syntax:
        return self._chain(self._negation, AND)

    def _negation(self) -> Syntax:
        token = self.token
        if not self._take(NOT):
            return self._comparison()
        return self._part(Unary(NOT, self._deeper(self._negation), token.at))

    def _comparison(self) -> Syntax:
        left = self._sum()
        tree = self._compared(left)
        if tree is not left and (self.token.text in ("in", "is", *COMPARISONS) or self._is_not_in()):
            text = "one comparison follows another"
            raise NotUnderstood(Fault(self.token.at, text, "`and` or `or` between them"))
        return tree

    def _compared(self, left: Syntax) -> Syntax:
        token = self.token
        if self._is_not_in():
            self._next += 2
            return self._part(Members(left, self._listed(), True, token.at))
        if self._take("in"):
            return self._part(Members(left, self._listed(), False, token.at))
        if self._take("is"):
            operator = UNEQUAL if self._take(NOT) else EQUAL
        elif token.kind == "sign" and self._take(*COMPARISONS):
            operator = token.text
        else:
            return left
        return self._part(Binary(operator, left, self._sum(), token.at))

    def _sum(self) -> Syntax:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Syntax:
        return self._chain(self._unary, "*")

    def _unary(self) -> Syntax:
        token = self.token
        if self._take("-"):
            return self._part(Unary("-", self._deeper(self._unary), token.at))
        return self._operand()

    def _operand(self) -> Syntax:
        token = self.token
        if token.kind in _LITERALS:
            self._next += 1
            return self._part(Literal(token.kind, token.value, token.at))
        if self._take("("):
            tree = self._deeper(self.either)
            self._expect(")")
            return tree
        if self._take("yes", "no"):
            return self._part(Literal("yes_no", int(token.text == "yes"), token.at))
        if token.kind == "word" and token.text not in KEYWORDS:
            self._next += 1
            if self._take("("):
                arguments = () if self.token.text == ")" else self._deeper(self._several)
                self._expect(")")
                return self._part(Call(token.text, arguments, token.at))
            return self._part(Word(token.text, token.at))
        raise self._unexpected(_OPERAND)

    def _listed(self) -> tuple[Syntax, ...]:
        self._expect("[")
        if self.token.text == "]":
            raise NotUnderstood(Fault(self.token.at, "an empty list", "at least one value"))
        members = self._deeper(self._several)
        self._expect("]")
        return members

    def _several(self) -> tuple[Syntax, ...]:
        found = [self._sum()]
        while self._take(","):
            found.append(self._sum())
        return tuple(found)

    def _chain(self, operand: Callable[[], Syntax], *operators: str) -> Syntax:
        tree = operand()
        while True:
            token = self.token
            if not self._take(*operators):
                return tree
            tree = self._part(Binary(token.text, tree, operand(), token.at))

    def _is_not_in(self) -> bool:
        return self._is(self.token, NOT) and self._is(self._tokens[self._next + 1], "in")

    def _is(self, token: Token, *texts: str) -> bool:
        return token.kind in ("word", "sign") and token.text in texts

    def _take(self, *texts: str) -> bool:
        if not self._is(self.token, *texts):
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(f"`{sign}`")

    def _deeper(self, rule: Callable[[], _T]) -> _T:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstood(Fault(self.token.at, "is nested too deeply", f"at most {DEEPEST} levels"))
        found = rule()
        self._depth -= 1
        return found

    def _part(self, part: Part) -> Part:
        self._parts += 1
        if self._parts > MOST_PARTS:
            expected = f"at most {MOST_PARTS} names, values and operators"
            raise NotUnderstood(Fault(part.at, "has too many parts", expected))
        return part

    def _unexpected(self, expected: str) -> NotUnderstood:
        token = self.token
        if token.kind == END:
            return NotUnderstood(Fault(token.at, "ends too early", expected))
        if token.kind == "word":
            expected = FOREIGN.get(token.text.lower(), expected)
        known = _OPERATORS if token.kind == "word" else ()
        text = f"`{shown(token.text)}` stands where it means nothing"
        return NotUnderstood(Fault(token.at, text, expected, token.text.lower(), known))
