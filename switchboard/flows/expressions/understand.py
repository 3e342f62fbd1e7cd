"""Finds the type of every part of an expression and turns it into a meaning; whatever does not fit is a fault.

A word that names nothing is a word of an enumeration if what it is compared with has such words. All faults of types
are found at once; a part with a fault fits everywhere, so that each is told once.
"""

from __future__ import annotations

from switchboard.domain.hours import HoursKind
from switchboard.flows.expressions.calculations import CALCULATIONS, Unclear, calculated, decided, kind_of_type, outer
from switchboard.flows.expressions.meaning import (
    Both,
    Calculation,
    Comparison,
    Constant,
    Either,
    Extreme,
    HoursNow,
    Length,
    Membership,
    Name,
    Negation,
    Rank,
    Starts,
)
from switchboard.flows.expressions.parse import FOREIGN, parse
from switchboard.flows.expressions.syntax import (
    AND,
    NOT,
    OR,
    ORDERINGS,
    Binary,
    Call,
    Literal,
    Members,
    Syntax,
    Unary,
    Word,
    begins,
)
from switchboard.flows.expressions.tokens import Fault, NotUnderstood, shown
from switchboard.flows.expressions.typed import FUNCTIONS, Names, Typed, Understood, is_constant
from switchboard.flows.expressions.types import (
    ORDERED,
    Day,
    Days,
    Minutes,
    Number,
    Text,
    TimeOfDay,
    Type,
    Words,
    YesNo,
)

LONGEST_CALLER = 255  # characters
_STATES = Words(tuple(kind.value for kind in HoursKind))


def understand_condition(text: str, names: Names) -> Understood:
    """An expression that is so or not so."""
    reading = _Understanding(names)
    return reading.result(text, YesNo(), "a condition is wanted")


def understand_value(text: str, wanted: Type, names: Names) -> Understood:
    """An expression whose value is noted in a variable of the type `wanted`."""
    reading = _Understanding(names)
    return reading.result(text, wanted, f"{wanted.told} is wanted")


class _Understanding:
    """Goes through one expression."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._faults: list[Fault] = []

    def result(self, text: str, wanted: Type, why: str) -> Understood:
        """The meaning of the whole."""
        try:
            found = self._into(self._typed(parse(text)), wanted, why)
        except NotUnderstood as problem:
            return Understood(None, [problem.fault])
        is_sound = all(fault.is_warning for fault in self._faults)
        return Understood(found.meaning if is_sound else None, self._faults)

    def _typed(self, tree: Syntax) -> Typed:
        if isinstance(tree, Literal):
            return self._literal(tree)
        if isinstance(tree, Word):
            return self._word(tree)
        if isinstance(tree, Call):
            return self._call(tree)
        if isinstance(tree, Unary):
            return self._unary(tree)
        if isinstance(tree, Members):
            item = self._typed(tree.item)
            members = []
            for member in tree.members:
                other, found = self._same(item, self._typed(member), tree.at)
                item = item if item.is_unclear or not item.word else other
                members.append(found)
            meanings = tuple(member.meaning for member in members)
            return Typed(Membership(item.meaning, meanings, tree.is_negated), YesNo(), begins(tree))
        return self._binary(tree)

    def _literal(self, tree: Literal) -> Typed:
        types: dict[str, Type] = {
            "text": Text(),
            "time": TimeOfDay(),
            "date": Day(),
            "minutes": Minutes(),
            "days": Days(),
            "yes_no": YesNo(),
        }
        value = bool(tree.value) if tree.kind == "yes_no" else tree.value
        found = types.get(tree.kind) or Number(int(tree.value), int(tree.value))
        return Typed(Constant(value, found.family), found, tree.at)

    def _word(self, tree: Word) -> Typed:
        known = self._names.types.get(tree.text)
        if known is not None:
            return Typed(Name(tree.text, known), known, tree.at)
        return Typed(Constant(tree.text, Text.family), Unclear(), tree.at, tree.text)

    def _unary(self, tree: Unary) -> Typed:
        operand = self._named(self._typed(tree.operand))
        if tree.operator == NOT:
            return Typed(Negation(self._condition(operand).meaning), YesNo(), tree.at)
        if isinstance(operand.type, Number):
            type_: Type = Number(-operand.type.most, -operand.type.least)
        elif isinstance(operand.type, Minutes | Days | Unclear):
            type_ = operand.type
        else:
            return self._fault(operand.at, f"`-` before {kind_of_type(operand.type)}", "a number")
        return Typed(Calculation("-", Constant(0, type_.family), operand.meaning), type_, tree.at)

    def _binary(self, tree: Binary) -> Typed:
        left, right = self._typed(tree.left), self._typed(tree.right)
        at = begins(tree)
        if tree.operator in (AND, OR):
            left, right = self._condition(self._named(left)), self._condition(self._named(right))
            joined = Both if tree.operator == AND else Either
            return Typed(joined(left.meaning, right.meaning), YesNo(), at)
        if tree.operator in CALCULATIONS:
            return self._calculation(tree, self._named(left), self._named(right))
        left, right = self._same(left, right, tree.at, tree.operator)
        if tree.operator not in ORDERINGS or left.is_unclear or right.is_unclear:
            return Typed(Comparison(tree.operator, left.meaning, right.meaning), YesNo(), at)
        if all(isinstance(side.type, Words) and side.type.is_ordered for side in (left, right)):
            comparison = Comparison(tree.operator, Rank(left.meaning), Rank(right.meaning))
            return Typed(comparison, YesNo(), at)
        if left.type.family not in ORDERED:
            expected = "`=` or `!=`; numbers, times, dates, lengths of time and weekdays have an order"
            return self._fault(tree.at, f"{kind_of_type(left.type)} has no order", expected)
        return Typed(Comparison(tree.operator, left.meaning, right.meaning), YesNo(), at)

    def _calculation(self, tree: Binary, left: Typed, right: Typed) -> Typed:
        at = begins(tree)
        if left.is_unclear or right.is_unclear:
            return Typed(left.meaning, Unclear(), at)
        found = calculated(tree.operator, left.type, right.type)
        if isinstance(found, str):
            sides = f"{kind_of_type(left.type)} `{tree.operator}` {kind_of_type(right.type)}"
            return self._fault(tree.at, f"{sides} has no result", found)
        return Typed(Calculation(tree.operator, left.meaning, right.meaning), found, at)

    def _call(self, tree: Call) -> Typed:
        example = FUNCTIONS.get(tree.function)
        if example is None:
            expected = f"one of {', '.join(FUNCTIONS)}"
            return self._fault(tree.at, f"no function `{shown(tree.function)}`", expected, tree.function, [*FUNCTIONS])
        if tree.function == "hours":
            return self._hours(tree)
        arguments = [self._named(self._typed(argument)) for argument in tree.arguments]
        if len(arguments) != 1 if tree.function == "length" else len(arguments) < 2:
            return self._fault(tree.at, f"`{tree.function}` has {len(arguments)} values", f"`{example}`")
        if tree.function in ("min", "max"):
            return self._extreme(tree, arguments)
        for argument in arguments:
            if argument.type.family != Text.family and not argument.is_unclear:
                text = f"`{tree.function}` looks at a text, not at {kind_of_type(argument.type)}"
                self._fault(argument.at, text, f"`{example}`")
        first, rest = arguments[0].meaning, tuple(argument.meaning for argument in arguments[1:])
        if tree.function == "length":
            return Typed(Length(first), Number(0, LONGEST_CALLER), tree.at)
        return Typed(Starts(first, rest), YesNo(), tree.at)

    def _hours(self, tree: Call) -> Typed:
        argument = tree.arguments[0] if len(tree.arguments) == 1 else None
        name = ""
        if isinstance(argument, Word):
            name = argument.text
        elif isinstance(argument, Literal) and argument.kind == "text":
            name = str(argument.value)
        table = self._names.hours.get(name)
        if table is not None:
            return Typed(HoursNow(table), _STATES, tree.at)
        known = [*self._names.hours]
        at = argument.at if isinstance(argument, Word | Literal) else tree.at
        text = f"no opening hours `{shown(name)}`" if name else "which opening hours is not clear"
        self._fault(at, text, f"one of {', '.join(known)}" if known else f"`{FUNCTIONS['hours']}`", name, known)
        return Typed(Constant("", Text.family), _STATES, tree.at)  # its words are known all the same

    def _extreme(self, tree: Call, arguments: list[Typed]) -> Typed:
        first = next((argument for argument in arguments if not argument.is_unclear), arguments[0])
        for argument in arguments:
            if argument.is_unclear:
                continue
            if argument.type.family not in ORDERED or argument.type.family != first.type.family:
                text = f"{kind_of_type(argument.type)} stands among {kind_of_type(first.type)}s"
                if argument is first:
                    text = f"{kind_of_type(argument.type)} is neither most nor least"
                expected = "values of one kind: numbers, times, dates or lengths of time"
                return self._fault(argument.at, text, expected)
        type_ = first.type
        if isinstance(type_, Number):
            choose = min if tree.function == "min" else max
            numbers = [argument.type for argument in arguments if isinstance(argument.type, Number)]
            type_ = Number(choose(each.least for each in numbers), choose(each.most for each in numbers))
        return Typed(Extreme(tree.function == "max", tuple(a.meaning for a in arguments)), type_, tree.at)

    def _named(self, part: Typed) -> Typed:
        """The part, which must not be a mere word: nothing here says what the word would be one of."""
        return self._unknown(part) if part.word else part

    def _condition(self, part: Typed) -> Typed:
        if not isinstance(part.type, YesNo | Unclear):
            return self._no_condition(part)
        return part

    def _no_condition(self, part: Typed) -> Typed:
        comparison = "a comparison, such as `= …` or `in […]` after it"
        return self._fault(part.at, f"{kind_of_type(part.type)} is no condition", comparison)

    def _same(self, left: Typed, right: Typed, at: int, operator: str = "=") -> tuple[Typed, Typed]:
        """Both sides of a comparison, words turned into values of the other side's type."""
        if left.word and right.word:
            return self._unknown(left), self._unknown(right)
        if right.word:
            right = self._member(right, left)
        elif left.word:
            left = self._member(left, right)
        if left.is_unclear or right.is_unclear:
            return left, right
        offender, other = (left, right) if is_constant(left) and not is_constant(right) else (right, left)
        if left.type.family != right.type.family:
            text = f"{kind_of_type(left.type)} is compared with {kind_of_type(right.type)}"
            is_quotable = other.type.family == Text.family and isinstance(offender.type, Number)
            quoted = f"a text in quotes such as `'{offender.type.least}'`" if is_quotable else other.type.told  # type: ignore[attr-defined]
            self._fault(offender.at, text, quoted)
            return left, self._unclear(right)
        self._check_words(offender, other)
        if isinstance(left.type, Number) and isinstance(right.type, Number):
            is_so = decided(operator, left.type, right.type)
            if is_so is not None and not (is_constant(left) and is_constant(right)):
                self._decided(offender, other, operator, is_so)
        return left, right

    def _check_words(self, offender: Typed, other: Typed) -> None:
        """Words that the other side never has are mistakes."""
        if not isinstance(other.type, Words):
            return
        if isinstance(offender.meaning, Constant):
            if offender.meaning.value not in other.type.words:
                self._never(offender, other, str(offender.meaning.value), other.type.words)
        elif isinstance(offender.type, Words) and not set(offender.type.words) & set(other.type.words):
            self._fault(offender.at, "the two sides have no word in common", other.type.told)

    def _decided(self, offender: Typed, other: Typed, operator: str, is_so: bool) -> None:
        """A number that can never be equal is a mistake; an order that is always the same is doubtful."""
        if operator not in ORDERINGS:
            self._never(offender, other, "", ())
            return
        text = f"this comparison is {'always' if is_so else 'never'} so: the other side is {other.type.told}"
        self._faults.append(Fault(offender.at, text, is_warning=True))

    def _never(self, offender: Typed, other: Typed, got: str, known: tuple[str, ...]) -> None:
        named = f"`{other.meaning.name}`" if isinstance(other.meaning, Name) else "the other side"
        what = f"`{shown(outer(offender.meaning))}`" if is_constant(offender) else f"equal to {offender.type.told}"
        self._fault(offender.at, f"{named} is never {what}", other.type.told, got, [*known, *self._names.types])

    def _member(self, part: Typed, other: Typed) -> Typed:
        """A word as a value of what it is compared with."""
        if other.is_unclear:
            return self._unclear(part)
        if isinstance(other.type, Words) and not is_constant(other):
            if part.word in other.type.words:
                return Typed(part.meaning, Words((part.word,)), part.at)
            self._never(part, other, part.word, other.type.words)
            return self._unclear(part)
        return self._unknown(part, is_text=other.type.family == Text.family)

    def _into(self, part: Typed, wanted: Type, why: str) -> Typed:
        """The whole expression, which must be of the type wanted."""
        if part.word and isinstance(wanted, Words):
            if part.word not in wanted.words:
                known = [*wanted.words, *self._names.types]
                self._fault(part.at, f"`{shown(part.word)}` is not among the words here", wanted.told, part.word, known)
            return part
        if part.word:
            return self._unknown(part, is_text=isinstance(wanted, Text))
        if part.is_unclear:
            return part
        if part.type.family != wanted.family:
            if isinstance(wanted, YesNo):
                return self._no_condition(part)
            return self._fault(part.at, f"{kind_of_type(part.type)} stands where {why}", wanted.told)
        if isinstance(wanted, Words):
            return self._into_words(part, wanted)
        if isinstance(wanted, Number) and isinstance(part.type, Number) and decided("=", part.type, wanted) is False:
            return self._fault(part.at, f"this is {part.type.told}", wanted.told)
        return part

    def _into_words(self, part: Typed, wanted: Words) -> Typed:
        if isinstance(part.meaning, Constant):
            words: tuple[str, ...] = (str(part.meaning.value),)
        elif isinstance(part.type, Words):
            words = part.type.words
        else:
            return self._fault(part.at, "this may be any text", wanted.told)
        if missing := [word for word in words if word not in wanted.words]:
            return self._fault(part.at, f"this may be `{shown(missing[0])}`", wanted.told, missing[0], [*wanted.words])
        return part

    def _unknown(self, part: Typed, *, is_text: bool = False) -> Typed:
        names = [*self._names.types]
        expected = FOREIGN.get(part.word.lower()) or f"one of {', '.join(names)}"
        if is_text:
            expected = f"a variable, or a text in quotes: `'{shown(part.word)}'`"
        return self._fault(part.at, f"no variable `{shown(part.word)}`", expected, part.word, [*names, AND, OR, NOT])

    def _unclear(self, part: Typed) -> Typed:
        return Typed(part.meaning, Unclear(), part.at)

    def _fault(self, at: int, text: str, expected: str, got: str = "", known: list[str] | None = None) -> Typed:
        self._faults.append(Fault(at, text, expected, got, tuple(known or ())))
        return Typed(Constant("", Text.family), Unclear(), at)
