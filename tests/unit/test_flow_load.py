"""A configuration folder is read whole or refused whole: every problem at its line, none as a traceback."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.organisation import Trunk
from switchboard.errors import ConfigurationError
from switchboard.flows.load import OWN_PROMPTS, load_configuration
from switchboard.flows.speech_texts import Wordings
from switchboard.ports import Utterance
from tests.flows.playing import EXAMPLE, PROMPTS, with_overlay

LATVIAN = Language("lv")
MAIN = "flow: main\nstart: a\nsteps:\n"
Overlay = Callable[[dict[str, str]], list[str]]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prompts in English alone, which are read in a moment."""
    folder = tmp_path_factory.mktemp("prompts")
    (folder / "texts").mkdir()
    shutil.copy(PROMPTS / "texts" / "en.yaml", folder / "texts")
    return folder


@pytest.fixture
def problems_of(tmp_path: Path, english: Path) -> Overlay:
    """What is said of the example organisation with some files replaced."""

    def load(files: dict[str, str]) -> list[str]:
        ivr = with_overlay(tmp_path, files)
        with pytest.raises(ConfigurationError) as refused:
            load_configuration(ivr, english)
        return [str(problem).replace(f"{ivr}/", "") for problem in refused.value.problems]

    return load


def edited(name: str, old: str, new: str) -> dict[str, str]:
    """A file of the example organisation with one text replaced."""
    text = (EXAMPLE / name).read_text("utf-8")
    assert text.count(old) >= 1
    return {name: text.replace(old, new, 1)}


def with_trunk(trunk: str) -> dict[str, str]:
    """The example organisation with a line to the telephone network."""
    return edited("organisation.yaml", "numbers:\n", f"trunks:\n  operator: {trunk}\nnumbers:\n")


def test_a_trunk(tmp_path: Path) -> None:
    trunk = (
        "{host: 'sip.example.net:5070', username: me, addresses: 192.0.2.0/24, allowed: ['+372', '5'], emergency: yes}"
    )
    (found,) = load_configuration(with_overlay(tmp_path, with_trunk(trunk)), PROMPTS).organisation.trunks
    assert found == Trunk("operator", "sip.example.net:5070", "me", ("192.0.2.0/24",), "", ("+372", "5"), "", True)


def test_the_example_organisation_is_right() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    assert {"6001000", "6002000"} <= set(configuration.organisation.numbers)
    assert set(configuration.organisation.phones) == {"100", "101", "102", "104", "105", "110", "120", "121", "130"}
    assert set(configuration.flows) >= {"main", "sales", "information", "department(department=finance)"}


def test_everything_that_may_be_said_is_known() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    said = configuration.utterances
    organisation = configuration.organisation
    for number in organisation.numbers.values():
        net = number.safety_net
        for prompt in (net.greeting, net.leave_message, net.goodbye):
            assert Utterance(*organisation.wording(prompt, number.language)) in said
    for prompt in set(OWN_PROMPTS) - {"opens_at"}:
        for language in organisation.languages:
            assert Utterance(*organisation.wording(prompt, language)) in said
    assert Utterance("at 9 in the morning.", ENGLISH) in said
    assert Utterance("at 1 in the afternoon.", ENGLISH) in said
    assert not any("{{" in utterance.text or not utterance.text for utterance in said)


def test_a_missing_translation_is_said_in_the_default_language(tmp_path: Path) -> None:
    facts = edited("facts.yaml", "    lv: ", "    # lv: ")
    configuration = load_configuration(with_overlay(tmp_path, facts), PROMPTS)
    delivery = configuration.facts["delivery"].wordings[0].texts
    assert set(configuration.organisation.languages) - set(delivery) == {LATVIAN}
    speech = Wordings(configuration.organisation.languages).speech(delivery)
    assert speech[LATVIAN] == (Utterance(delivery[ENGLISH], ENGLISH),)


def test_the_example_organisation_speaks_all_its_languages() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    organisation = configuration.organisation
    texts = dict(organisation.prompts)
    for fact in configuration.facts.values():
        texts.update({f"{fact.id}, {wording.first}": wording.texts for wording in fact.wordings})
    for table in configuration.hours.values():
        texts[table.id] = table.spoken
        texts.update({f"{table.id}, {override.reason}": override.spoken for override in table.overrides})
    texts.update({department.id: department.names for department in organisation.departments.values()})
    lacking = {what: set(organisation.languages) - set(said) for what, said in texts.items()}
    assert not {what: languages for what, languages in lacking.items() if languages}


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    same = load_configuration(with_overlay(tmp_path / "1", {}), PROMPTS)
    other = load_configuration(with_overlay(tmp_path / "2", edited("facts.yaml", "twelve", "fourteen")), PROMPTS)
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    english = tmp_path / "prompts" / "texts" / "en.yaml"
    english.write_text(english.read_text("utf-8") + "\n# changed\n", "utf-8")
    spoken = load_configuration(EXAMPLE, tmp_path / "prompts")
    assert same.version == load_configuration(EXAMPLE, PROMPTS).version
    assert len({same.version, other.version, spoken.version}) == 3


def test_a_problem_reads_like_a_good_compilers(problems_of: Overlay) -> None:
    (problem,) = problems_of(edited("flows/main.yaml", "{say: welcome", "{say: wellcome"))
    assert problem == (
        "flows/main.yaml:6:16: no prompt `wellcome` — expected one that exists; did you mean `welcome`?\n"
        "       6 |   greet: {say: wellcome, next: may_they}\n"
        "         |                ^"
    )


def test_all_problems_of_all_files_at_once(problems_of: Overlay) -> None:
    found = problems_of(
        {
            **edited("organisation.yaml", "country: EE ", "country: Eesti "),
            **edited("people.yaml", "head: mari", "head: mary"),
            **edited("hours.yaml", "Mo-Sa 06:00", "Mo-Sa 6-"),
            **edited("facts.yaml", "from: 2026-01-01", "from: 2026-13-01"),
            **edited("flows/main.yaml", "{open: menu, closed: closed,", "{open: menus, closed: closed,"),
            **edited("flows/sales.yaml", "{person: jaan}", "{person: jaam}"),
        }
    )
    assert [problem.split(":")[0] for problem in found] == [
        "facts.yaml",
        "flows/main.yaml",
        "flows/sales.yaml",
        "hours.yaml",
        "organisation.yaml",
        "people.yaml",
    ]


STEPS = [
    ("a: {sya: welcome, next: a}", "step `a` is of no known type", "did you mean `say`?"),
    ("a: {say: welcome}", "step `a` does not say where it leads", "`next:`"),
    ("a: {say: welcome, next: b}", "no step `b` in this flow", "a step of it"),
    ("a: {say: welcome, next: a, loud: yes}", "a `say` step knows no `loud`", "one of say, barge_in, on, next"),
    ("a: {say: welcome, barge_in: perhaps, next: a}", "`perhaps` is no answer here", "`yes` or `no`"),
    ("a: {say: welcome, play: welcome, next: a}", "step `a` is ['say', 'play']", "one of say"),
    ("a: {say: [welcome, welcom], next: a}", "no prompt `welcom`", "did you mean `welcome`?"),
    ("a: {say: {fi: Hei}, next: a}", "no language `fi`", "en, et, lv, ru, sq, sv"),
    ("a: {say: {et: Tere}, next: a}", "text lacks `en`", "the default language"),
    ("a: {say: [], next: a}", "an empty list", "at least one value"),
    ("a: {say: '', next: a}", "prompt is empty", "one that exists"),
    ("a: {say: {en: ' '}, next: a}", "text is empty", "a text"),
    ("a: {say: {en: '{% if 1 > 2 %}x{% endif %}'}, next: a}", "text is empty", "a text"),
    ("a: {say: welcome, next: ''}", "next is empty", "the name of a step"),
    ("a: {say: welcome, barge_in: '', next: a}", "answer here is empty", "`yes` or `no`"),
    ("a: {hours: '', on: {open: a, closed: a, holiday: a}}", "opening hours is empty", "office"),
    ("a: {ring: {phone: ''}, on: {}}", "phone is empty", "100"),
    ("a: {say: '{{ organisation.nam }}', next: a}", "there is no `nam` among name, country", ""),
    ("a: {say: {en: '{{ organisation'}, next: a}", "the template fails", ""),
    ("a: {say: {en: '{{ organisation.name.__class__ }}'}, next: a}", "the template fails", ""),
    ("a: {say: {en: '{% for x in organisation %}{% endfor %}'}, next: a}", "`for` is not allowed", ""),
    ("a: {play: welcome, next: a}", "nobody has recorded `welcome`", "recordings/en/welcome.wav"),
    ("a: [say, welcome]", "step `a` is a list", "a table of `key: value` lines"),
    ("a: welcome", "step `a` is `welcome`", "a table of `key: value` lines"),
    ("a: {hours: office, on: {open: a, closed: a}}", "`on:` lacks holiday", "every outcome"),
    ("a: {hours: office, on: {open: a, closed: a, hollyday: a}}", "no outcome `hollyday`", "did you mean `holiday`?"),
    ("a: {hours: office, next: a}", "has no `next:` here", "`on:` with open, closed, holiday"),
    ("a: {hours: offices, on: {open: a, closed: a, holiday: a}}", "no opening hours `offices`", "`office`"),
    ("a: {hours: office, on: open}", "on is `open`", "a table"),
    ("a: {menu: main_menu, on: {no_input: a, no_match: a}}", "a `menu` step lacks `keys`", "a table of keys"),
    ("a: {menu: main_menu, keys: {}, on: {no_input: a, no_match: a}}", "a menu without keys", ""),
    ("a: {menu: main_menu, keys: {'*': a}, on: {no_input: a, no_match: a}}", "`*` always repeats", "another key"),
    ("a: {menu: main_menu, keys: {12: a}, on: {no_input: a, no_match: a}}", "`12` is no key", "0 to 9"),
    ("a: {menu: main_menu, keys: {1: x}, on: {no_input: a, no_match: a}}", "no step `x` in this flow", ""),
    ("a: {menu: main_menu, keys: {1: a}, timeout: 5, on: {no_input: a, no_match: a}}", "`5` is no time", "`5s`"),
    ("a: {menu: main_menu, keys: {1: a}, timeout: 2m, on: {no_input: a, no_match: a}}", "too long", "`30s`"),
    ("a: {menu: main_menu, keys: {1: a}, attempts: 0, on: {no_input: a, no_match: a}}", "`0` is no number", "1 to 10"),
    (
        "a: {language: language_menu, keys: {1: en, 0: et}, on: {chosen: a, no_input: a, no_match: a}}",
        "`0` is no key",
        "",
    ),
    ("a: {language: language_menu, keys: {1: fi}, on: {chosen: a, no_input: a, no_match: a}}", "no language `fi`", ""),
    ("a: {ring: maria, on: {}}", "nobody is called `maria`", "`reception`"),
    ("a: {ring: {person: maria}, on: {}}", "no person `maria`", "did you mean `mari`?"),
    ("a: {ring: {phone: '199'}, on: {}}", "no phone `199`", "100"),
    ("a: {ring: {department: sails}, on: {}}", "no department `sails`", "did you mean `sales`?"),
    ("a: {ring: {person: liis}, on: {}}", "person `liis` has no desk phone", "people.yaml"),
    ("a: {ring: {person: mari, phone: '100'}, on: {}}", "whom to ring is not clear", ""),
    ("a: {ring: reception, for: 1h, on: {}}", "`1h` is no time", "`5s` or `2m`"),
    ("a: {ring: reception, hearing: silence, on: {}}", "no sound `silence`", "ringback, music"),
    ("a: {info: prise_list, on: {told: a, nothing: a}}", "no fact `prise_list`", "did you mean `price_list`?"),
    ("a: {info: {hour: office}, on: {told: a, nothing: a}}", "info knows no `hour`", "did you mean `hours`?"),
    ("a: {subflow: informations, on: {back: a}}", "no flow `informations`", "did you mean `information`?"),
    ("a: {subflow: information, on: {back: a}}", "`on:` lacks ready", ""),
    ("a: {subflow: information, with: {x: y}, on: {back: a, ready: a}}", "flow `information` has no `x`", ""),
    ("a: {subflow: department, on: {served: a, not_reached: a}}", "flow `department` needs `department`", "with:"),
    ("a: {subflow: main, on: {}}", "flows lead into each other in a circle: main → main", "`goto:`"),
    (
        "a: {subflow: department, with: {department: x}, on: {served: a, not_reached: a}}",
        "no department `x`",
        "one of reception, sales",
    ),
    ("a: {goto: b}", "no step `b`", ""),
    ("a: {goto: {flow: sale}}", "no flow `sale`", "did you mean `sales`?"),
    ("a: {goto: a, next: a}", "a `goto` step leads nowhere by `next:`", ""),
    ("a: {end: goodbye, on: {done: a}}", "a `end` step leads nowhere by `on:`", ""),
    ("a: {return: 'so so'}", "result `so so` is not a name", ""),
    ("a: {set: {wnats: order}, next: a}", "no variable `wnats`", "did you mean `wants`?"),
    ("a: {set: {wants: ordr}, next: a}", "`wants` is never `ordr`", "did you mean `order`?"),
    ("a: {set: {caller: y}, next: a}", "`caller` is known of every call", "a variable"),
    ("a: {switch: weather, cases: [{is: x, next: a}], on: {otherwise: a}}", "no value `weather`", "weekday"),
    ("a: {switch: caller, cases: [], on: {otherwise: a}}", "cases are no list", ""),
    ("a: {switch: caller, cases: [{next: a}], on: {otherwise: a}}", "a case without a comparison", "`is`"),
    ("a: {switch: caller, cases: [{is: x}], on: {otherwise: a}}", "case lacks `next`", ""),
    ("a: {switch: time, cases: [{from: 8am, next: a}], on: {otherwise: a}}", "`8am` is no bound", "`08:30`"),
    ("a: {switch: language, cases: [{is: fi, next: a}], on: {otherwise: a}}", "no language `fi`", ""),
    ("a: {switch: weekday, cases: [{is: [mon], next: a}], on: {otherwise: a}}", "no weekday `mon`", "monday"),
    ("a: {switch: number, cases: [{is: '1', next: a}], on: {otherwise: a}}", "no number `1`", "6001000"),
    ("a b: {say: welcome, next: a}", "step `a b` is not a name", ""),
    ("a: {say: welcome, say: goodbye, next: a}", "`say` stands twice", "each key once"),
    ("a: {<<: {say: welcome}, next: a}", "`<<` is not known here", ""),
    ("a: {say: !!python/object/apply:os.system [ls], next: a}", "means nothing here", "a plain value"),
    ("a: &x {say: *x, next: a}", "an anchor holds itself", ""),
    ("a: {say: welcome, next: a", "is not valid YAML", ""),
    ("a: {say: welcome: and more, next: a}", "is not valid YAML", ""),
]


@pytest.mark.parametrize(("steps", "text", "expected"), STEPS, ids=[steps[:60] for steps, _, _ in STEPS])
def test_what_is_wrong_with_a_step(problems_of: Overlay, steps: str, text: str, expected: str) -> None:
    found = problems_of({"flows/main.yaml": f"{MAIN}  {steps}\n"})
    ours = [problem for problem in found if problem.startswith("flows/main.yaml:")]
    assert any(text in problem and expected in problem for problem in ours), "\n".join(found)
    assert any(problem.startswith(("flows/main.yaml:4:", "flows/main.yaml:5:")) for problem in ours)


ELSEWHERE = [
    ({"flows/main.yaml": ""}, "flows/main.yaml:1:1: is empty"),
    ({"flows/main.yaml": "- a\n- b\n"}, "flows/main.yaml:1:1: holds something else"),
    ({"flows/main.yaml": "flow: mian\nstart: a\nsteps: {a: {end: goodbye}}\n"}, "the flow is called mian"),
    ({"flows/main.yaml": "flow: main\nstart: b\nsteps: {a: {end: goodbye}}\n"}, "no step `b` in this flow"),
    ({"flows/main.yaml": "flow: main\nsteps: {a: {end: goodbye}}\n"}, "flow `main` lacks `start`"),
    ({"flows/main.yml": "flow: main\n"}, "flows/main.yml:1:1: is not read"),
    ({"flows/main.yaml": "a: " + "[" * 2000}, "is nested too deeply"),
    ({"flows/main.yaml": "\tflow: main"}, "spaces, not tabs"),
    (
        {
            "facts.yaml": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(6))
        },
        "too many values",
    ),
    ({"hours.yaml": "office: {open: 'Mo-Fr 09:00-17:00', spoken: x}"}, "what happens on public holidays"),
    ({"hours.yaml": "office: {open: 'Mo-Fr 9 to 5; PH off', spoken: x}"}, "opening hours not understood from `9 to 5"),
    (edited("hours.yaml", "- on: 02-23", "- on: 02-30"), "`02-30` is no day"),
    (edited("hours.yaml", "- on: 02-23\n", "- from: 2026-05-02\n      until: 2026-05-01\n"), "before it begins"),
    (edited("hours.yaml", "- on: 02-23\n", "- from: 05-02\n"), "the override's days are not clear"),
    (edited("organisation.yaml", "Europe/Tallinn", "Europe/Talinn"), "did you mean `Europe/Tallinn`?"),
    (edited("organisation.yaml", "sv]", "fi]"), "the language `fi` has no voice"),
    (edited("organisation.yaml", 'reception: "100"', 'reception: "109"'), "no reception phone `109`"),
    (edited("organisation.yaml", "flow: main", "flow: mian"), "no flow `mian`"),
    (edited("organisation.yaml", "flow: main", "flow: department"), "flow `department` has parameters"),
    (edited("organisation.yaml", "greeting: safety_greeting", "greeting: safety"), "no prompt `safety`"),
    (edited("organisation.yaml", "ring_for: 20s", "ring_for: 20m"), "rings too long"),
    (edited("organisation.yaml", '"6001000"', '"600-1000"'), "`600-1000` is no number"),
    (with_trunk("{hosts: x}"), "trunk `operator` knows no `hosts`"),
    (with_trunk("{host: 'sip.example.net; rm'}"), "is no host"),
    (with_trunk("{host: sip.example.net, addresses: [192.0.2.300]}"), "`192.0.2.300` is no address"),
    (with_trunk("{host: sip.example.net, allowed: [abc]}"), "`abc` is no allowed"),
    (with_trunk("{host: sip.example.net, emergency: perhaps}"), "`perhaps` is no emergency"),
    (edited("people.yaml", '"130": Showroom', '"1x0": Showroom'), "`1x0` is no extension"),
    (edited("people.yaml", "department: sales", "department: sale"), "no department `sale`"),
    (edited("facts.yaml", "departments.showroom.name", "departments.shoroom.name"), "there is no `shoroom`"),
]


@pytest.mark.parametrize(("files", "text"), ELSEWHERE, ids=[text[:50] for _, text in ELSEWHERE])
def test_what_is_wrong_elsewhere(problems_of: Overlay, files: dict[str, str], text: str) -> None:
    found = problems_of(files)
    assert any(text in problem for problem in found), "\n".join(found)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {})
    (ivr / "people.yaml").unlink()
    (ivr / "facts.yaml").write_bytes(b"fact: \xff\xfe\n")
    (ivr / "hours.yaml").unlink()
    (ivr / "hours.yaml").mkdir()
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(ivr, tmp_path / "no prompts")
    told = str(refused.value)
    assert "people.yaml:1:1: cannot be read: No such file or directory" in told
    assert "facts.yaml:1:1: is not UTF-8 text" in told
    assert "hours.yaml:1:1: cannot be read: Is a directory" in told
    assert "texts/en.yaml:1:1: cannot be read" in told


def test_a_prompt_of_our_own_is_missing(tmp_path: Path) -> None:
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    english = tmp_path / "prompts" / "texts" / "en.yaml"
    english.write_text(english.read_text("utf-8").replace("apology:", "appology:"), "utf-8")
    with pytest.raises(ConfigurationError, match="lacks `apology`, which the switchboard says by itself"):
        load_configuration(EXAMPLE, tmp_path / "prompts")


def test_no_mutation_is_a_traceback(tmp_path: Path, english: Path) -> None:
    """Files with pieces cut, doubled, swapped and strewn with signs load, or are refused with places."""
    chance = random.Random(20261121)
    ivr = with_overlay(tmp_path, {})
    files = sorted(ivr.rglob("*.yaml"))
    refused = 0
    for _ in range(60):
        file = chance.choice(files)
        before = file.read_text("utf-8")
        file.write_text(mutated(before, chance), "utf-8")
        try:
            load_configuration(ivr, english)
        except ConfigurationError as error:
            refused += 1
            assert all(str(problem).split(": ")[0].count(":") >= 2 for problem in error.problems)
        file.write_text(before, "utf-8")
    assert refused > 30


def mutated(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    to = min(len(text), at + chance.randrange(1, 30))
    return chance.choice(
        [
            text[:at] + text[to:],
            text[:at] + text[at:to] * 2 + text[to:],
            text[:at] + chance.choice("{}[]:,&*!|>'\"%@`#-?~\t\n0\0") + text[at:],
            text[:at]
            + chance.choice(["{{ x }}", "{% if %}", "null", "[[]]", "{a: b}", "- ", ": ", "1e999"])
            + text[to:],
            text[:at],
        ]
    )
