"""`for each`: copies of a step, keys of a menu, what is said; each sees its value, and none too many."""

from __future__ import annotations

import pytest

from switchboard.domain.language import ENGLISH, Language
from switchboard.flows.configuration import Configuration, Step
from switchboard.flows.repetition import MOST_COPIES
from tests.flows.playing import Script, play
from tests.unit.conftest import Load

ON = "on: {no_input: bye, no_match: bye}"
RING = "on: {answered: bye, busy: bye, no_answer: bye, declined: bye, unavailable: bye, failed: bye}"


def main(steps: str) -> dict[str, str]:
    """A main flow of these steps, and one that says goodbye."""
    indented = "".join(f"  {line}\n" for line in steps.strip("\n").splitlines())
    return {"flows/main.yaml": f"flow: main\nstart: a\nsteps:\n{indented}  bye: {{end: goodbye}}\n"}


def steps_of(configuration: Configuration | None) -> dict[str, Step]:
    assert configuration
    return {name: step for name, step in configuration.flows["main"].steps.items() if not name.startswith("_")}


def said(step: Step, language: Language = ENGLISH) -> list[str]:
    return [utterance.text for utterance in step.fields.speech[language]]


LISTS = [
    ("departments", ["reception", "sales", "finance", "logistics", "showroom"]),
    ("people", ["liis", "mari", "jaan", "anna", "peeter", "rasmus", "eva", "ilze"]),
    ("numbers", ["6001000", "6002000", "6003000"]),
    ("phones", ["100", "130", "101", "102", "110", "120", "104", "105", "121"]),
    ("languages", ["en", "et", "lv", "ru", "sq", "sv"]),
    ("[first, 2nd, third-4.5]", ["first", "2nd", "third-4.5"]),
]


@pytest.mark.parametrize(("listed", "values"), LISTS, ids=[listed for listed, _ in LISTS])
def test_a_step_is_made_for_each(load: Load, listed: str, values: list[str]) -> None:
    steps = f"""
a: {{say: welcome, next: b({values[0]})}}
b:
  for each: x in {listed}
  say: {{en: "{{{{ place }}}} is {{{{ x }}}}."}}
  next: bye
"""
    found = steps_of(load(main(steps)).configuration)
    assert list(found) == ["a", *(f"b({value})" for value in values), "bye"]
    assert [said(found[f"b({value})"]) for value in values] == [[f"{n} is {it}."] for n, it in enumerate(values, 1)]
    assert {found[f"b({value})"].line for value in values} == {5}


CHOSEN = [
    ("except: [reception, sales]", ["finance", "logistics", "showroom"]),
    ("except: reception", ["sales", "finance", "logistics", "showroom"]),
    ("only: [showroom, sales]", ["showroom", "sales"]),
    ("only: [showroom, sales], except: ['{{ departments.sales.name | lower }}']", ["showroom"]),
]


@pytest.mark.parametrize(("chosen", "values"), CHOSEN, ids=[chosen for chosen, _ in CHOSEN])
def test_some_of_them_only(load: Load, chosen: str, values: list[str]) -> None:
    steps = f"a: {{goto: bye}}\nb: {{for each: d in departments, {chosen}, goto: bye}}"
    assert list(steps_of(load(main(steps)).configuration)) == ["a", *(f"b({value})" for value in values), "bye"]


def test_a_copy_leads_to_the_copy_of_the_same_value(load: Load) -> None:
    steps = """
a: {goto: open(sales)}
open:
  for each: department in departments
  hours: "{{ departments[department].hours }}"
  on: {open: ring, closed: bye, holiday: ring(sales)}
ring: {for each: who in departments, except: reception, goto: bye}
"""
    told = load(main(steps)).told
    assert told == [
        "flows/main.yaml:8:16: step `ring` is repeated, and not for this one (department: reception) — expected one of "
        "its copies such as `ring(sales)`"
    ]


def test_and_may_lead_to_one_of_another(load: Load) -> None:
    steps = """
a: {goto: open(sales)}
open:
  for each: department in departments
  hours: "{{ departments[department].hours }}"
  on: {open: ring, closed: bye, holiday: ring(sales)}
ring: {for each: who in departments, goto: bye}
"""
    found = steps_of(load(main(steps)).configuration)
    assert found["open(finance)"].routes == {"open": "ring(finance)", "closed": "bye", "holiday": "ring(sales)"}


def test_a_copy_of_a_flow_with_a_parameter_sees_both(load: Load) -> None:
    files = main("a: {subflow: hunt, with: {department: sales}, on: {returned: bye}}")
    files["flows/hunt.yaml"] = (
        "flow: hunt\nparameters: {department: department}\nstart: try(mari)\nsteps:\n"
        "  try: {for each: p in people, only: [mari, jaan], say: {en: '{{ department }} {{ p }}'}, next: back}\n"
        "  back: {return: }\n"
    )
    configuration = load(files).configuration
    assert configuration
    hunt = configuration.flows["hunt(department=sales)"]
    assert [said(hunt.steps[f"try({person})"]) for person in ("mari", "jaan")] == [["sales mari"], ["sales jaan"]]


async def test_keys_are_counted_in_the_order_of_the_list(load: Load) -> None:
    steps = """
a:
  menu:
    - {en: Welcome.}
    - {for each: key, say: {en: "{{ place }}: for {{ departments[department].name }}, press {{ key }}."}}
    - {en: "For reception, press 0."}
  keys:
    2-9: {for each: department in departments, only: [finance, sales], next: to}
    1: bye
    0: to(reception)
  on: {no_input: to(sales), no_match: bye}
to:
  for each: department in departments
  ring: {department: "{{ department }}"}
  on: {answered: bye, busy: bye, no_answer: bye, declined: bye, unavailable: bye, failed: bye}
"""
    configuration = load(main(steps)).configuration
    menu = steps_of(configuration)["a"]
    assert dict(menu.fields.keys) == {"2": "to(finance)", "3": "to(sales)", "1": "bye", "0": "to(reception)"}
    assert said(menu) == [
        "Welcome.",
        "1: for Finance, press 2.",
        "2: for Sales, press 3.",
        "For reception, press 0.",
    ]
    assert configuration
    played = await play(configuration, Script(phones={"101": "answers after 1s, talks 5s"}, does=["press 3"]))
    assert played.steps == ["main.a -> 3", "main.to(sales) -> answered", "main.bye -> ended"]


def test_what_is_said_may_be_repeated_by_itself(load: Load) -> None:
    steps = """
a:
  say: {for each: p in people, only: [mari, jaan], say: [welcome, {en: "{{ people[p].name }}", et: "Siin {{ p }}"}]}
  next: b
b:
  menu: [{for each: d in departments, only: [sales, finance], say: {en: "{{ d }} {{ key }}"}}]
  keys: {4-9: {for each: d in departments, except: reception, next: bye}}
  on: {no_input: bye, no_match: bye}
"""
    found = steps_of(load(main(steps)).configuration)
    welcome = "Welcome to Northern Larder. Good food for good kitchens."
    assert said(found["a"]) == [welcome, "Mari Tamm", welcome, "Jaan Sepp"]
    assert said(found["a"], Language("et"))[1::2] == ["Siin mari", "Siin jaan"]
    assert said(found["b"]) == ["sales 4", "finance 5"]


def test_the_keys_of_languages(load: Load) -> None:
    steps = """
a:
  language: language_menu
  keys: {9: sv, 1-6: {for each: language in languages, except: [sv]}}
  on: {chosen: bye, no_input: bye, no_match: bye}
"""
    keys = steps_of(load(main(steps)).configuration)["a"].fields.keys
    assert list(keys.items()) == [("9", "sv"), ("1", "en"), ("2", "et"), ("3", "lv"), ("4", "ru"), ("5", "sq")]


async def test_a_prompt_is_filled_in_where_it_is_said(load: Load) -> None:
    steps = """
a:
  menu: [{for each: key, say: press_for}]
  keys: {1-2: {for each: department in departments, only: [sales, finance], next: bye}}
  on: {no_input: bye, no_match: bye}
"""
    loaded = load(main(steps), prompts='press_for: "{{ departments[department].name }}: {{ key }}."\n')
    assert loaded.configuration
    assert "press_for" not in loaded.configuration.prompts
    played = await play(loaded.configuration, Script(does=["press 1"]))
    assert [utterance.text for utterance in played.call.heard][:2] == ["Sales: 1.", "Finance: 2."]


def test_a_prompt_that_lacks_a_value_is_told_where_it_is_said(load: Load) -> None:
    steps = "a: {for each: department in departments, only: sales, goto: b}\nb: {say: press_for, next: bye}"
    told = load(main(steps), prompts='press_for: "{{ departments[department].name }}: {{ key }}."\n').told
    assert told == [
        "flows/main.yaml:2:8: step `a` is repeated — expected one of its copies such as `a(sales)`",
        "flows/main.yaml:5:12: prompt `press_for` needs `department` — expected `department` as a parameter of this "
        "flow, or by `for each`",
    ]


def test_a_prompt_that_is_wrong_is_told_in_its_text(load: Load) -> None:
    steps = "a: {goto: b(sales)}\nb: {for each: d in departments, say: about, next: bye}"
    (problem,) = load(main(steps), prompts='about: "{{ departments[d].nmae }}."\n').told
    assert problem.partition(": ")[0].startswith("prompts/texts/en.yaml:")
    assert "there is no `nmae` among name, phone, hours (d: reception, sales, finance and 2 more)" in problem


NO_STEP = [
    (
        "for each: departments",
        "5:17: `for each: departments` is not clear — expected such as `department in departments`, or `floor in "
        "[first, second]` on a line of its own",
    ),
    (
        "for each: d in departmens",
        "5:17: there are no `departmens` to repeat for — expected one of departments, people, numbers, phones, "
        "languages, or a list such as `[first, second]`; did you mean `departments`?",
    ),
    ("for each: [d]", "5:17: for each is a list — expected such as `department in departments`, or `floor in [first, "),
    (
        "for each: d in departments, only: [sale]",
        "5:42: no department `sale` — expected one of reception, sales, finance, logistics, showroom; did you mean",
    ),
    (
        "for each: d in departments, only: sales, except: sales",
        "5:7: repeats nothing — expected at least one department",
    ),
    ("for each: 'd in [a, a]'", "5:17: `a` stands twice in the `for each` — expected each once"),
    ("for each: 'd in [a b, c]'", "5:17: `a b` cannot stand in a `for each` — expected words of letters, digits and"),
    ("for each: 'd in []'", "5:17: `` cannot stand in a `for each` — expected words of letters, digits and `_.+-`"),
    (
        "for each: key in departments",
        "5:17: `key` cannot be what each of them is called — expected a name of letters, digits and `_` that means "
        "nothing else yet",
    ),
    (
        f"for each: 'd in [{', '.join(f'v{n}' for n in range(MOST_COPIES + 1))}]'",
        "5:7: repeats 301 times — expected at most 300; fewer by `only:` or `except:`",
    ),
]


@pytest.mark.parametrize(("repetition", "text"), NO_STEP, ids=[text[:40] for _, text in NO_STEP])
def test_what_is_wrong_with_a_repetition(load: Load, repetition: str, text: str) -> None:
    (problem,) = load(main(f"a: {{goto: b(sales)}}\nb: {{{repetition}, goto: bye}}")).told
    assert problem.startswith(f"flows/main.yaml:{text}")


def test_a_parameter_is_not_repeated_under_its_own_name(load: Load) -> None:
    files = main("a: {subflow: hunt, with: {d: sales}, on: {returned: bye}}")
    files["flows/hunt.yaml"] = (
        "flow: hunt\nparameters: [d]\nstart: a\nsteps:\n  a: {return: }\n  b: {for each: d in people, goto: a}\n"
    )
    assert any(
        problem.startswith(
            "flows/hunt.yaml:6:17: `d` is a parameter or repeated already (d: sales) — expected another name for each"
        )
        for problem in load(files).told
    )


TARGETS = [
    ("b", "4:13: step `b` is repeated — expected one of its copies such as `b(sales)`"),
    ("b(finance)", "4:13: no step `b(finance)` in this flow — expected one of its copies such as `b(sales)`"),
    ("b({{ d }})", "4:13: no step `b({{ d }})` in this flow — expected one of its copies such as `b(sales)`"),
    ("c(sales)", "4:13: no step `c(sales)` in this flow — expected a step of it; did you mean `b(sales)`?"),
]


@pytest.mark.parametrize(("target", "text"), TARGETS, ids=[target for target, _ in TARGETS])
def test_a_target_among_copies(load: Load, target: str, text: str) -> None:
    (problem,) = load(main(f"a: {{goto: '{target}'}}\nb: {{for each: d in departments, only: sales, goto: bye}}")).told
    assert problem == f"flows/main.yaml:{text}"


KEYS = [
    (
        "1-3: {for each: d in departments, next: bye}",
        "4:29: 5 keys are needed, and `1-3` are 3 — expected `1-5`, or fewer of them by `except:` or `only:`, the "
        "others in a menu of their own",
    ),
    (
        "5-9: {for each: p in phones, next: bye}",
        "4:29: 9 keys are needed, and `5-9` are 5 — expected fewer of them by `except:` or `only:`, the others in a "
        "menu of their own",
    ),
    ("1-9: {for each: p in people, next: bye}, 3: bye", "4:70: key 3 is taken twice — expected each key once"),
    (
        "3: bye, 1-9: {for each: p in people, next: bye}",
        "4:37: key 3 is taken twice — expected each key once",
    ),
    (
        "9-1: {for each: p in people, next: bye}",
        "4:29: `9-1` are no keys — expected keys from 1 to 9, the lower one first, such as `1-9`",
    ),
    ("0-9: {for each: p in people, next: bye}", "4:29: `0-9` are no keys — expected keys from 1 to 9, the lower one"),
    (
        "1-9: bye",
        "4:34: keys `1-9` don't say what they are repeated for — expected `1-9: {for each: department in departments, "
        "next: to}`",
    ),
    ("1-9: {for each: p in people}", "4:34: a range of keys lacks `next` — expected a line `next: …`"),
    ("1-9: {for each: p in people, to: x}", "4:58: a range of keys knows no `to` — expected one of for each, next,"),
    ("1-9: {for each: p in people, next: x}", "4:64: no step `x` in this flow — expected a step of it"),
]


@pytest.mark.parametrize(("keys", "text"), KEYS, ids=[keys for keys, _ in KEYS])
def test_what_is_wrong_with_keys(load: Load, keys: str, text: str) -> None:
    told = load(main(f"a: {{menu: welcome, keys: {{{keys}}}, {ON}}}")).told
    assert told[-1].startswith(f"flows/main.yaml:{text}")
    assert len(told) == (2 if "to: x" in keys else 1)


SAID = [
    (
        "{for each: key, say: welcome}",
        "1: bye",
        "4:24: no key of this step is repeated — expected a range such as `1-9: {for each: department in departments, "
        "next: to}`",
    ),
    (
        "{for each: d in departments, say: {en: '{{ key }}'}}",
        "1-9: {for each: d in departments, except: [sales, reception], next: bye}",
        "4:52: the template fails: 'key' is undefined (d: reception, sales) — expected a key of this step for it, by "
        "`for each` in `keys:`",
    ),
    ("{for each: d in departments}", "1: bye", "4:13: what is said for each lacks `say` — expected a line `say: …`"),
    (
        "{for each: key, say: welcome, only: sales}",
        "1-9: {for each: d in departments, next: bye}",
        "4:43: `only` cannot be said here — expected `only:` with the keys",
    ),
    (
        "{for each: d in departments, say: '{{ d }}'}",
        "1: bye",
        "4:47: no prompt `reception` (d: reception, sales, finance and 2 more) — expected one that exists",
    ),
    (
        "{for each: key, say: welcome}",
        "1-2: {for each: d in departments, next: bye}",
        "4:51: 5 keys are needed, and `1-2` are 2 — expected `1-5`, or fewer of them by `except:` or `only:`",
    ),
]


@pytest.mark.parametrize(("what", "keys", "text"), SAID, ids=[text for _, _, text in SAID])
def test_what_is_wrong_with_what_is_said(load: Load, what: str, keys: str, text: str) -> None:
    (problem,) = load(main(f"a: {{menu: {what}, keys: {{{keys}}}, {ON}}}")).told
    assert problem.startswith(f"flows/main.yaml:{text}")


def test_languages_by_what_is_no_language(load: Load) -> None:
    keys = "{1-9: {for each: p in people}}"
    step = f"a: {{language: language_menu, keys: {keys}, on: {{chosen: bye, no_input: bye, no_match: bye}}}}"
    assert load(main(step)).told == [
        "flows/main.yaml:4:39: the keys are repeated for what is no language (p: liis, mari, jaan and 5 more) — "
        "expected `in languages`"
    ]


def test_a_step_that_is_wrong_in_every_copy_is_told_once(load: Load) -> None:
    steps = "a: {goto: b(sales)}\nb: {for each: d in departments, ring: {department: '{{ d }}'}, for: 9m, " + RING + "}"
    assert load(main(steps)).told == [
        "flows/main.yaml:5:71: `9m` is too long (d: reception, sales, finance and 2 more) — expected at most `300s`"
    ]


def test_repetitions_in_repetitions_are_limited(load: Load) -> None:
    lists = [f"[{', '.join(f'{name}{n}' for n in range(150))}]" for name in "xyz"]
    steps = f"""
a: {{goto: b(x0)}}
b:
  for each: x in {lists[0]}
  say:
    - for each: y in {lists[1]}
      say:
        - for each: z in {lists[2]}
          say: goodbye
  next: bye
"""
    assert load(main(steps)).told[-1] == (
        "flows/main.yaml:10:13: is repeated too often, with all the repetitions it stands in (x: x0, y: y132) — "
        "expected at most 20000 copies in all files"
    )
