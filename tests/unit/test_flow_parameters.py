"""Flows with parameters: a wrong value is told where it is given, a problem inside with the values it holds for."""

from __future__ import annotations

import pytest

from switchboard.flows.organisation_yaml import give_names
from switchboard.flows.parameters import RESERVED, TYPES
from switchboard.flows.problems import Place, Problems, listed, told
from switchboard.flows.reading import Reading
from tests.flows.playing import Script, play
from tests.unit.conftest import Load

MAIN = "flow: main\nstart: a\nsteps:\n"
USE = "  a: {subflow: piece, with: {%s}, on: {served: bye}}\n  bye: {end: goodbye}\n"


def piece(parameters: str, steps: str = "  a: {return: served}\n") -> str:
    return f"flow: piece\nparameters: {parameters}\nstart: a\nsteps:\n{steps}"


def used(value: str, parameters: str, steps: str = "  a: {return: served}\n") -> dict[str, str]:
    """A flow with these parameters, and main, which gives it this value."""
    return {"flows/main.yaml": MAIN + USE % value, "flows/piece.yaml": piece(parameters, steps)}


WRONG = [
    ("department", "finanse", "no department `finanse` — expected one of reception, sales, finance, logistics,"),
    (
        "person",
        "marie",
        "no person `marie` — expected one of liis, mari, jaan, anna, peeter, rasmus, eva, ilze; did you mean `mari`?",
    ),
    ("phone", "199", "no phone `199` — expected one of 100, 130, 101, 102, 110, 120, 104, 105, 121"),
    ("hours", "ofice", "no opening hours `ofice` — expected one of office,"),
    ("fact", "adress", "no fact `adress` — expected one of delivery, price_list, showroom_visits, address, christmas;"),
    ("prompt", "welcom", "no prompt `welcom` — expected one that exists; did you mean `welcome`?"),
    ("flow", "mian", "no flow `mian` — expected one of"),
    ("language", "fi", "no language `fi` — expected one of en, et, lv, ru, sq, sv"),
    ("number", "6001001", "no number `6001001` — expected one of 6001000, 6002000, 6003000; did you mean `6001000`?"),
    ("duration", "1h", "`1h` is no time — expected a time such as `5s` or `2m`, at most `60m`"),
    ("count", "some", "`some` is no number here — expected a whole number from 0 to 999999"),
    ("yes_no", "perhaps", "`perhaps` is no answer here — expected `yes` or `no`"),
    ("word", "two words", "word `two words` is not a name — expected letters, digits and `_`, a letter first"),
    ("text", "[a, b]", "value is a list — expected a value"),
]


@pytest.mark.parametrize(("kind", "value", "text"), WRONG, ids=[kind for kind, _, _ in WRONG])
def test_a_wrong_value_is_told_where_it_is_given(load: Load, kind: str, value: str, text: str) -> None:
    (problem,) = load(used(f"x: {value}", f"{{x: {kind}}}")).told
    assert problem.startswith(f"flows/main.yaml:4:33: {text}")


def test_every_type_is_tried() -> None:
    assert {kind for kind, _, _ in WRONG} == set(TYPES)


RIGHT = [
    ("department", "finance", "finance"),
    ("person", "mari", "mari"),
    ("phone", "'101'", "101"),
    ("hours", "office", "office"),
    ("fact", "address", "address"),
    ("prompt", "welcome", "welcome"),
    ("flow", "main", "main"),
    ("language", "et", "et"),
    ("number", "'6002000'", "6002000"),
    ("duration", "90s", "90s"),
    ("count", "12", "12"),
    ("yes_no", "on", "yes"),
    ("word", "blue", "blue"),
    ("text", "'{{ departments.sales.name }} & co'", "Sales & co"),
]


@pytest.mark.parametrize(("kind", "value", "filled_in"), RIGHT, ids=[kind for kind, _, _ in RIGHT])
def test_a_value_is_filled_in(load: Load, kind: str, value: str, filled_in: str) -> None:
    steps = "  a: {say: {en: 'It is {{ x }}.'}, next: b}\n  b: {return: served}\n"
    configuration = load(used(f"x: {value}", f"{{x: {kind}}}", steps)).configuration
    assert configuration
    said = configuration.flows[f"piece(x={filled_in})"].steps["a"].fields.speech["en"]
    assert [utterance.text for utterance in said] == [f"It is {filled_in}."]


async def test_a_default_holds_where_nothing_is_given(load: Load) -> None:
    parameters = "{who: person, ring_for: {type: duration, default: 7s}}"
    steps = (
        "  a: {ring: {person: '{{ who }}'}, for: '{{ ring_for }}', on: {answered: b, busy: b, no_answer: b, "
        "declined: b, unavailable: b, failed: b}}\n  b: {return: served}\n"
    )
    loaded = load(
        {
            "flows/main.yaml": MAIN + "  a: {subflow: piece, with: {who: mari}, on: {served: c}}\n"
            "  c: {subflow: piece, with: {who: mari, ring_for: 9s}, on: {served: d}}\n"
            "  d: {subflow: piece, with: {who: mari, ring_for: 7s}, on: {served: bye}}\n  bye: {end: goodbye}\n",
            "flows/piece.yaml": piece(parameters, steps),
        }
    )
    assert loaded.configuration
    assert {name for name in loaded.configuration.flows if name.startswith("piece")} == {
        "piece(who=mari)",
        "piece(who=mari, ring_for=9s)",
    }
    played = await play(loaded.configuration, Script(phones={"101": "no answer"}))
    assert [step for step in played.steps if step.startswith("piece")][::2] == [
        "piece(who=mari).a -> no_answer",
        "piece(who=mari, ring_for=9s).a -> no_answer",
        "piece(who=mari).a -> no_answer",
    ]


def test_a_flow_whose_parameters_all_have_defaults_can_be_begun_with(load: Load) -> None:
    files = used("", "{x: {type: prompt, default: goodbye}}", "  a: {end: '{{ x }}'}\n")
    files["flows/main.yaml"] = MAIN + "  a: {goto: {flow: piece}}\n"
    loaded = load(files)
    assert loaded.configuration
    assert "piece" in loaded.configuration.flows


DECLARED = [
    (
        "{x: departement}",
        "piece.yaml:2:17: parameters have no type `departement` — expected one of department, person, phone, hours, "
        "fact, prompt, flow, language, number, duration, count, yes_no, word, text; did you mean `department`?",
    ),
    ("{x: {default: 1}}", "piece.yaml:2:17: parameter `x` lacks `type` — expected one of department, person,"),
    ("{x: {type: text, least: 1}}", "piece.yaml:2:30: a parameter knows no `least` — expected `type` and `default`"),
    ("{x: {type: duration, default: 20}}", "piece.yaml:2:43: `20` is no time — expected a time such as `5s` or `2m`"),
    ("{hours: hours}", "piece.yaml:2:14: `hours` means something in every template already — expected another name"),
    ("{2x: text}", "piece.yaml:2:14: parameter `2x` is not a name — expected letters, digits and `_`, a letter first"),
    ("[[x]]", "piece.yaml:2:14: a parameter is a list — expected a table of names and types such as `{department:"),
]


@pytest.mark.parametrize(("parameters", "text"), DECLARED, ids=[text for text, _ in DECLARED])
def test_a_wrong_declaration(load: Load, parameters: str, text: str) -> None:
    assert any(problem.startswith(f"flows/{text}") for problem in load(used("x: '1'", parameters)).told)


def test_no_parameter_hides_what_templates_know(load: Load) -> None:
    configuration = load({}).configuration
    assert configuration
    reading = Reading(Problems())
    give_names(reading, configuration.organisation)
    assert {*reading.data[reading.default_language], "hours", "key", "place"} == set(RESERVED)


def test_a_problem_in_many_flows_made_of_one_is_told_once(load: Load) -> None:
    uses = "".join(
        f"  u{n}: {{subflow: piece, with: {{who: {who}}}, on: {{served: u{n + 1}}}}}\n"
        for n, who in enumerate(("liis", "mari", "jaan", "anna", "peeter"))
    )
    files = used("", "{who: person}", "  a: {say: {en: '{{ people[who].nmae }}'}, next: b}\n  b: {return: served}\n")
    files["flows/main.yaml"] = "flow: main\nstart: u0\nsteps:\n" + uses + "  u5: {end: goodbye}\n"
    (problem,) = load(files).told
    assert problem == (
        "flows/piece.yaml:5:17: the template fails: there is no `nmae` among name, phone, hours "
        "(who: liis, mari, jaan and 2 more) — expected names among organisation, departments, people, reception, "
        "hours, who"
    )


def test_where_some_values_fail_they_are_told_where_they_are_given(load: Load) -> None:
    files = used(
        "",
        "{who: person}",
        "  a: {ring: {person: '{{ who }}'}, for: 5s, on: {answered: b, busy: b, "
        "no_answer: b, declined: b, unavailable: b, failed: b}}\n  b: {return: served}\n",
    )
    files["flows/main.yaml"] = (
        MAIN + "  a: {subflow: piece, with: {who: mari}, on: {served: b}}\n"
        "  b: {subflow: piece, with: {who: liis}, on: {served: bye}}\n  bye: {end: goodbye}\n"
    )
    assert load(files).told == [
        "flows/main.yaml:5:29: flow `piece` fails with who: liis — expected values that it can be used with",
        "flows/piece.yaml:5:22: person `{{ who }}` has no desk phone (who: liis) — expected one with a `phone:` in "
        "people.yaml",
    ]


def test_a_parameter_may_name_the_flow_gone_through(load: Load) -> None:
    files = used("x: one", "{x: flow}", "  a: {subflow: '{{ x }}', on: {good: b}}\n  b: {return: served}\n")
    files["flows/one.yaml"] = "flow: one\nstart: a\nsteps:\n  a: {return: good}\n"
    assert load(files).configuration


def test_the_results_of_a_flow_that_a_parameter_names_are_known(load: Load) -> None:
    files = used("x: one", "{x: flow}", "  a: {goto: {flow: '{{ x }}'}}\n")
    files["flows/one.yaml"] = "flow: one\nstart: a\nsteps:\n  a: {return: good}\n"
    assert (
        load(files).told
        == [
            "flows/main.yaml:4:44: a `subflow` step has no outcome `served` — expected one of good",
            "flows/main.yaml:4:43: `on:` lacks good — expected every outcome to lead somewhere",
        ][::-1]
    )


def test_flows_in_a_circle_by_their_parameters(load: Load) -> None:
    files = used("x: one", "{x: flow}", "  a: {subflow: '{{ x }}', on: {served: b}}\n  b: {return: served}\n")
    files["flows/one.yaml"] = (
        "flow: one\nstart: a\nsteps:\n  a: {subflow: piece, with: {x: one}, on: {served: b}}\n  b: {return: served}\n"
    )
    assert load(files).told == [
        "flows/one.yaml:4:16: flows lead into each other in a circle: one → piece(x=one) → one — expected `goto:` to "
        "start again",
        "flows/piece.yaml:5:16: flows lead into each other in a circle: piece(x=one) → one → piece(x=one) — expected "
        "`goto:` to start again",
    ]


def test_what_a_repeated_goto_hands_back_is_known_too(load: Load) -> None:
    files = used(
        "x: one",
        "{x: flow}",
        "  a: {goto: to(one)}\n  to:\n    for each: flow in [one]\n    goto: {flow: '{{ flow }}'}\n",
    )
    files["flows/main.yaml"] = MAIN + "  a: {subflow: piece, with: {x: main}, on: {}}\n"
    files["flows/one.yaml"] = "flow: one\nstart: a\nsteps:\n  a: {return: good}\n"
    assert load(files).told == [
        "flows/main.yaml:4:3: step `a` does not say where good leads — expected every outcome to lead somewhere"
    ]


def test_a_flow_that_nobody_gives_its_values_is_told_of(load: Load) -> None:
    steps = (
        "  a: {hours: '{{ departments[who].hours }}', on: {open: b, closed: b, holiday: b}}\n"
        "  b: {ring: {department: '{{ who }}'}, for: '{{ time }}', on: {answered: c, busy: c, no_answer: c, "
        "declined: c, unavailable: c, failed: c}}\n  c: {subflow: '{{ flow }}', on: {any: b}}\n"
    )
    loaded = load({"flows/piece.yaml": piece("{who: department, time: duration, flow: flow}", steps)})
    assert loaded.told == [
        "flows/piece.yaml:2:1: warning: flow `piece` is used nowhere — expected a `subflow` that gives it its values"
    ]
    assert loaded.configuration
    assert "piece" not in loaded.configuration.flows


def test_its_structure_is_checked_nevertheless(load: Load) -> None:
    steps = (
        "  a: {hours: '{{ departments[who].hours }}', on: {open: b, closed: d}}\n"
        "  b: {sya: '{{ who }}'}\n  c: {end: godbye}\n"
    )
    assert [problem.partition(" — ")[0] for problem in load({"flows/piece.yaml": piece("[who]", steps)}).told] == [
        "flows/piece.yaml:5:50: `on:` lacks holiday",
        "flows/piece.yaml:5:68: no step `d` in this flow",
        "flows/piece.yaml:6:7: step `b` is of no known type",
        "flows/piece.yaml:7:12: no prompt `godbye`",
    ]


def test_too_many_values(load: Load) -> None:
    steps = "".join(f"  a{n}: {{subflow: piece, with: {{x: v{n}}}, on: {{served: a{n + 1}}}}}\n" for n in range(501))
    files = {
        "flows/main.yaml": f"flow: main\nstart: a0\nsteps:\n{steps}  a501: {{end: goodbye}}\n",
        "flows/piece.yaml": piece("[x]"),
    }
    assert any(
        "flows with parameters are used with too many values — expected at most 500" in it for it in load(files).told
    )


def test_values_are_listed_shortly() -> None:
    assert listed(("who: a", "who: b")) == "who: a, b"
    assert listed(("who: a", "who: b", "who: c", "who: d")) == "who: a, b, c, d"
    assert listed(("who: a", "who: b", "who: c", "who: d", "who: e")) == "who: a, b, c and 2 more"
    assert listed(("who: a, for: 5s", "who: b, for: 5s")) == "who: a, for: 5s; who: b, for: 5s"
    assert told({"who": "a\n b", "for": "x" * 50}) == f"who: a b, for: {'x' * 37}..."


def test_the_values_are_told_to_programs_too() -> None:
    problems = Problems()
    for value in ("a", "b"):
        with problems.holding({"who": value}):
            problems.add(Place("x.yaml", 1, 1), f"no `{value}` here")
    (problem,) = problems.in_order()
    assert problem.as_json()["holds_for"] == ["who: a", "who: b"]
    assert problem.text == "no `a` here"
    problems.add(Place("x.yaml", 1, 1), "no `a` here")
    assert problems.errors_added == 3
