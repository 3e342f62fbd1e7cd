"""hours.yaml and the hours in people.yaml: inheritance, countries, moved days; each refusal at its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from switchboard.domain.hours import HoursTable
from switchboard.domain.language import ENGLISH
from switchboard.domain.organisation import Department, Organisation, Person
from switchboard.flows.hours_yaml import read_hours
from switchboard.flows.load import load_configuration
from switchboard.flows.past_dates import long_over
from switchboard.flows.reading import Reading
from switchboard.flows.source import Problem, Problems, read_yaml
from tests.flows.playing import PROMPTS, with_overlay

OFFICE = 'office:\n  open: "Mo-Fr 09:00-17:00; PH off"\n  spoken: Nine to five.\n'
ORGANISATION: Any = Organisation(
    name="",
    timezone="Europe/Tallinn",
    country="EE",
    languages=(ENGLISH,),
    numbers={},
    departments={
        "sales": Department("sales", {}, "mari", None, "departments.sales"),
        "finance": Department("finance", {}, "anna", None, "office"),
    },
    people={each: Person(each, each, "sales") for each in ("mari", "jaan")} | {"anna": Person("anna", "", "finance")},
    phones={},
    reception=None,  # type: ignore[arg-type]  # nobody rings it here
    emergency_numbers=(),
    prompts={},
)

Read = Callable[..., tuple[dict[str, HoursTable], list[Problem]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The tables of two files, and what is said of them."""

    def read(hours: str, people: str = "people: {}") -> tuple[dict[str, HoursTable], list[Problem]]:
        problems = Problems()
        for name, text in (("hours.yaml", OFFICE + hours), ("people.yaml", people)):
            (tmp_path / name).write_text(text, "utf-8")
        tables = [read_yaml(tmp_path / name, name, problems) for name in ("hours.yaml", "people.yaml")]
        found, _ = read_hours(Reading(problems), tables[0], tables[1], ORGANISATION)
        return found, problems.in_order()

    return read


def test_what_is_not_said_is_inherited(read: Read) -> None:
    found, problems = read(
        """\
  overrides: [{on: 12-23, open: "09:00-14:00", because: half day}]
riga:
  inherits: office
  country: LV
  timezone: Europe/Riga
  moved: [{off: 2026-05-15, work: 2026-05-23, because: bridge}]
  overrides: [{on: 2026-12-23, open: "off", because: moving}]
"""
    )
    assert problems == []
    riga, office = found["riga"], found["office"]
    assert (riga.hours, riga.spoken) == (office.hours, office.spoken)
    assert [each.reason for each in riga.overrides] == ["moving", "half day"]
    assert riga.state_at(datetime(2026, 5, 23, 8, tzinfo=UTC)).kind == "open"
    assert riga.state_at(datetime(2026, 11, 18, 8, tzinfo=UTC)).reason == "Republic of Latvia Proclamation Day"
    assert office.state_at(datetime(2026, 11, 18, 8, tzinfo=UTC)).kind == "open"


def test_hours_of_departments_and_people_on_the_spot(read: Read) -> None:
    found, problems = read(
        "",
        """\
departments:
  sales: {hours: {open: "Mo-Fr 10:00-18:00; PH off"}}
people:
  mari: {hours: {overrides: [{on: 2026-03-03, open: "off", because: leave}]}}
  jaan: {hours: {inherits: office, country: FI}}
  anna: {hours: {open: "Mo-Th 09:00-15:00; PH off"}}
""",
    )
    assert problems == []
    assert list(found) == ["office", "departments.sales", "people.mari", "people.jaan", "people.anna"]
    assert found["people.mari"].hours == found["departments.sales"].hours == "Mo-Fr 10:00-18:00; PH off"
    assert (found["people.jaan"].hours, found["people.jaan"].country) == (found["office"].hours, "FI")
    assert found["people.mari"].day(date(2026, 3, 3)).special == "leave"


@pytest.mark.parametrize(
    ("hours", "place", "wrong"),
    [
        ('a: {inherits: office, open: "Mo 17:00-09:00; PH off"}', (4, 33), "`17:00-09:00` ends before it begins"),
        ("a:\n  inherits: office\n  open: Mo 09:00-10:00,09:30-11:00; PH off", (6, 24), "overlap"),
        (
            "a: {inherits: b}\nb: {inherits: c}\nc: {inherits: b}",
            (5, 15),
            "hours `b` inherit from themselves by way of c",
        ),
        ("a: {inherits: a}", (4, 15), "hours `a` inherit from themselves"),
        ("a: {inherits: offise}", (4, 15), "no opening hours `offise`"),
        ("a: {country: EE}", (4, 4), "hours `a` lacks `open`"),
        ("a: {inherits: office, country: XX}", (4, 32), "no public holidays are known for `XX`"),
        ("a: {inherits: office, timezone: Europe/Talin}", (4, 33), "no time zone `Europe/Talin`"),
        ('a: {inherits: office, open: "Mo 09:00-17:00", spoken: x}', (4, 29), "what happens on public holidays"),
        ("a: {inherits: office, moved: 2026-01-02}", (4, 30), "moved are no list"),
        ("a: {inherits: office, moved: [{off: 2026-01-02, because: x}]}", (4, 31), "moved day lacks `work`"),
        (
            "a: {inherits: office, moved: [{off: 2026-01-02, work: 2026-01-02, because: x}]}",
            (4, 31),
            "2026-01-02 is both off and worked",
        ),
        (
            "a:\n  inherits: office\n  overrides:\n"
            '    - {from: 2026-07-01, until: 2026-07-10, open: "off", because: summer}\n'
            '    - {on: 2026-07-10, open: "off", because: wedding}',
            (8, 7),
            "`wedding` and `summer` of line 7 both hold on 2026-07-10",
        ),
        (
            "a:\n  inherits: office\n  overrides:\n"
            '    - {from: 12-28, until: 01-03, open: "off", because: winter}\n'
            '    - {on: 01-02, open: "off", because: rest}',
            (8, 7),
            "`rest` and `winter` of line 7 both hold on 01-02",
        ),
    ],
)
def test_what_is_refused(read: Read, hours: str, place: tuple[int, int], wrong: str) -> None:
    _, problems = read(hours)
    problem = next(problem for problem in problems if problem.severity == "error")
    assert wrong in problem.text
    assert (problem.place.line, problem.place.column) == place


@pytest.mark.parametrize(
    ("hours", "place", "doubt"),
    [
        (
            'a: {inherits: office, open: "Mo 09:00-12:00,12:01-17:00; PH off", spoken: x}',
            (4, 45),
            "between `09:00-12:00` and `12:01-17:00` it closes for 1 min",
        ),
        ('a: {inherits: office, open: "PH off; Mo-Su 09:00-17:00", spoken: x}', (4, 30), "`PH off` never holds"),
        (
            'a: {inherits: office, open: "Mo 09:00-17:00; PH off"}',
            (4, 23),
            "hours `a` are others than those of `office`, and callers are told the same",
        ),
        (
            "a: {inherits: office, moved: [{off: 2026-01-10, work: 2026-01-02, because: x}]}",
            (4, 31),
            "2026-01-10 is a Saturday off anyway, 2026-01-02 a Friday worked anyway",
        ),
    ],
)
def test_what_is_doubtful(read: Read, hours: str, place: tuple[int, int], doubt: str) -> None:
    _, (problem,) = read(hours)
    assert doubt in problem.text
    assert (problem.place.line, problem.place.column) == place
    assert problem.severity == "warning"


def test_the_example_organisations_hours(tmp_path: Path) -> None:
    configuration = load_configuration(with_overlay(tmp_path, {}), PROMPTS)
    organisation = configuration.organisation
    for person in organisation.people:
        assert organisation.hours_of(person) in configuration.hours
    assert organisation.hours_of("liis") == organisation.hours_of_department("reception") == "office"
    assert not [warning for warning in configuration.warnings if "hours" in warning.rule]
    (stocktaking, bridge) = long_over(configuration.dated, date(2099, 1, 1))
    assert (stocktaking.what, stocktaking.name, stocktaking.last) == ("override", "stocktaking", date(2026, 12, 28))
    assert (bridge.what, bridge.last) == ("moved day", date(2027, 6, 25))
    assert list(long_over(configuration.dated, date(2027, 12, 28))) == []
    assert list(long_over(configuration.dated, date(2027, 12, 29))) == [stocktaking]


def test_a_step_asks_a_persons_hours(tmp_path: Path) -> None:
    flow = """\
flow: main
start: hours
steps:
  hours: {hours: "{{ people.mari.hours }}", on: {open: told, closed: told, holiday: told}}
  told: {info: {hours: "{{ people.jaan.hours }}"}, on: {told: bye, nothing: bye}}
  bye: {end: goodbye}
"""
    configuration = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": flow}), PROMPTS)
    steps = configuration.flows["main"].steps
    assert steps["hours"].fields.table is configuration.hours["people.mari"]
    assert steps["told"].fields.telling.table is configuration.hours["office"]
