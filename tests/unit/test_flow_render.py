"""Templates reach the organisation's data and nothing else."""

from __future__ import annotations

import pytest

from switchboard.flows.render import LONGEST_TEXT, TemplateProblem, Templates

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
        ("{{ organisation.name | attr('__class__') }}", "No filter named 'attr'"),
        ("{{ organisation | map('upper') }}", "No filter named 'map'"),
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


def test_a_long_text_is_refused() -> None:
    with pytest.raises(TemplateProblem, match="at most"):
        Templates().render("{{ word }}" * 10, {"word": "x" * (LONGEST_TEXT // 9)})
