"""`include:`: files put together as one, never from outside the folder, nothing twice, every word at its own place."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.domain.call_record import EventKind
from switchboard.errors import ConfigurationError
from switchboard.flows.load import load_configuration
from tests.flows.playing import PROMPTS, Script, play, with_overlay
from tests.unit.conftest import Load, first_line

MAIN = "include: {}\nflow: main\nstart: a\nsteps:\n  a: {{say: welcome, next: bye}}\n"
BYE = "steps:\n  bye: {end: goodbye}\n"


def including(what: str, **pieces: str) -> dict[str, str]:
    """A main flow that includes this, and the pieces, in shared/."""
    return {"flows/main.yaml": MAIN.format(what), **{f"shared/{name}.yaml": text for name, text in pieces.items()}}


@pytest.mark.parametrize("what", ["[shared/bye.yaml]", "shared/bye.yaml", "[./shared/bye.yaml, shared//bye.yaml]"])
async def test_steps_of_another_file(load: Load, what: str) -> None:
    configuration = load(including(what, bye=BYE)).configuration
    assert configuration
    step = configuration.flows["main"].steps["bye"]
    assert (step.file, step.line, step.place.line) == ("shared/bye.yaml", 2, 2)
    assert step.place.file.endswith("shared/bye.yaml")
    played = await play(configuration, Script())
    assert [(event.data["file"], event.data["line"]) for event in played.of(EventKind.STEP)] == [
        ("flows/main.yaml", 5),
        ("shared/bye.yaml", 2),
    ]


def test_a_file_may_include_others_and_each_counts_once(load: Load) -> None:
    pieces = {
        "one": "include: [shared/bye.yaml, shared/two.yaml]\n",
        "two": "include: shared/bye.yaml\nsteps: {b: {goto: bye}}\n",
        "bye": BYE,
    }
    configuration = load(including("[shared/one.yaml, shared/two.yaml]", **pieces)).configuration
    assert configuration
    assert {"a", "b", "bye"} <= set(configuration.flows["main"].steps)


def test_tables_of_every_file(load: Load, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "ivr"
    files = {
        f"{name}.yaml": f"include: [more/{name}.yaml]\n" + (example / f"{name}.yaml").read_text("utf-8")
        for name in ("organisation", "people", "hours", "facts")
    }
    files["more/organisation.yaml"] = "trunks: {operator: {host: sip.example.net}}\n"
    files["more/people.yaml"] = 'people: {tiit: {name: Tiit Mets, department: sales, phone: "103"}}\n'
    files["more/hours.yaml"] = "canteen: {open: 'Mo-Fr 11:00-14:00; PH off', spoken: At noon.}\n"
    files["more/facts.yaml"] = "lunch: {text: Soup.}\n"
    configuration = load(files).configuration
    assert configuration
    assert configuration.organisation.trunks[0].id == "operator"
    assert {"mari", "tiit"} <= set(configuration.organisation.people)
    assert {"office", "canteen"} <= set(configuration.hours)
    assert {"address", "lunch"} <= set(configuration.facts)


def test_a_problem_stands_in_its_own_file(load: Load) -> None:
    files = including("shared/bye.yaml", bye="steps:\n  bye: {say: godbye, next: over}\n")
    files["flows/second.yaml"] = files["flows/main.yaml"].replace("flow: main", "flow: second")
    assert load(files).told == [
        "shared/bye.yaml:2:14: no prompt `godbye` (flow: main, second) — expected one that exists; did you mean "
        "`goodbye`?",
        "shared/bye.yaml:2:28: no step `over` in this flow (flow: main, second) — expected a step of it",
    ]


def test_the_version_follows_what_is_included(load: Load, tmp_path: Path) -> None:
    first = load(including("shared/bye.yaml", bye=BYE)).configuration
    (tmp_path / "ivr" / "shared" / "bye.yaml").write_text(BYE + "# changed\n", "utf-8")
    assert first
    assert first.version != load_configuration(tmp_path / "ivr", PROMPTS).version


WRONG = [
    ("/etc/passwd.yaml", "1:10: `/etc/passwd.yaml` does not lie in this folder — expected a file of this folder such"),
    ("../bye.yaml", "1:10: `../bye.yaml` does not lie in this folder — expected a file of this folder such as"),
    ("shared/../../x.yaml", "1:10: `shared/../../x.yaml` does not lie in this folder"),
    ('"a\\0.yaml"', "1:10: `a"),
    ("'shared\\bye.yaml'", "1:10: `shared\\bye.yaml` does not lie in this folder"),
    ("shared/bye.yml", "1:10: `shared/bye.yml` is not read — expected a name that ends in `.yaml`"),
    (
        "shared/by.yaml",
        "1:10: no file `shared/by.yaml` — expected a file of this folder such as `shared/closing.yaml`; did you mean "
        "`shared/bye.yaml`?",
    ),
    (f"{'x' * 300}.yaml", f"1:10: no file `{'x' * 300}.yaml` — expected a file of this folder"),
    ("shared", "1:10: `shared` is not read — expected a name that ends in `.yaml`"),
    (
        "flows/sales.yaml",
        "1:10: `flows/sales.yaml` is a flow of its own — expected a file that stands elsewhere, such as in "
        "flows/shared/",
    ),
    ("people.yaml", "1:10: `people.yaml` is read anyway — expected a file that stands elsewhere, such as in"),
    ("{a: b}", "1:10: include is a table of `key: value` lines — expected a file of this folder"),
    ("[shared/bye.yaml, ]", None),
    ("[shared/bye.yaml, ~]", "1:28: include is nothing — expected a file of this folder such as `shared/closing.yaml`"),
]


@pytest.mark.parametrize(("what", "text"), WRONG, ids=[what[:30] for what, _ in WRONG])
def test_what_cannot_be_included(load: Load, what: str, text: str | None) -> None:
    loaded = load(including(what, bye=BYE))
    if text is None:
        assert loaded.configuration
    else:
        assert any(problem.startswith(f"flows/main.yaml:{text}") for problem in loaded.told), loaded.told


TWICE = [
    (
        including("shared/bye.yaml", bye=BYE + "  a: {end: goodbye}\n"),
        "shared/bye.yaml:3:3: `a` stands twice, first at flows/main.yaml:5:3 — expected it in one of the files",
    ),
    (
        including("[shared/bye.yaml, shared/more.yaml]", bye=BYE, more=BYE),
        "shared/more.yaml:2:3: `bye` stands twice, first at shared/bye.yaml:2:3 — expected it in one of the files",
    ),
    (
        including("shared/bye.yaml", bye=BYE + "start: bye\n"),
        "shared/bye.yaml:3:1: `start` stands twice, first at flows/main.yaml:3:1 — expected it in one of the files",
    ),
    (
        {
            "facts.yaml": "include: more/facts.yaml\naddress: {text: Here.}\n",
            "more/facts.yaml": "address: {until: 1}\n",
        },
        "more/facts.yaml:1:1: `address` stands twice, first at facts.yaml:2:1 — expected it in one of the files",
    ),
]


@pytest.mark.parametrize(("files", "text"), TWICE, ids=[text[:40] for _, text in TWICE])
def test_nothing_is_defined_twice(load: Load, files: dict[str, str], text: str) -> None:
    assert text in load(files).told


CIRCLES = [
    (
        {"one": "include: shared/two.yaml\n", "two": "include: shared/one.yaml\n", "bye": BYE},
        "shared/two.yaml:1:10: files include each other in a circle: shared/one.yaml → shared/two.yaml → "
        "shared/one.yaml — expected one that does not lead back",
    ),
    (
        {"one": "include: flows/main.yaml\n", "bye": BYE},
        "shared/one.yaml:1:10: files include each other in a circle: flows/main.yaml → shared/one.yaml → "
        "flows/main.yaml — expected one that does not lead back",
    ),
]


@pytest.mark.parametrize(("pieces", "text"), CIRCLES, ids=["two pieces", "the flow itself"])
def test_circles(load: Load, pieces: dict[str, str], text: str) -> None:
    assert load(including("[shared/one.yaml, shared/bye.yaml]", **pieces)).told == [text]


def test_too_many_files(load: Load) -> None:
    pieces = {f"p{n}": f"steps: {{s{n}: {{end: goodbye}}}}\n" for n in range(100)}
    what = ", ".join(["shared/bye.yaml", *(f"shared/{name}.yaml" for name in pieces)])
    (problem,) = load(including(f"[{what}]", bye=BYE, **pieces)).told
    assert problem.endswith(": includes too many files — expected at most 100")


def told_with(tmp_path: Path, make: str, target: Path) -> list[str]:
    """What is told when shared/bye.yaml is a link there."""
    ivr = with_overlay(tmp_path, {"flows/main.yaml": MAIN.format("shared/bye.yaml")})
    (ivr / "shared").mkdir()
    (ivr / make).symlink_to(target)
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(ivr, PROMPTS)
    return [first_line(problem, tmp_path) for problem in refused.value.problems]


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(BYE, "utf-8")
    expected = (
        "flows/main.yaml:1:10: `shared/bye.yaml` is a link that leads out of this folder — expected the file itself"
    )
    assert expected in told_with(tmp_path, "shared/bye.yaml", outside)


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    told = told_with(tmp_path, "shared/bye.yaml", tmp_path / "ivr" / "shared" / "bye.yaml")
    assert any(problem.startswith("flows/main.yaml:1:10: no file `shared/bye.yaml`") for problem in told)


def test_a_link_within_the_folder(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {"flows/main.yaml": MAIN.format("shared/bye.yaml"), "flows/own/bye.yaml": BYE})
    (ivr / "shared").symlink_to(ivr / "flows" / "own")
    assert load_configuration(ivr, PROMPTS)
