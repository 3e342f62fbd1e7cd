"""`switchboard graph`: every step and way is in the picture, nothing in a text breaks it, and it is always the same."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands import graph
from switchboard.errors import RecordsUnreachable
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.flows.picture import OWN_STEPS, BoxKind, Callers, Page, pages, with_references
from switchboard.flows.picture_layout import cut, lay_out, measure, wrap
from switchboard.flows.picture_svg import A4, GREY, as_document, draw
from switchboard.flows.steps import STEP_TYPES
from switchboard.postgres.edges import TakenEdges
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS, with_overlay

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert('x')</script> & \"]]>\u202e\u0007 {{ x }}"


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


@pytest.fixture(scope="module")
def drawn(configuration: Configuration) -> list[Page]:
    return pages(configuration)


def texts(document: str) -> str:
    return "\n".join(element.text or "" for element in ElementTree.fromstring(document).iter(f"{SVG}text"))


def steps_of(flow: str, configuration: Configuration) -> dict[str, str]:
    """The steps that the flow's file has, each with the box's id."""
    return {name: f"step {name}" for name in configuration.flows[flow].steps if name not in OWN_STEPS}


@pytest.mark.parametrize("flow", ["main", "sales", "information", "department(department=finance)"])
def test_every_step_and_every_way_is_there(configuration: Configuration, flow: str) -> None:
    (page,) = pages(configuration, flow=flow)
    boxes = {box.id: box for box in page.boxes}
    labels = {(arrow.tail, arrow.head): arrow.labels for arrow in page.arrows}
    for name, box in steps_of(flow, configuration).items():
        step = configuration.flows[flow].steps[name]
        assert boxes[box].type == step.type
        assert boxes[box].place == f"{step.file}:{step.line}"
        for outcome, target in step.routes.items():
            # One that leads where the outcome leads that it is like goes without saying.
            like = {each.name: each.like for each in STEP_TYPES[step.type].outcomes}.get(outcome, "")
            label = (like if step.routes.get(like) == target else outcome).replace("_", " ")
            told = labels[box, f"step {target}"]
            assert any(label in each or outcome.startswith("case") for each in told) or told == ("",)
    document = as_document(draw([page]))
    for box in page.boxes:
        assert cut(box.name, 98, 9.5) in texts(document)
    assert len(list(ElementTree.fromstring(document).iter(f"{SVG}polygon"))) == len(page.arrows)


def test_what_kind_of_box(configuration: Configuration) -> None:
    (page,) = pages(configuration, flow="main")
    kinds = {box.name: box.kind for box in page.boxes}
    assert kinds["6001000"] is BoxKind.ENTRY
    assert kinds["menu"] is kinds["language"] is BoxKind.QUESTION
    assert kinds["reception"] is BoxKind.PERSON
    assert kinds["sales"] is kinds["orders"] is BoxKind.FLOW
    assert kinds["bye"] is BoxKind.END
    assert kinds["greet"] is BoxKind.STEP
    gist = {box.name: box.gist for box in page.boxes}
    assert gist["greet"] == ("“Welcome to Northern Larder. Good food for good kitchens.”",)
    assert gist["reception"] == ("100 Reception, for 25 s",)
    assert gist["orders"] == ("through flow department (logistics) and back",)


def test_ways_of_one_target_share_an_arrow(configuration: Configuration) -> None:
    (page,) = pages(configuration, flow="main")
    assert [arrow.labels for arrow in page.arrows if arrow.tail == "step reception"] == [
        ("answered",),
        ("busy", "no answer", "declined", "unavailable", "failed"),
    ]


def test_a_switch_tells_its_cases(configuration: Configuration) -> None:
    (page,) = pages(configuration, flow="sales")
    (arrow,) = [each for each in page.arrows if (each.tail, each.head) == ("step from_where", "step hours")]
    assert arrow.labels == ("6001000",)


def test_a_switch_tells_its_conditions(tmp_path: Path) -> None:
    flow = (
        "flow: main\nstart: a\nsteps:\n  a:\n    switch: caller\n    cases:\n"
        "      - {when: 'time < 12:00 and weekday = friday', next: bye}\n      - {starts: '+371', next: bye}\n"
        "      - {is: '', next: other}\n    on: {otherwise: other}\n  bye: {end: goodbye}\n  other: {end: welcome}\n"
    )
    ivr = with_overlay(tmp_path, {"flows/main.yaml": flow})
    (page,) = pages(load_configuration(ivr, PROMPTS), flow="main")
    first, second = (arrow for arrow in page.arrows if arrow.tail == "step a")
    assert first.labels == ("time < 12:00 and weekday = friday", "+371…")
    assert second.labels == ("withheld", "otherwise")


def test_the_steps_of_every_flow_are_drawn_where_they_are_led_to(configuration: Configuration) -> None:
    (information,) = pages(configuration, flow="information")
    assert {"reception", "reception away", "goodbye"} <= {box.name for box in information.boxes}
    (main,) = pages(configuration, flow="main")
    assert "reception away" not in {box.name for box in main.boxes} or "language" in {box.name for box in main.boxes}


def test_numbers_lead_and_so_do_other_flows(drawn: list[Page]) -> None:
    numbers, main, sales, *_ = drawn
    assert main.title.endswith("flow main")
    assert {box.name for box in numbers.boxes if box.kind is BoxKind.ENTRY} == {"6001000", "6002000", "6003000"}
    net = [box for box in numbers.boxes if box.kind is BoxKind.NET and box.id.startswith("number 6002000")]
    assert [box.name for box in net] == ["greeting", "Mari Tamm", "message"]
    assert net[1].gist == ("101, for 20 s",)
    assert all(arrow.is_emergency for arrow in numbers.arrows if "net" in arrow.head)
    entries = [box for box in sales.boxes if box.kind is BoxKind.ENTRY]
    assert [(box.name, box.type) for box in entries] == [("6002000", "number"), ("sales", "goto")]


def test_flows_that_differ_in_values_only_share_a_page(drawn: list[Page]) -> None:
    (page,) = [page for page in drawn if page.title.endswith("department")]
    assert page.subtitle == "flows/department.yaml, with finance; logistics"
    (ring,) = [box for box in page.boxes if box.type == "ring_group"]
    assert ring.gist == (
        "finance: Anna Ivanova, for 20 s, simultaneous",
        "logistics: Peeter Ozols, Ilze Berga, for 20 s, simultaneous",
    )


def test_callers_stand_at_the_arrows_and_ways_nobody_took_are_grey(configuration: Configuration) -> None:
    taken = {("main", "menu", "1"): 412, ("main", "menu", "0"): 7, ("main", "menu", "no_input"): 2}
    callers = Callers("of the last 30d", taken, {"6001000": 812})
    (page,) = pages(configuration, flow="main", callers=callers)
    by_way = {(arrow.tail, arrow.head): arrow for arrow in page.arrows}
    assert by_way["number 6001000", "step greet"].total == 812
    assert by_way["step menu", "step sales"].total == 412
    assert by_way["step menu", "step reception"].callers == (7, 2, 0)
    assert by_way["step menu", "step orders"].total == 0
    written = texts(as_document(draw([page])))
    assert {"812", "key 1: 412", "key 0: 7", "no input: 2", "no match: 0"} <= set(written.splitlines())
    paths = {path.get("stroke") for path in ElementTree.fromstring(as_document(draw([page]))).iter(f"{SVG}path")}
    assert paths == {"black", GREY}


def test_instances_of_a_flow_are_counted_together(configuration: Configuration) -> None:
    ids = [f"department(department={name})" for name in ("finance", "logistics")]
    callers = Callers("", {(flow, "ring", "answered"): 5 for flow in ids} | {("people", "finance", "entered"): 9}, {})
    (page,) = pages(configuration, flow="department", callers=callers)
    assert [arrow.total for arrow in page.arrows if "answered" in arrow.labels] == [10]
    assert [arrow.total for arrow in page.arrows if arrow.tail == "from people finance"] == [9]


def test_every_page_is_of_paper_and_everything_lies_on_it(drawn: list[Page]) -> None:
    for page, sheet in zip(drawn, draw(drawn, "note"), strict=True):
        is_large = page.title.endswith(("main", "sales", "information"))
        assert sheet.paper == ("A3" if is_large else "A4")
        assert sorted((sheet.width, sheet.height)) == pytest.approx(
            [side * (2**0.5 if is_large else 1) for side in A4], 1e-3
        )
        root = ElementTree.fromstring(as_document([sheet]))
        sides = ("297.0mm", "420.0mm") if is_large else ("210.0mm", "297.0mm")
        assert {root.get("width"), root.get("height")} == set(sides)
        for sideways in (False, True):
            layout = lay_out(page, sideways=sideways)
            for one in layout.boxes:
                assert one.width / 2 - 1 <= one.x <= layout.width - one.width / 2 + 1
                assert one.height / 2 - 1 <= one.y <= layout.height - one.height / 2 + 1
                others = [each for each in layout.boxes if each is not one]
                assert not any(overlap(one, other) for other in others), one.box


def overlap(one: object, other: object) -> bool:
    def distance(axis: str, size: str) -> float:
        apart = abs(getattr(one, axis) - getattr(other, axis))
        return float(apart - (getattr(one, size) + getattr(other, size)) / 2)

    return distance("x", "width") < -1 and distance("y", "height") < -1


def deeper(number: int) -> str:
    return f"m{number}" if number < 80 else "bye"


def test_references_take_the_place_of_many_arrows_into_one_box(configuration: Configuration) -> None:
    (page,) = pages(configuration, flow="information")
    short = with_references(page)
    references = [box for box in short.boxes if box.kind is BoxKind.REFERENCE]
    assert {"→ menu", "→ nothing"} <= {box.name for box in references}
    assert [arrow.labels for arrow in short.arrows] == [arrow.labels for arrow in page.arrows]
    names = {box.id: box.name.removeprefix("→ ") for box in short.boxes}
    assert [names[arrow.head] for arrow in short.arrows] == [
        next(box.name for box in page.boxes if box.id == arrow.head) for arrow in page.arrows
    ]
    assert max(sum(arrow.head == box.id for arrow in short.arrows) for box in short.boxes) <= 3
    (sheet,) = draw([page])
    assert {"→ menu", "→ nothing"} <= set(texts(as_document([sheet])).splitlines())


def test_a_large_flow_comes_on_larger_paper(tmp_path: Path) -> None:
    menus = "\n".join(
        f"  m{n}: {{menu: main_menu, keys: {{1: {deeper(2 * n + 1)}, 2: {deeper(2 * n + 2)}, 0: bye}}, "
        f"on: {{no_input: m0, no_match: bye}}}}"
        for n in range(80)
    )
    flow = f"flow: main\nstart: m0\nsteps:\n{menus}\n  bye: {{end: goodbye}}\n"
    large = load_configuration(with_overlay(tmp_path, {"flows/main.yaml": flow}), PROMPTS)
    (sheet,) = draw(pages(large, flow="main"))
    assert sheet.paper != "A4"
    assert texts(as_document([sheet])).splitlines().count("menu") == 80


def test_no_text_breaks_the_picture(tmp_path: Path) -> None:
    """Names and prompts are the organisation's own, and still anything; all six languages too."""
    organisation = (EXAMPLE / "organisation.yaml").read_text("utf-8")
    people = (EXAMPLE / "people.yaml").read_text("utf-8")
    cyrillic_and_long = "Ļoti ļoti garš vārds Ирина Владимировна " + "Åäöë" * 40
    said = "{en: '<b>Hi</b> & ]]> \U0001f600', et: 'Õ', lv: 'ļ', ru: 'Ж', sq: 'ë', sv: 'å'}"
    overlay = {
        "organisation.yaml": organisation.replace("name: Northern Larder", "name: '<&> \"Larder\"'"),
        "people.yaml": people.replace("Jaan Sepp", cyrillic_and_long),
        "flows/main.yaml": f"flow: main\nstart: a\nsteps:\n  a: {{say: {said}, next: b}}\n"
        "  b:\n    ring: {person: jaan}\n"
        "    on: {answered: c, busy: c, no_answer: c, declined: c, unavailable: c, failed: c}\n  c: {end: goodbye}\n",
    }
    document = as_document(draw(pages(load_configuration(with_overlay(tmp_path, overlay), PROMPTS))))
    written = texts(document)
    assert "<b>Hi</b> & ]]>" in written
    assert '<&> "Larder": flow main' in written
    assert "Ļoti ļoti garš vārds" in written
    assert not re.search(r"<(script|b)\b", document)


def test_control_characters_are_shown_as_such(configuration: Configuration) -> None:
    (page,) = pages(configuration, flow="department(department=finance)")
    sheets = draw([Page(EVIL, EVIL, page.boxes, page.arrows)], EVIL)
    document = as_document(sheets)
    assert "alert('x')" in texts(document)
    assert not set(document) & {"\u202e", "\u0007"}


def test_the_same_picture_every_time(configuration: Configuration, drawn: list[Page]) -> None:
    assert as_document(draw(drawn)) == as_document(draw(pages(load_configuration(EXAMPLE, PROMPTS))))


@pytest.mark.parametrize("width", [40.0, 126.0])
def test_lines_keep_within_their_width(width: float) -> None:
    text = "For sales, press 1. Tellimusedjakohaletoimetamine Приёмная 漢字漢字漢字 e\u0301"
    lines = wrap(text, width, 8)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(measure(line, 8) <= width for line in lines)
    assert measure(cut(text, width, 8), 8) <= width
    assert cut("short", 99, 8) == "short"


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    graph.register(app)
    return CliRunner().invoke(app, ["graph", *arguments], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    return tmp_path


def test_one_file_or_a_folder_of_pages_or_printed(folder: Path) -> None:
    said = run(str(EXAMPLE), "--no-records").stdout
    assert said == "flows.svg: 8 pages of A4, A3, callers not counted\n"
    assert run(str(EXAMPLE), "--no-records", "-o", "-").stdout == (folder / "flows.svg").read_text("utf-8")
    run(str(EXAMPLE), "--no-records", "-o", "pages")
    names = sorted(path.name for path in (folder / "pages").iterdir())
    assert names[:2] == ["01-numbers.svg", "02-flow-main.svg"]
    assert len(names) == 8
    with pytest.raises(Exception, match=r"-o: cannot write nowhere/x\.svg: No such file"):
        run(str(EXAMPLE), "--no-records", "-o", "nowhere/x.svg")


def test_an_unknown_flow(folder: Path) -> None:
    result = run(str(EXAMPLE), "--no-records", "--flow", "departmant")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "no such flow — expected appointments, department, information, mailbox, main, people, sales; "
        "did you mean `department`?\n"
    )


def test_records_are_counted_where_there_are_any(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(dsn: str, since: object) -> TakenEdges:
        raise RecordsUnreachable("nobody there")

    async def empty(dsn: str, since: object) -> TakenEdges:
        return TakenEdges({}, {})

    async def some(dsn: str, since: object) -> TakenEdges:
        return TakenEdges({("main", "menu", "1"): 41}, {"6001000": 99})

    monkeypatch.setattr("switchboard.commands.calls.database_url", lambda: "postgresql://")
    arguments = (str(EXAMPLE), "--flow", "main", "-o", "main.svg", "--since", "2w")
    for taken, told in ((away, "callers are not counted: nobody there"), (empty, "no calls are recorded of the last")):
        monkeypatch.setattr("switchboard.postgres.edges.taken_edges", taken)
        result = run(*arguments)
        assert told in result.stderr
        assert "callers not counted" in result.stdout
        assert "grey: nobody" not in (folder / "main.svg").read_text("utf-8")
    monkeypatch.setattr("switchboard.postgres.edges.taken_edges", some)
    assert run(*arguments).stdout == "main.svg: 1 page of A3, of the last 2w\n"
    written = texts((folder / "main.svg").read_text("utf-8"))
    assert "key 1: 41" in written
    assert "callers of the last 2w; grey: nobody." in written


def test_the_readmes_picture_is_of_the_example_organisation(folder: Path) -> None:
    """Drawn by `switchboard graph ivr --flow main --no-records -o ivr/main.svg`."""
    told = run(str(EXAMPLE), "--flow", "main", "--no-records", "-o", "main.svg")
    assert told.exit_code == 0
    assert (PROJECT / "ivr" / "main.svg").read_text("utf-8") == (folder / "main.svg").read_text("utf-8"), (
        "draw it anew: switchboard graph ivr --flow main --no-records -o ivr/main.svg"
    )
    assert "(ivr/main.svg)" in (PROJECT / "README.md").read_text("utf-8")
