"""Variables of a call: declared, typed, noted, asked for in conditions; what is wrong is told where it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from switchboard.asterisk.position import pack, unpack
from switchboard.domain.language import ENGLISH
from switchboard.errors import ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.conversation import Conversation
from switchboard.flows.exploration import Explorer
from switchboard.flows.expressions.types import Day, Number, Text, TimeOfDay, Words, YesNo
from switchboard.flows.interpret import conversation_of
from switchboard.flows.load import load_configuration
from switchboard.flows.moves import World
from switchboard.flows.variables import kept_values
from switchboard.ports import Position
from switchboard.services.answer_call import answer_call
from switchboard.services.record_call import CallRecorder
from tests.flows.playing import A_TUESDAY, MAIN_NUMBER, OVERLAYS, PROJECT, PROMPTS, Script, play, scripted, with_overlay
from tests.unit.test_flow_load import english as english  # a fixture

Told = Callable[[str], list[str]]
FLOW = """\
flow: main
variables:
  wants: [order, account]
  tries: {number: 0..5, first: 0}
  gold: yes_no
  note: text
  due: time
  on: date
start: set
steps:
  set: {set: {tries: = tries + 1, gold: yes, note: x, due: = time, on: = date, wants: order}, next: a}
  z: {end: goodbye}
"""


@pytest.fixture
def told(tmp_path: Path, english: Path) -> Told:
    """The problems and warnings of a flow `main`, in which a step `a` was written."""

    def load(step: str, flow: str = FLOW) -> list[str]:
        ivr = with_overlay(tmp_path, {"flows/main.yaml": f"{flow}  {step}\n"})
        try:
            found = load_configuration(ivr, english).warnings
        except ConfigurationError as refused:
            found = tuple(refused.problems)
        ours = [problem for problem in found if problem.place.file.endswith("flows/main.yaml")]
        return [str(problem).partition("\n")[0].partition("flows/main.yaml:")[2] for problem in ours]

    return load


def declared(line: str) -> str:
    return f"flow: main\nvariables:\n  {line}\nstart: a\nsteps:\n  a: {{end: goodbye}}\n"


DECLARATIONS = [
    ("x: nubmer", "3:6: `x` has no known type", "a list of words"),
    ("x: {nubmer: 0..5}", "3:7: variable `x` knows no `nubmer`", "did you mean `number`?"),
    ("x: {first: 1}", "what `x` holds is not clear", "{number: 0..5}"),
    ("x: {number: 0..5, one_of: [a]}", "what `x` holds is not clear", ""),
    ("x: {number: 5..0}", "the range of `x` is not clear", "`0..5`"),
    ("x: {number: 0..5000}", "the range of `x` is not clear", "at most 1000 numbers"),
    ("x: {number: a..b}", "the range of `x` is not clear", ""),
    ("x: {number: 0..5, first: 6}", "3:28: `x` is never `6`", "0 to 5"),
    ("x: {one_of: [a, b], first: c}", "`x` is never `c`", "one of a, b"),
    ("x: {type: time, first: 8:30}", "`x` is never `8:30`", "`12:30`"),
    ("x: {type: date, first: 2026-02-30}", "`x` is never `2026-02-30`", ""),
    ("x: {type: yes_no, first: perhaps}", "`x` is never `perhaps`", "yes or no"),
    ("x: []", "`x` has 0 words", "1 to 100"),
    ("x: [a, a]", "`x` has a word twice", ""),
    ("x: [yes, no]", "`yes` is no word of a list", "`yes_no`"),
    ("x: [and]", "`and` means something else in conditions", "another name"),
    ("x: [caller]", "`caller` is known of every call", ""),
    ("x: ['1a']", "word `1a` is not a name", ""),
    ("x: {one_of: text}", "what `x` holds is not clear", ""),
    ("time: text", "3:3: `time` is known of every call", "another name"),
    ("monday: text", "`monday` means something else", ""),
    ("hours: text", "`hours` means something else", ""),
    ("en: text", "`en` means something else", ""),
    ("x y: text", "variable `x y` is not a name", ""),
    ("x: [y]\n  y: text", "3:3: `y` is both a word of `x` and a variable", ""),
    ("x: text", "warning: no step sets or asks for `x`", "steps that do"),
]


@pytest.mark.parametrize(("line", "text", "expected"), DECLARATIONS, ids=[line for line, _, _ in DECLARATIONS])
def test_what_is_wrong_with_a_declaration(told: Told, line: str, text: str, expected: str) -> None:
    found = told("b: {end: goodbye}", declared(line))
    assert any(text in problem and expected in problem for problem in found), found


@pytest.mark.parametrize("line", ["wants: [order]", "wants: {one_of: [order, account], first: order}", "wants: text"])
def test_flows_that_declare_the_same_variable_agree(tmp_path: Path, english: Path, line: str) -> None:
    ivr = with_overlay(tmp_path, {"flows/main.yaml": declared(line)})
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(ivr, english)
    (problem,) = (each for each in refused.value.problems if "declared otherwise" in each.text)
    assert problem.place.file.endswith("flows/sales.yaml")
    assert problem.text == f"`wants` is declared otherwise at {ivr}/flows/main.yaml:3:3"
    assert line.partition(": ")[2] in problem.expected


STEPS = [
    ("a: {set: {tries: 6}, next: z}", "13:20: `tries` is never `6`", "0 to 5"),
    ("a: {set: {tires: 1}, next: z}", "13:13: no variable `tires`", "did you mean `tries`?"),
    ("a: {set: {gold: = tries}, next: z}", "13:21: a number is no condition", ""),
    ("a: {set: {tries: = trys + 1}, next: z}", "13:22: no variable `trys`", "did you mean `tries`?"),
    ("a: {set: {tries: = tries + }, next: z}", "ends too early", ""),
    ("a: {set: {tries: =}, next: z}", "is empty", ""),
    ("a: {set: {wants: = note}, next: z}", "13:22: this may be any text", "one of order"),
    ("a: {set: {on: 24.12.2026}, next: z}", "`on` is never `24.12.2026`", "`2026-12-24`"),
    ("a: {set: {tries: '= \"{{ reception.phone }}\"'}, next: z}", '13:20: `= "100"`: a text stands where', ""),
    (
        "a: {switch: , cases: [{when: wants = ordr, next: z}], on: {otherwise: z}}",
        "13:40: `wants` is never",
        "`order`?",
    ),
    ('a: {switch: , cases: [{when: "wants = ordr", next: z}], on: {otherwise: z}}', "13:41: `wants` is never", ""),
    (
        "a: {switch: , cases: [{when: 'note = ''x'' or ordr', next: z}], on: {otherwise: z}}",
        "13:49: no variable `ordr`",
        "",
    ),
    ('a: {switch: , cases: [{when: "note = \\"x\\" or ordr", next: z}], on: {otherwise: z}}', "13:32: no variable", ""),
    ("a: {switch: , cases: [{when: , next: z}], on: {otherwise: z}}", "when is nothing", "a condition"),
    ("a: {switch: , cases: [{is: x, next: z}], on: {otherwise: z}}", "13:26: `is` has nothing to compare", "`when:`"),
    ("a: {switch: wnats, cases: [{is: order, next: z}], on: {otherwise: z}}", "no value `wnats`", "`wants`?"),
    ("a: {switch: wants, cases: [{is: ordr, next: z}], on: {otherwise: z}}", "13:35: no wants `ordr`", "`order`?"),
    ("a: {switch: tries, cases: [{is: 6, next: z}], on: {otherwise: z}}", "13:35: `tries` is never `6`", "0 to 5"),
    ("a: {switch: tries, cases: [{is: '01', next: z}], on: {otherwise: z}}", "`tries` is never `01`", ""),
    ("a: {switch: tries, cases: [{from: 1, until: 9, next: z}], on: {otherwise: z}}", "`9` is no bound", "0 to 5"),
    ("a: {switch: tries, cases: [{starts: 1, next: z}], on: {otherwise: z}}", "`starts` is for texts", "`is`"),
    ("a: {switch: gold, cases: [{is: true, next: z}], on: {otherwise: z}}", "`gold` is never `true`", "yes or no"),
    ("a: {switch: wants, cases: [{from: order, next: z}], on: {otherwise: z}}", "and has no bounds", "`is`"),
    ("a: {switch: time, cases: [{is: 8:30, next: z}], on: {otherwise: z}}", "`time` is never `8:30`", "`12:30`"),
    ("a: {switch: date, cases: [{from: 12:00, next: z}], on: {otherwise: z}}", "`12:00` is no bound", "`2026-12-24`"),
    ("a: {switch: on, cases: [{until: 2026-02-30, next: z}], on: {otherwise: z}}", "`2026-02-30` is no bound", ""),
]


@pytest.mark.parametrize(("step", "text", "expected"), STEPS, ids=[step for step, _, _ in STEPS])
def test_what_is_wrong_with_a_step(told: Told, step: str, text: str, expected: str) -> None:
    found = told(step)
    assert any(text in problem and expected in problem for problem in found), found


NEVER = [
    ("switch: wants, cases: [{is: order}, {is: [account, order]}, {is: account}]", ["case 3 is never gone"]),
    ("switch: tries, cases: [{from: 0, until: 3}, {is: 2}, {is: 4}]", ["case 2 is never gone"]),
    ("switch: gold, cases: [{is: [yes, no]}, {is: yes}]", ["case 2 is never gone"]),
    ("switch: caller, cases: [{starts: '+37'}, {starts: '+372'}, {is: '+371'}, {is: ''}]", ["case 2", "case 3"]),
    (
        "switch: time, cases: [{from: '08:00', until: '12:00'}, {from: '09:00', until: '10:00'}]",
        ["case 2 is never gone"],
    ),
    ("switch: time, cases: [{from: '22:00', until: '06:00'}, {is: '23:00'}, {is: '06:00'}]", ["case 2 is never gone"]),
    ("switch: time, cases: [{from: '08:00', until: '08:00'}]", ["case 1 never fits"]),
    ("switch: date, cases: [{from: 2026-12-01, until: 2026-12-31}, {is: 2026-12-24}]", ["case 2 is never gone"]),
    ("switch: weekday, cases: [{is: monday}, {when: weekday < tuesday}]", ["case 2 is never gone"]),
    ("switch: , cases: [{when: tries > 2 and tries < 2}]", ["case 1 never fits"]),
    ("switch: , cases: [{when: tries > 1 or gold}, {when: tries = 3}, {when: not gold}]", ["case 2 is never gone"]),
    ("switch: , cases: [{when: hours(office) = open}, {when: hours(office) != open}, {when: gold}]", ["case 3"]),
    ("switch: wants, cases: [{is: order, when: gold}, {is: order}]", []),
    ("switch: , cases: [{when: 'length(caller) < 5'}, {when: 'length(caller) < 3'}]", []),  # not decided
    ("switch: , cases: [{when: note = caller}, {when: caller = note}]", []),
    ("switch: , cases: [{when: time < due}, {when: time < due}]", []),
    ("switch: , cases: [{when: tries > 5}]", ["this comparison is never so", "case 1 never fits"]),
]


@pytest.mark.parametrize(("step", "expected"), NEVER, ids=[step for step, _ in NEVER])
def test_cases_that_no_call_can_go_are_doubtful(told: Told, step: str, expected: list[str]) -> None:
    step = step.replace("}]", ", next: z}]").replace("}, {", ", next: z}, {")
    found = told(f"a: {{{step}, on: {{otherwise: z}}}}")
    ours = [problem for problem in found if problem.startswith("13:")]
    assert len(ours) == len(expected), found
    for text in expected:
        assert any(f"warning: {text}" in problem for problem in ours), found


def test_a_variable_that_is_never_set_is_doubtful(told: Told) -> None:
    flow = declared("x: text\n  y: {type: text, first: a}\n  z: [a, b]").replace("{end: goodbye}", "{goto: b}")
    step = 'b: {switch: , cases: [{when: "x = z or y = x", next: a}], on: {otherwise: a}}'
    found = told(step, flow)
    assert [problem.partition(" —")[0] for problem in found] == [
        "3:3: warning: `x` is never known: steps ask for it, and none sets it",
        "5:3: warning: `z` is never known: steps ask for it, and none sets it",
    ]


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The overlay whose flow counts."""
    return load_configuration(with_overlay(tmp_path_factory.mktemp("counting"), OVERLAYS / "counting"), PROMPTS)


def test_the_configuration_knows_its_variables(counting: Configuration) -> None:
    assert {name: (each.type, each.first) for name, each in counting.variables.items()} == {
        "tries": (Number(0, 3), 0),
        "since": (TimeOfDay(), None),
        "baltic": (YesNo(), False),
        "wants": (Words(("order", "account")), None),
    }
    assert counting.variables["tries"].place.line == 5


def test_a_step_tells_what_it_compares_with(tmp_path: Path, english: Path) -> None:
    flow = """\
flow: main
variables: {gold: yes_no, due: time}
start: a
steps:
  a:
    switch: time
    cases:
      - {from: "08:30", until: "24:00", next: b}
      - {is: "07:59", next: b}
      - {when: "time + 30m < 07:00 and starts(caller, '+371')", next: b}
    on: {otherwise: b}
  b:
    switch: date
    cases:
      - {from: 2026-12-01, until: 2026-12-24, next: c}
      - {is: 2026-02-24, next: c}
    on: {otherwise: c}
  c: {set: {gold: "= caller in ['+3721', '+3722'] and weekday = monday"}, next: d}
  d: {set: {due: = time}, next: e}
  e: {switch: caller, cases: [{starts: "+46", next: f}, {is: "", next: f}], on: {otherwise: f}}
  f: {switch: gold, cases: [{is: yes, next: g}], on: {otherwise: g}}
  g: {end: goodbye}
"""
    steps = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": flow}), english).flows["main"].steps
    days = [(2026, 12, 1), (2026, 12, 25), (2026, 2, 24), (2026, 2, 25), (2026, 12, 24)]
    marks: dict[str, set[Any]] = {
        "a": {time(8, 30), time(7, 59), time(8, 0), time(6, 30)},
        "b": {date(*day) for day in days},
        "c": {time(0)},
        "d": {time(hour) for hour in range(24)},
        "e": set(),
        "f": set(),
    }
    assert {name: set(steps[name].fields.marks()) for name in marks} == marks
    callers = {"a": {"+371"}, "b": set(), "c": {"+3721", "+3722"}, "d": set(), "e": {"+46", ""}, "f": set()}
    assert {name: set(steps[name].fields.callers()) for name in callers} == callers


def conversation_at(configuration: Configuration, start: str | Position) -> Conversation:
    call, office, ledger = scripted(configuration, Script(at="2026-03-07 11:20"))
    return Conversation(call, CallRecorder(call.id, ledger, office.clock, ENGLISH), office, configuration, start)


def test_what_is_known_of_a_call(counting: Configuration) -> None:
    conversation = conversation_at(counting, "main")
    names = ("caller", "number", "language", "time", "weekday", "date", "tries", "since", "baltic")
    assert [conversation.value_of(name) for name in names] == [
        "+37255501234",
        MAIN_NUMBER,
        "en",
        "11:20",
        "saturday",
        "2026-03-07",
        0,
        None,
        False,
    ]
    conversation.note({"tries": 2, "since": "10:00", "baltic": None})
    assert [conversation.value_of(name) for name in names[6:]] == [2, "10:00", None]
    conversation.note({"since": None})
    assert conversation.variables == {"tries": 2, "baltic": None}


def test_what_was_noted_survives_a_restart(counting: Configuration) -> None:
    conversation = conversation_at(counting, "main")
    conversation.note({"tries": 2, "since": "10:00", "baltic": None, "wants": "order"})
    conversation.remember(1)
    (position,) = conversation.call.positions  # type: ignore[attr-defined]
    unpacked = unpack(pack(position))
    assert unpacked is not None
    assert conversation_at(counting, unpacked).variables == conversation.variables


NOTED_BEFORE: list[Any] = [
    {"tries": 9, "since": "25:00", "baltic": "yes", "wants": "gone", "other": 1},
    {"tries": "2", "since": 1000, "baltic": 1, "wants": True},
    {"tries": True, "since": None, "wants": None},
    {"baltic": None, "since": ["10:00"], "tries": {}, "wants": 1.5},
    {"tries": 10**400, "since": "x" * 10_000, "": ""},
    {},
    ["tries"],
    None,
    "tries",
]


@pytest.mark.parametrize("noted", NOTED_BEFORE, ids=[str(noted)[:50] for noted in NOTED_BEFORE])
async def test_a_position_of_another_version_never_breaks_a_call(counting: Configuration, noted: Any) -> None:
    position = Position("main", "older", "often", 1, ENGLISH, noted)
    values = kept_values(counting.variables, noted)
    assert all(value is None or counting.variables[name].type.accepts(value) for name, value in values.items())
    call, office, ledger = scripted(counting, Script())
    await answer_call(call, office, conversation_of(counting, office, position), resumed=position)
    assert "fault" not in [event.kind.value for event in ledger.events]
    assert call.ended_by == "switchboard"


@pytest.mark.parametrize(
    ("type_", "right", "wrong"),
    [
        (Words(("a", "b")), ["a"], ["c", 1, None, True, ["a"]]),
        (Text(), ["", "x" * 200], ["x" * 201, 1, None]),
        (YesNo(), [True, False], [1, 0, "yes", None]),
        (Number(0, 5), [0, 5], [6, -1, "1", True, 1.0, None]),
        (TimeOfDay(), ["00:00", "23:59"], ["24:00", "9:00", "12:60", "١٢:٠٠", 720]),
        (Day(), ["2026-12-24"], ["2026-12-32", "20261224", "2026-W01-1", 1]),
    ],
)
def test_which_values_a_type_takes(type_: Any, right: list[Any], wrong: list[Any]) -> None:
    assert all(type_.accepts(value) for value in right)
    assert not any(type_.accepts(value) for value in wrong)
    assert all(type_.noted(type_.inner(value)) == value for value in right)


def test_exploring_sees_what_is_asked_for_before_it_is_known(tmp_path: Path, english: Path) -> None:
    flow = """\
flow: main
variables: {wants: [order, account], tries: {number: 0..3, first: 0}}
start: a
steps:
  a:
    switch:
    cases: [{when: tries > 1 and wants = order, next: b}, {when: wants = account, next: b}]
    on: {otherwise: b}
  b: {set: {tries: = tries + 1}, next: a}
"""
    explorer = Explorer(load_configuration(with_overlay(tmp_path, {"flows/main.yaml": flow}), english))
    world = World(datetime.fromisoformat(f"{A_TUESDAY}+00:00"), "", MAIN_NUMBER)
    state = explorer.beginning(MAIN_NUMBER)
    seen = []
    while state not in seen:
        seen.append(state)
        (move,) = explorer.moves(state, world)
        assert move.unset == ({"wants"} if state.step == "a" else set())
        assert move.to is not None
        state = move.to
    assert [dict(each.variables)["tries"] for each in seen if each.step == "a"] == [0, 1, 2, 3]


async def test_the_guides_variables_and_conditions_work(tmp_path: Path) -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    flow = guide.partition("\n### Variables and conditions\n")[2].partition("```yaml\n")[2].partition("```")[0]
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": flow}), PROMPTS)
    assert not [warning for warning in configuration.warnings if warning.place.file.endswith("main.yaml")]
    weekend = await play(configuration, Script(at="2026-03-07 11:20", caller="+4670000000", does=["press 7"] * 3))
    assert weekend.steps[-2:] == ["main.how_often -> case 2", "main.weekend -> ended"]
    latvian = await play(configuration, Script(caller="+37120001234", does=["press 7"] * 3, phones={"100": "busy"}))
    assert "main.reception -> busy" in latvian.steps
