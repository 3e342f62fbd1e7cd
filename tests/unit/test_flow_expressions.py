"""Conditions and calculations: what they mean, what is wrong with them and where, and that nothing gets out of them."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.domain.hours import HoursTable
from switchboard.flows.expressions.looks import callers_of, marks_of
from switchboard.flows.expressions.parse import KEYWORDS, parse
from switchboard.flows.expressions.syntax import (
    COMPARISONS,
    Binary,
    Call,
    Literal,
    Members,
    Syntax,
    Unary,
    Word,
    write,
)
from switchboard.flows.expressions.tokens import NotUnderstood
from switchboard.flows.expressions.typed import Names, Understood
from switchboard.flows.expressions.types import WEEKDAYS, Day, Number, Text, TimeOfDay, Type, Value, Words, YesNo
from switchboard.flows.expressions.understand import understand_condition, understand_value

OFFICE = HoursTable("office", "Mo-Fr 09:00-17:00; PH off", "Europe/Tallinn", "EE", (), {})
TYPES: dict[str, Type] = {
    "caller": Text(),
    "number": Words(("6001000", "6002000")),
    "language": Words(("en", "et")),
    "time": TimeOfDay(),
    "weekday": Words(WEEKDAYS),
    "date": Day(),
    "wants": Words(("order", "account")),
    "tries": Number(0, 5),
    "vip": YesNo(),
    "due": TimeOfDay(),
    "note": Text(),
    "empty": Number(0, 9),
    "nobody": YesNo(),
}
NAMES = Names(TYPES, {"office": OFFICE, "showroom": OFFICE})


@dataclass
class Called:
    """A call of which this much is known."""

    values: Mapping[str, Value] = field(
        default_factory=lambda: {
            "caller": "+37120001234",
            "number": "6001000",
            "language": "et",
            "time": "11:45",
            "weekday": "saturday",
            "date": "2026-12-24",
            "wants": "order",
            "tries": 3,
            "vip": True,
            "due": "13:00",
            "note": "it's",
        }
    )
    state: str = "open"
    asked: list[str] = field(default_factory=list)

    def value(self, name: str) -> Value | None:
        self.asked.append(name)
        return self.values.get(name)

    def hours(self, table: HoursTable) -> str:
        return self.state


def truth_of(text: str) -> bool:
    understood = understand_condition(text, NAMES)
    assert understood.meaning is not None, understood.faults
    return bool(understood.meaning.evaluate(Called()))


TRUE = [
    "tries = 3",
    "tries is 3",
    "tries is not 4",
    "tries != 4",
    "tries < 4 and tries <= 3 and tries > 2 and tries >= 3",
    "tries + 1 = 4",
    "tries * 2 - 1 = 5",
    "2 + 3 * tries = 11",
    "(2 + 3) * tries = 15",
    "10 - tries - 1 = 6",
    "-tries < 0",
    "- - tries = 3",
    "wants = order",
    "order = wants",
    "wants is 'order'",
    "wants != account",
    "wants in [account, order]",
    "wants not in [account]",
    "weekday in [saturday, sunday] and time < 12:00",
    "weekday > friday and weekday <= sunday",
    "language = et",
    "number = '6001000'",
    "caller != number",
    "starts(caller, '+372', '+371')",
    "not starts(caller, '+372')",
    "length(caller) = 12",
    'note = "it\'s"',
    "time + 30m >= 12:00",
    "time - 2h < 10:00",
    "12:00 - time = 15m",
    "time < 24:00",
    "due - time > 1h",
    "time + 20h > 23:59",  # a time does not turn over within an expression
    "date = 2026-12-24",
    "date + 7d > 2026-12-30",
    "2027-01-01 - date < 10d",
    "date in [2026-12-24, 2026-12-31]",
    "vip",
    "vip = yes",
    "not (vip = no)",
    "vip != no and not not vip",
    "vip or tries > 9 - 5",
    "no or yes and yes",
    "hours(office) = open",
    "hours('showroom') in [open, holiday]",
    "min(tries, 5) = 3 and max(tries, 4, 1) = 4",
    "max(time, 12:00) = 12:00",
    "not nobody",  # what is not known counts as no
    "not (empty = 1)",
]
FALSE = [
    "tries = 4",
    "not tries = 3",
    "tries < 3 or tries > 3",
    "yes and no",
    "not yes or no",
    "empty = 1",  # a comparison with what is not known is never so
    "empty != 1",
    "empty + 1 > 0",
    "empty in [1, 2]",
    "empty not in [1, 2]",
    "tries not in [empty, 4]",
    "min(tries, empty) < 9",
    "nobody",
    "nobody = no",
    "hours(office) is not open",
    "caller = ''",
    "time - 12h > 00:00",
]


@pytest.mark.parametrize("text", TRUE)
def test_what_is_so(text: str) -> None:
    assert truth_of(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_what_is_not_so(text: str) -> None:
    assert truth_of(text) is False


VALUES = [
    ("tries", Number(0, 5), 3),
    ("tries + 1", Number(0, 5), 4),
    ("tries + 4", Number(0, 5), 5),  # kept within the range
    ("tries - 4", Number(0, 5), 0),
    ("empty + 1", Number(0, 5), None),
    ("order", Words(("order", "account")), "order"),
    ("wants", Words(("order", "account", "other")), "order"),
    ("wants", Text(), "order"),
    ("weekday", Text(), "saturday"),
    ("'a text'", Text(), "a text"),
    ("caller", Text(), "+37120001234"),
    ("time + 30m", TimeOfDay(), "12:15"),
    ("time + 20h", TimeOfDay(), "23:59"),
    ("time - 20h", TimeOfDay(), "00:00"),
    ("24:00", TimeOfDay(), "23:59"),
    ("date + 8d", Day(), "2027-01-01"),
    ("9999-12-31 + 7d", Day(), "9999-12-31"),
    ("0001-01-01 - 9999d", Day(), "0001-01-01"),
    ("vip and tries > 3", YesNo(), False),
    ("nobody", YesNo(), None),
    ("hours(office)", Words(("open", "closed", "holiday")), "open"),
]


@pytest.mark.parametrize(("text", "wanted", "noted"), VALUES)
def test_what_is_noted_of_a_calculation(text: str, wanted: Type, noted: Value | None) -> None:
    understood = understand_value(text, wanted, NAMES)
    assert understood.meaning is not None, understood.faults
    value = understood.meaning.evaluate(Called())
    found = None if value is None else wanted.noted(value)
    assert found == noted and type(found) is type(noted)


# (expression, where, what is wrong, what was expected; the nearest word's got and known are tested in the folder)
FAULTS = [
    ("", 0, "is empty", "a condition"),
    ("wants = ordr", 8, "`wants` is never `ordr`", "one of order, account"),
    ("wants in [order, acount]", 17, "`wants` is never `acount`", "one of order"),
    ("'nothing' = wants", 0, "`wants` is never `nothing`", "one of order"),
    ("weekday = mo", 10, "`weekday` is never `mo`", "monday"),
    ("language = fi", 11, "`language` is never `fi`", "one of en, et"),
    ("number = '1'", 9, "`number` is never `1`", "6001000"),
    ("number = 6001", 9, "a text is compared with a number", "a text in quotes such as `'6001'`"),
    ("trys > 1", 0, "no variable `trys`", "one of caller"),
    ("vip and trys > 1 and ordr", 8, "no variable `trys`", "tries"),
    ("note = order", 7, "no variable `order`", "a text in quotes: `'order'`"),
    ("a = b", 0, "no variable `a`", ""),
    ("tries = 'a'", 8, "a number is compared with a text", "0 to 5"),
    ("tries = 6", 8, "`tries` is never `6`", "a whole number from 0 to 5"),
    ("tries in [1, 7]", 13, "`tries` is never `7`", "0 to 5"),
    ("tries = order", 8, "no variable `order`", ""),
    ("tries", 0, "a number is no condition", "a comparison"),
    ("vip and tries", 8, "a number is no condition", "a comparison"),
    ("not wants", 4, "a text is no condition", ""),
    ("time < 30m", 7, "a time is compared with a length of time", "12:30"),
    ("time + 1 < 12:00", 5, "a time `+` a number has no result", "`30m`"),
    ("time + time < 12:00", 5, "a time `+` a time has no result", ""),
    ("date + 30m > date", 5, "a date `+` a length of time has no result", "`7d`"),
    ("wants < account", 6, "a text has no order", "`=` or `!=`"),
    ("vip < yes", 4, "yes or no has no order", ""),
    ("- vip = yes", 2, "`-` before yes or no", "a number"),
    ("tries < 1 < 2", 10, "one comparison follows another", "`and`"),
    ("tries == 3", 6, "`==` means nothing here", "`=`"),
    ("vip && vip", 4, "`&&` means nothing here", "`and`"),
    ("! vip", 0, "`!` means nothing here", "`not`"),
    ("tries / 2 = 1", 6, "`/` means nothing here", ""),
    ("vip = true", 6, "no variable `true`", "`yes`"),
    ("vip = Yes", 6, "no variable `Yes`", "`yes`"),
    ("vip AND vip", 4, "`AND` stands where it means nothing", "an operator"),
    ("tries >", 7, "ends too early", "a variable"),
    ("(tries > 1", 10, "ends too early", "`)`"),
    ("tries > 1)", 9, "`)` stands where it means nothing", "the end"),
    ("tries in 1", 9, "`1` stands where", "`[`"),
    ("tries in []", 10, "an empty list", "at least one"),
    ("time < 8:30", 7, "`8:30` is no time", "`08:30`"),
    ("time < 24:01", 7, "`24:01` is no time", ""),
    ("time < 08:30:15", 7, "`08:30:15` is no value", "`08:30`"),
    ("date = 2026-02-30", 7, "`2026-02-30` is no date", "`2026-12-24`"),
    ("tries > 1.5", 8, "`1.5` is no value", "a whole number"),
    ("time + 30s > due", 7, "`30s` is no value", "`30m`"),
    ("tries > 1234567", 8, "too large a number", "6 digits"),
    ("999999 * 999999 > 1", 7, "a number `*` a number has no result", "at most 1000000000"),
    ("caller = 'abc", 9, "a text begins and does not end", "closing `'`"),
    ("begins(caller, '1')", 0, "no function `begins`", "starts"),
    ("starts(caller)", 0, "`starts` has 1 values", "`starts(caller, '+371')`"),
    ("starts(tries, '1')", 7, "`starts` looks at a text, not at a number", ""),
    ("starts(caller, 371)", 15, "`starts` looks at a text, not at a number", ""),
    ("length() > 1", 0, "`length` has 0 values", ""),
    ("hours(ofice) = open", 6, "no opening hours `ofice`", "one of office, showroom"),
    ("hours(office) = opened", 16, "the other side is never `opened`", "open, closed, holiday"),
    ("hours() = open", 0, "which opening hours is not clear", ""),
    ("hours(office)", 0, "a text is no condition", ""),
    ("min(tries, time) = 1", 11, "a time stands among a numbers", "values of one kind"),
    ("max(vip, vip) = yes", 4, "yes or no is neither most nor least", ""),
    ("tries > 1 caller", 10, "`caller` stands where it means nothing", "an operator"),
]


@pytest.mark.parametrize(("text", "at", "wrong", "expected"), FAULTS)
def test_what_is_wrong_and_where(text: str, at: int, wrong: str, expected: str) -> None:
    understood = understand_condition(text, NAMES)
    assert understood.meaning is None
    fault = understood.faults[0]
    assert (fault.at, fault.is_warning) == (at, False), fault
    assert wrong in fault.text and expected in fault.expected


@pytest.mark.parametrize(
    ("text", "wanted", "wrong"),
    [
        ("order", Words(("orders",)), "`order` is not among the words here"),
        ("caller", Words(("order",)), "this may be any text"),
        ("wants", Words(("order",)), "this may be `account`"),
        ("'x'", Words(("order",)), "this may be `x`"),
        ("tries + 6", Number(0, 5), "this is a whole number from 6 to 11"),
        ("7", Number(0, 5), "this is the number 7"),
        ("time", Number(0, 5), "a time stands where a whole number from 0 to 5 is wanted"),
        ("30m", TimeOfDay(), "a length of time stands where a time"),
        ("order", Text(), "no variable `order`"),
        ("tries", YesNo(), "a number is no condition"),
    ],
)
def test_what_cannot_be_noted(text: str, wanted: Type, wrong: str) -> None:
    understood = understand_value(text, wanted, NAMES)
    assert understood.meaning is None
    assert wrong in understood.faults[0].text


def test_all_faults_of_types_are_told_at_once() -> None:
    understood = understand_condition("wants = ordr and (tries = 'a' or nothing) and time < 30m", NAMES)
    assert [fault.at for fault in understood.faults] == [8, 26, 33, 53]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("tries > 5", "this comparison is never so: the other side is a whole number from 0 to 5"),
        ("tries >= 0", "always so"),
        ("6 > tries", "always so"),
        ("tries + 1 <= 0", "never so"),
        ("length(caller) < 0", "never so"),
    ],
)
def test_what_decides_nothing_is_doubtful(text: str, wrong: str) -> None:
    understood = understand_condition(text, NAMES)
    assert understood.meaning is not None
    (fault,) = understood.faults
    assert fault.is_warning and wrong in fault.text


def test_the_right_side_is_looked_at_only_if_it_matters() -> None:
    for text, asked in (("vip or tries > 1", ["vip"]), ("nobody and tries > 1", ["nobody"])):
        meaning = understand_condition(text, NAMES).meaning
        called = Called()
        assert meaning is not None
        meaning.evaluate(called)
        assert called.asked == asked


MARKS = [
    ("time < 12:00", {time(12)}),
    ("time <= 12:00", {time(12, 1)}),
    ("time = 12:00", {time(12), time(12, 1)}),
    ("time + 30m < 12:00", {time(11, 30)}),
    ("12:00 - time > 30m", {time(11, 30)}),
    ("time - 1h >= 00:30 and time < 18:00", {time(1, 30), time(18)}),
    ("max(time, 10:00) < 12:00", {time(12)}),
    ("time in [08:00, 08:01]", {time(8), time(8, 2)}),
    ("time < 24:00", set()),
    ("time < due", {time(hour) for hour in range(24)}),
    ("weekday = monday or tries > 1", {time(0)}),
    ("date = 2026-12-24", {date(2026, 12, 24), date(2026, 12, 25)}),
    ("date + 7d >= 2026-12-24", {date(2026, 12, 17)}),
    ("2026-12-24 - date < 3d", {date(2026, 12, 22)}),
    ("tries > 1 and caller = '1'", set()),
]


@pytest.mark.parametrize(("text", "marks"), MARKS)
def test_when_it_may_change(text: str, marks: set[time | date]) -> None:
    meaning = understand_condition(text, NAMES).meaning
    assert meaning is not None
    assert marks_of(meaning) == marks


@pytest.mark.parametrize(
    ("text", "callers"),
    [
        ("caller = '+3725'", {"+3725"}),
        ("not (caller in ['1', '2'] or starts(caller, '+371'))", {"1", "2", "+371"}),
        ("caller != note or starts(note, '5')", set()),
        ("length(caller) < 5", {"5555", "55555"}),
        ("tries > 1", set()),
    ],
)
def test_which_callers_it_tells_apart(text: str, callers: set[str]) -> None:
    meaning = understand_condition(text, NAMES).meaning
    assert meaning is not None
    assert callers_of(meaning) == callers


words = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(lambda word: word not in KEYWORDS)
literals = st.one_of(
    st.builds(Literal, st.just("number"), st.integers(0, 999_999)),
    st.builds(Literal, st.just("text"), st.text(st.characters(exclude_characters="'\n\0"), max_size=8)),
    st.builds(Literal, st.just("text"), st.text(st.sampled_from("a' "), max_size=8)),
    st.builds(Literal, st.just("time"), st.integers(0, 1440)),
    st.builds(Literal, st.just("date"), st.integers(1, date.max.toordinal())),
    st.builds(Literal, st.just("minutes"), st.integers(0, 9999) | st.integers(0, 9999).map(lambda hours: hours * 60)),
    st.builds(Literal, st.just("days"), st.integers(0, 9999)),
    st.builds(Literal, st.just("yes_no"), st.integers(0, 1)),
)


def larger(trees: st.SearchStrategy[Syntax]) -> st.SearchStrategy[Syntax]:
    several = st.lists(trees, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Call, st.sampled_from(("starts", "length", "hours", "min", "max", "other")), several),
        st.builds(Unary, st.sampled_from(("not", "-")), trees),
        st.builds(Binary, st.sampled_from((*COMPARISONS, "+", "-", "*", "and", "or")), trees, trees),
        st.builds(Members, trees, several, st.booleans()),
    )


trees = st.recursive(literals | st.builds(Word, words | st.sampled_from([*TYPES, "office", "order"])), larger)


@given(tree=trees)
def test_what_is_written_is_parsed_again(tree: Syntax) -> None:
    text = write(tree)
    try:
        assert parse(text) == tree
    except NotUnderstood as refused:
        assert any(limit in str(refused) for limit in ("characters long", "too deeply", "too many parts"))


def conditions() -> st.SearchStrategy[str]:
    """Well-typed conditions, as texts."""
    numbers = st.recursive(
        st.sampled_from(["tries", "empty", "length(caller)", "1", "3"]),
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
            | st.builds("min({}, {})".format, inner, inner)
        ),
        max_leaves=4,
    )
    times = st.recursive(
        st.sampled_from(["time", "due", "12:00", "24:00"]),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-"), st.sampled_from(["30m", "99h"])),
        max_leaves=4,
    )
    sign = st.sampled_from(COMPARISONS)
    comparisons = st.one_of(
        st.builds("{} {} {}".format, times, sign, times),
        st.builds("{} {} {}".format, numbers, st.sampled_from(("<", "<=", ">", ">=")), numbers),
        st.builds("weekday {} {}".format, sign, st.sampled_from(WEEKDAYS)),
        st.sampled_from(["vip", "nobody", "hours(office) = open", "starts(caller, '+371', note)", "wants in [order]"]),
    )
    return st.recursive(
        comparisons,
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner)
            | st.builds("not ({})".format, inner)
        ),
        max_leaves=6,
    )


@given(
    text=conditions(),
    called=st.fixed_dictionaries(
        {},
        optional={
            "caller": st.text(max_size=20),
            "time": st.integers(0, 1439).map(TimeOfDay().noted),
            "due": st.integers(0, 1439).map(TimeOfDay().noted),
            "weekday": st.sampled_from(WEEKDAYS),
            "wants": st.sampled_from(("order", "account")),
            "tries": st.integers(0, 5),
            "empty": st.integers(0, 9),
            "vip": st.booleans(),
            "note": st.text(max_size=5),
        },
    ),
)
@settings(max_examples=200)
def test_every_condition_is_so_or_not_so(text: str, called: dict[str, Value]) -> None:
    understood = understand_condition(text, NAMES)
    if understood.meaning is None:
        limits = ("characters long", "too deeply", "too many parts", "has no result")
        assert any(limit in fault.text for fault in understood.faults for limit in limits), understood.faults
        return
    assert understood.meaning.evaluate(Called(called)) in (True, False, None)


@given(text=st.text(max_size=60) | st.text(st.sampled_from("ab 12:-+*()[],'=<>.mhd"), max_size=60) | trees.map(write))
@settings(max_examples=300)
def test_no_text_is_a_traceback(text: str) -> None:
    for understood in (understand_condition(text, NAMES), understand_value(text, Number(0, 5), NAMES)):
        assert understood.meaning is not None or understood.faults
        assert all(0 <= fault.at <= len(text) and fault.text for fault in understood.faults)


ESCAPES = [
    "__class__",
    "().__class__",
    "caller.__class__.__mro__",
    "caller.upper()",
    "''.__class__.__base__.__subclasses__()",
    "__import__('os').system('ls')",
    "import os",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "getattr(caller, 'x')",
    "lambda: 1",
    "(lambda x: x)(1)",
    "f'{caller}'",
    "f\"{caller}\" = 'x'",
    "{{ caller }}",
    "{% for x in y %}{% endfor %}",
    "${caller}",
    "`ls`",
    "$(ls)",
    "caller; drop",
    "caller := '1'",
    "caller = '1' # comment",
    "[x for x in caller]",
    "caller[0] = '1'",
    "{'a': 1}",
    "*caller",
    "**caller",
    "@caller",
    "tries if vip else tries",
    "vip = None",
    "vip = not vip",
    "globals()",
    "starts.__globals__",
    "starts",
    "hours(office)(office) = open",
    "hours(hours(office)) = open",
    "min(*[1, 2]) = 1",
    "tries = 1e9",
    "tries = 0x10",
    "tries = 1_000",
    "tries = 9 ** 9",
    "tries = 9**9**9**9",
    "tries << 9",
    "tries ~ 1",
    "саller = '1'",  # Cyrillic
    "caller = ‘1’",  # typographic quotes
    "tries = １",  # full-width digit
    "tries＝1",
    "tries = ²",
    "vip\u200b",
    "vip\u2028and vip",
    "vip\0",
    "\ufeffvip",
    "vip and\u00a0vip",
    "caller = '\n'",
    "'a' 'b' = caller",
    "u'a' = caller",
    "caller = '''a'''",
    "caller = 'a\\'b'",
    "tries = " + "9" * 400,
    "tries = " + "9" * 1_000_000,
    "(" * 100 + "vip" + ")" * 100,
    "(" * 1_000_000,
    "not " * 100 + "vip",
    "not " * 300_000 + "vip",
    "-" * 200 + "tries = 1",
    "tries = " + "1+" * 200 + "1",
    "a" * 1_000_000,
    "'" + "a" * 1_000_000,
    "vip or " * 200_000 + "vip",
    "min(" * 50 + "1" + ")" * 50,
    "x(" * 100,
    "[" * 100,
    "tries in [" + "1," * 200 + "1]",
    "tries * 999999 * 999999 * 999999 * 999999 > 1",
]


@pytest.mark.parametrize("text", ESCAPES, ids=[repr(text)[:40] for text in ESCAPES])
def test_nothing_gets_out(text: str) -> None:
    before = clock.process_time()
    results: list[Understood] = [understand_condition(text, NAMES), understand_value(text, Text(), NAMES)]
    took = clock.process_time() - before
    for understood in results:
        assert understood.meaning is None
        assert understood.faults
        for fault in understood.faults:
            assert fault.text and "\n" not in fault.text and len(fault.text) < 200, "one line says what is wrong"
    assert took < 0.2, "refused before it costs anything"
