"""appointments.yaml: what is read, what is refused, and what `check` warns of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.domain.appointment import CalendarElsewhere, ReminderWay
from switchboard.domain.free_slots import SlotSearch
from switchboard.errors import ConfigurationError
from switchboard.flows.checks import check
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS, with_overlay

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
NOTHING_BOOKED = {  # no flow needs an event type
    "flows/main.yaml": "flow: main\nstart: bye\nsteps:\n  bye: {end: goodbye}\n",
    "flows/appointments.yaml": "flow: appointments\nstart: bye\nsteps:\n  bye: {end: goodbye}\n",
}
VISIT = "event_types:\n  visit: {{names: A visit, duration: 30m, needs: {needs}{more}}}\n"


def read(tmp_path: Path, text: str) -> Configuration:
    files = {"appointments.yaml": text, **NOTHING_BOOKED}
    return load_configuration(with_overlay(tmp_path, files), PROMPTS)


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong, without the folder."""
    try:
        read(tmp_path, text)
    except ConfigurationError as error:
        return [str(problem).splitlines()[0].partition("appointments.yaml:")[2] for problem in error.problems]
    return []


def warned(tmp_path: Path, text: str) -> list[str]:
    rules = ("never-booked", "unused-resource", "prompt-missing")
    found = check(read(tmp_path, text), now=NOW)
    return [f"{each.place.line}: {each.text}" for each in found if each.rule in rules]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{names: A visit, duration: 30m}", "2:10: event type `visit` lacks `needs` — expected a line `needs: …`"),
        (
            "{names: A visit, needs: mari, duration: 25h}",
            "2:50: `25h` is no `duration` — expected a time such as `45m`, `24h` or `60d`, from `1m` to `1d`",
        ),
        (
            "{names: A visit, duration: 1h, needs: mary}",
            "2:48: no resource `mary` — expected one of liis, mari, jaan, anna, peeter, rasmus, eva, ilze; "
            "did you mean `mari`?",
        ),
        (
            "{names: A visit, duration: 1h, needs: [mari, mari]}",
            "2:48: event type `visit` needs one resource twice — expected as many different resources as it needs at "
            "once",
        ),
        (
            "{names: A visit, duration: 1h, needs: {role: boss}}",
            "2:55: no role `boss` — expected one of account_manager",
        ),
        (
            "{names: A visit, duration: 1h, needs: {role: account_manager, department: sales}}",
            "2:48: who is needed is not clear — expected a resource, a list of those that can be it, "
            "`{department: …}` or `{role: …}`",
        ),
        (
            "{names: A visit, duration: 1h, needs: mari, horizont: 3d}",
            "2:54: event type `visit` knows no `horizont` — expected one of names, duration, needs, before, after, "
            "notice, interval, per_day, horizon, chooses, department, reminders; did you mean `horizon`?",
        ),
        (
            "{names: A visit, duration: 1h, needs: mari, per_day: none}",
            "2:63: `none` is no number of bookings — expected a whole number from 1 to 1000",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(tmp_path: Path, entry: str, problem: str) -> None:
    assert problem in problems(tmp_path, f"event_types:\n  visit: {entry}\n")


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "resources:\n  room: {hours: offic}\n  mari: {names: Mari}\nevent_types:\n  visit: {names: V}\nholt: 3m\n"
    found = problems(tmp_path, text)
    assert [each.partition(" — ")[0] for each in found] == [
        "2:9: resource `room` lacks `names`",
        "2:17: no opening hours `offic`",
        "3:3: resource `mari` is called as a person of people.yaml",
        "5:10: event type `visit` lacks `duration`",
        "5:10: event type `visit` lacks `needs`",
        "6:1: appointments.yaml knows no `holt`",
    ]


def test_people_need_no_entry(tmp_path: Path) -> None:
    configuration = read(tmp_path, VISIT.format(needs="[mari, {role: account_manager}]", more=""))
    rules = configuration.organisation.appointments
    assert rules.event_types["visit"].needs == (("mari",), ("jaan", "rasmus", "eva"))
    assert rules.resources["mari"].hours == "people.mari"
    assert set(rules.resources["mari"].names.values()) == {"Mari Tamm"}


def test_an_entry_of_a_person_stands_for_them(tmp_path: Path) -> None:
    text = "resources:\n  boss: {person: mari, capacity: 2}\n" + VISIT.format(needs="{department: sales}", more="")
    rules = read(tmp_path, text).organisation.appointments
    assert rules.event_types["visit"].needs == (("boss", "jaan", "rasmus", "eva"),)
    assert (rules.resources["boss"].hours, rules.resources["boss"].capacity) == ("people.mari", 2)


def test_hours_of_a_resource_inherit_from_its_persons(tmp_path: Path) -> None:
    text = (
        "resources:\n  boss: {person: mari, hours: {overrides: [{on: 2026-03-04, open: 10:00-11:00, because: fair}]}}\n"
    )
    configuration = read(tmp_path, text + VISIT.format(needs="boss", more=""))
    search = SlotSearch.of(configuration.organisation, configuration.hours)
    found = search.free("visit", (), NOW, after=NOW + timedelta(hours=12), until=NOW + timedelta(hours=56))
    assert [f"{configuration.local(slot.start):%d %H:%M}" for slot in found][:3] == ["04 10:00", "04 10:30", "05 09:00"]


def test_the_guides_example_is_what_it_says(tmp_path: Path) -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    text = guide.partition("\n## Appointments\n")[2].partition("```yaml\n")[2].partition("```")[0]
    configuration = read(tmp_path, text)
    course = configuration.organisation.appointments.event_types["course"]
    assert course.needs == (("trainer", "rasmus"), ("kitchen",))
    assert course.reminders == (timedelta(hours=24), timedelta(hours=2))
    search = SlotSearch.of(configuration.organisation, configuration.hours)
    first = next(search.free("course", (), NOW, after=NOW))
    assert f"{configuration.local(first.start):%a %d %H:%M}" == "Thu 05 10:00"  # 48 hours later
    assert first.resources == ("trainer", "kitchen")


def test_the_example_organisation_can_be_booked() -> None:
    configuration = load_configuration(EXAMPLE, PROMPTS)
    search = SlotSearch.of(configuration.organisation, configuration.hours)
    first = [next(search.free(each, (), NOW, after=NOW)) for each in search.rules.event_types]
    assert [slot.resources for slot in first] == [("chef", "tasting_room"), ("mari",)]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            VISIT.format(needs="anna", more=", notice: 60d"),
            "2: nobody can ever book `visit`: its notice is not shorter than its horizon",
        ),
        (
            "event_types:\n  visit: {names: A visit, duration: 5h, needs: anna}\n",
            "2: nobody can ever book `visit`: it takes 300 minutes, `anna` is open for 210 at most",
        ),
        (
            VISIT.format(needs="anna", more=", interval: 5h"),
            "",
        ),
        (
            VISIT.format(needs="anna", more=", interval: 24h"),
            "2: nobody can ever book `visit`: `anna` is never free at a time when it can begin",
        ),
        (
            "resources:\n  night: {names: Night, hours: {open: 'Mo-Su 20:00-22:00; PH off'}}\n"
            + VISIT.format(needs="[anna, night]", more=""),
            "4: nobody can ever book `visit`: what it needs is never free at the same time",
        ),
        (
            "resources:\n  room: {names: The room}\n" + VISIT.format(needs="anna", more=""),
            "2: no event type needs the resource `room`",
        ),
        (
            VISIT.format(needs="anna", more=""),
            "2: the name of event type `visit` is missing in Eesti, Latviešu, Русский, Shqip and Svenska",
        ),
    ],
)
def test_check_warns(tmp_path: Path, text: str, warning: str) -> None:
    found = warned(tmp_path, text)
    assert not warning or warning in found, found
    assert warning or not any("nobody can" in each for each in found)


REMINDED = VISIT.format(needs="mari", more=", reminders: 24h")


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ("", [1]),
        ("call_role: staff\n", []),
        ("remind_by: mail\n", []),
    ],
)
def test_clients_who_are_to_be_called_need_a_role(tmp_path: Path, more: str, lines: list[int]) -> None:
    rules = check(read(tmp_path, more + REMINDED), now=NOW)
    assert [each.place.line for each in rules if each.rule == "never-called"] == lines


def test_calendars_elsewhere_and_ways_to_remind(tmp_path: Path) -> None:
    text = (
        "resources:\n  hers:\n    person: mari\n"
        '    calendar: {url: "https://dav.example.net/mari/", username: mari, clients: no}\n'
        "remind_by: [mail, call]\ncall_role: staff\n" + VISIT.format(needs="hers", more="")
    )
    rules = read(tmp_path, text).organisation.appointments
    calendar = rules.resources["hers"].calendar
    assert calendar == CalendarElsewhere("https://dav.example.net/mari/", "mari", with_client=False)
    assert (rules.remind_by, rules.call_role) == ((ReminderWay.MAIL, ReminderWay.CALL), "staff")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("call_role: stuff\n", "1:12: no role of `outbound` `stuff`"),
        ("remind_by: pigeon\n", "1:12: no way to remind `pigeon`"),
        ("resources:\n  x: {names: X, calendar: {username: x}}\n", "2:27: calendar of resource `x` lacks `url`"),
        (
            'resources:\n  x: {names: X, calendar: {url: "http://dav.example.net/x/", username: x}}\n',
            "2:33: `http://dav.example.net/x/` is no address of a calendar",
        ),
    ],
)
def test_what_is_refused_of_them(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(problem)
