"""Templates reach the organisation's data and nothing else."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.domain.language import ENGLISH
from switchboard.errors import ConfigurationError
from switchboard.flows import render
from switchboard.flows.load import load_configuration
from switchboard.flows.render import LONGEST_TEMPLATE, LONGEST_TEXT, MOST_PIECES, TemplateProblem, Templates
from tests.flows.playing import EXAMPLE, PROMPTS, with_overlay

ESCAPES = Path(__file__).parent / "data" / "sandbox_escapes.txt"

DATA = {"organisation": {"name": "Northern Larder"}, "departments": {"items": {"name": "Items"}}, "hour": 9}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain {text}", "plain {text}"),
        ("Welcome to {{ organisation.name }}.", "Welcome to Northern Larder."),
        ("{{ organisation['name'] | upper }}", "NORTHERN LARDER"),
        ("{{ departments.items.name }}", "Items"),
        ("{% if hour < 12 %}morning{% else %}afternoon{% endif %}", "morning"),
        ("{{ hour }}", "9"),
        ("{{ organisation.motto | default('Good food') }}", "Good food"),
        ("{# said once #}Hello", "Hello"),
    ],
)
def test_rendered(text: str, rendered: str) -> None:
    assert Templates().render(text, DATA) == rendered


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ organization.name }}", "'organization' is undefined"),
        ("{{ organisation.nam }}", "there is no `nam` among name"),
        ("{{ organisation.name.first }}", "there is no `first`"),
        ("{{ organisation }}", "a table stands where a text is wanted; it has name"),
        ("{{ organisation.name", "unexpected end of template"),
        ("{% for c in organisation.name %}{{ c }}{% endfor %}", "`for` is not allowed"),
        ("{% set x = 1 %}", "`assign` is not allowed"),
        ("{% macro m() %}{% endmacro %}", "`macro` is not allowed"),
        ("{% include '/etc/passwd' %}", "`include` is not allowed"),
        ("{% import 'x' as y %}", "`import` is not allowed"),
        ("{{ 10 ** 10 ** 10 }}", "`pow` is not allowed"),
        ("{{ 'a' * 1000000000 }}", "`mul` is not allowed"),
        ("{{ '%s' % organisation }}", "`mod` is not allowed"),
        ("{{ organisation.name() }}", "`call` is not allowed"),
        ("{{ ''.format(organisation) }}", "`call` is not allowed"),
        ("{{ ().__class__.__bases__[0].__subclasses__() }}", "is not allowed"),
        ("{{ organisation.__class__ }}", "there is no `__class__`"),
        ("{{ organisation.name.__class__.__mro__ }}", "there is no `__class__`"),
        ("{{ organisation['__init__'] }}", "there is no `__init__`"),
        ("{{ organisation.name | attr('__class__') }}", "there is no filter `attr` among"),
        ("{{ organisation | map('upper') }}", "there is no filter `map` among"),
        ("{{ cycler }}", "'cycler' is undefined"),
        ("{{ self }}", "something that is no text"),
        ("{{ lipsum.__globals__ }}", "'lipsum' is undefined"),
        ("{{ hour < organisation.name }}", "not supported between"),
    ],
)
def test_refused(text: str, told: str) -> None:
    with pytest.raises(TemplateProblem, match=None) as problem:
        Templates().render(text, DATA)
    assert told in str(problem.value)


def escapes() -> Iterator[tuple[bool, str]]:
    """The corpus: whether a line is to be refused, else said as it stands; and the line."""
    is_refused = True
    for line in ESCAPES.read_text("utf-8").splitlines():
        if line.startswith("## as they stand"):
            is_refused = False
        elif line and not line.startswith("## "):
            yield is_refused, line


@pytest.mark.parametrize(("is_refused", "template"), list(escapes()))
def test_no_template_escapes(is_refused: bool, template: str) -> None:
    data = {**DATA, "departments": {"sales": {"name": "Sales"}}}
    if is_refused:
        with pytest.raises(TemplateProblem) as problem:
            Templates().render(template, data)
        assert str(problem.value)
    else:
        assert Templates().render(template, data) == template


def test_a_folder_of_escapes_is_refused_at_each_of_its_lines(tmp_path: Path) -> None:
    refused = [template for is_refused, template in escapes() if is_refused]
    lines = [f"fact{number}: {{text: '{text.replace(chr(39), 2 * chr(39))}'}}" for number, text in enumerate(refused)]
    ivr = with_overlay(tmp_path, {"facts.yaml": "\n".join(lines)})
    with pytest.raises(ConfigurationError) as error:
        load_configuration(ivr, PROMPTS)
    at = {problem.place.line for problem in error.value.problems if problem.place.file.endswith("facts.yaml")}
    assert len(refused) > 200
    assert at == set(range(1, len(refused) + 1))


def test_what_a_template_made_is_no_template() -> None:
    data = {"organisation": {"name": "{{ 7 * 7 }}"}}
    assert Templates().render("{{ organisation.name }}", data) == "{{ 7 * 7 }}"
    assert Templates().render("{{ '{' ~ '{ hour }' ~ '}' }}", DATA) == "{{ hour }}"
    assert Templates().render("{% raw %}{{ hour }}{% endraw %}", DATA) == "{{ hour }}"


def test_a_value_in_the_configuration_is_rendered_once(tmp_path: Path) -> None:
    people = (EXAMPLE / "people.yaml").read_text("utf-8").replace("Mari Tamm", "\"{{ '{{ reception.phone }}' }}\"")
    facts = (EXAMPLE / "facts.yaml").read_text("utf-8").replace("We deliver", "{{ people.mari.name }} delivers")
    configuration = load_configuration(with_overlay(tmp_path, {"people.yaml": people, "facts.yaml": facts}), PROMPTS)
    assert configuration.organisation.people["mari"].name == "{{ reception.phone }}"
    assert configuration.facts["delivery"].wordings[0].texts[ENGLISH].startswith("{{ reception.phone }} delivers")


LONG = LONGEST_TEXT - 100
NASTY_DATA = {
    "huge": "x" * 1_000_000,
    "long": "x" * LONG,
    "table": {f"entry{number}": "x" for number in range(50_000)},
    "name": "Mari",
}
NASTY = {
    "parentheses": "{{ " + "(" * 2900 + "name" + ")" * 2900 + " }}",
    "nots": "{{ " + "not " * 1400 + "name }}",
    "nested conditions": "{% if name %}" * 250 + "{% endif %}" * 200,
    "conditions in a row": "{% if name %}a{% endif %}" * 240,
    "elifs": "{% if name == '1' %}a" + "{% elif name == '2' %}b" * 200 + "{% endif %}",
    "a huge value": "{{ huge }}",
    "a huge value in capitals": "{{ huge | upper }}",
    "huge values joined": "{{ " + " ~ ".join(["huge"] * 140) + " }}",
    "long values joined": "{{ " + " ~ ".join(["long"] * 140) + " }}",
    "doubled and doubled": "{{ " + "(" * 8 + "long ~ long" + ") ~ (long ~ long)" * 8 + " }}",
    "long values in a row": "{{ long }}" * 140,
    "long values behind a condition": "{% if name %}" + "{{ long }}" * 140 + "{% endif %}",
    "filters in a row": "{{ long" + " | title | upper" * 140 + " }}",
    "growing filters": "{{ '" + "ﬃ" * 2900 + "' | upper }}",
    "comparisons": "{{ name" + " == name" * 600 + " }}",
    "dots": "{{ name" + ".name" * 1100 + " }}",
    "a table": "{{ table }}",
    "a name that a large table lacks": "{{ table.nothing }}",
    "a long number": "{{ " + "9" * 5900 + " }}",
    "dotted numbers": "{{ " + "1." * 2900 + " }}",
    "open marks": "{{" * 2900,
    "open quotes": "{{ " + "'" * 5900,
    "spaces": "{{" + " " * 5900 + "{%-" * 20,
    "a long text": "{{ name }}" + "x" * 5900,
    "a longer template": "{{ name }}" + "{# x #}" * 1000,
}


@pytest.mark.parametrize("template", list(NASTY.values()), ids=list(NASTY))
def test_rendering_is_bounded(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No text that is put together is longer than the longest with one value more, and there are few of them."""
    handled: list[int] = []

    def limited(text: str) -> str:
        handled.append(len(text))
        return allowed(text)

    allowed = render._limited
    monkeypatch.setattr(render, "_limited", limited)
    templates = Templates()
    tracemalloc.start()
    try:
        rendered = templates.render(template, NASTY_DATA)
    except TemplateProblem as problem:
        rendered = str(problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rendered) <= LONGEST_TEXT
    assert len(handled) <= 2 * MOST_PIECES
    assert sum(handled) <= len(NASTY_DATA["huge"]) + 2 * MOST_PIECES * LONGEST_TEXT
    assert peak < 20_000_000


def test_every_limit_is_told() -> None:
    told = {}
    for name, template in NASTY.items():
        try:
            told[name] = Templates().render(template, NASTY_DATA)
        except TemplateProblem as problem:
            told[name] = str(problem)
    assert told["parentheses"] == told["nested conditions"] == "is nested more than 20 deep"
    assert told["elifs"] == told["conditions in a row"] == f"has more than {MOST_PIECES} pieces"
    assert told["huge values joined"] == told["a huge value"] == f"the text is longer than {LONGEST_TEXT} characters"
    assert told["a longer template"] == f"is {10 + 7000} characters long, at most {LONGEST_TEMPLATE}"
    assert told["a name that a large table lacks"].endswith("entry19, …")


def test_many_templates_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MOST_TEMPLATES", 10)
    templates = Templates()
    for number in range(40):
        assert templates.render(f"{number} {{{{ hour }}}}", DATA) == f"{number} 9"
    assert len(templates._compiled) <= 10


def test_a_long_text_is_refused() -> None:
    for template in ("{{ word }}" * 10, "x" * (LONGEST_TEXT + 1)):
        with pytest.raises(TemplateProblem, match="is longer than"):
            Templates().render(template, {"word": "x" * (LONGEST_TEXT // 9)})
