"""rota.yaml: what is read, what is refused, what is warned of, and what `switchboard rota` tells."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from switchboard.commands import rota as command
from switchboard.errors import ConfigurationError
from switchboard.flows.checks import check
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, PROJECT, PROMPTS, with_overlay

NOBODY_CALLED = {"flows/main.yaml": "flow: main\nstart: bye\nsteps:\n  bye: {end: goodbye}\n"}  # no flow needs a rota
NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)


def load(tmp_path: Path, text: str) -> list[str]:
    """What is wrong, without the folder."""
    try:
        load_configuration(with_overlay(tmp_path, {"rota.yaml": text, **NOBODY_CALLED}), PROMPTS)
    except ConfigurationError as error:
        return [str(problem).splitlines()[0].partition("rota.yaml:")[2] for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("shift", "problem"),
    [
        (
            "{people: mary}",
            "2:21: no person `mary` — expected one of liis, mari, jaan, anna, peeter, rasmus, eva, ilze; "
            "did you mean `mari`?",
        ),
        (
            "{people: liis}",
            "2:21: `liis` has no phone to be called on — expected a `phone:` or `mobile:` in people.yaml",
        ),
        ("{people: mari, days: Mon}", "2:33: `Mon` is no day — expected days such as `Mo-Fr` or `Sa,Su`"),
        (
            '{people: mari, from: "9:00"}',
            "2:33: `9:00` is no time — expected a time such as `17:00`; 24:00 is midnight",
        ),
        (
            "{people: [mari, jaan]}",
            "2:12: several take turns, and nothing says who begins when — expected `since:` a day",
        ),
        ("{people: mari, turn: yearly}", "2:33: no turn `yearly` — expected one of daily, weekly"),
        ("{days: Mo}", "2:12: a shift lacks `people` — expected a line `people: …`"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(tmp_path: Path, shift: str, problem: str) -> None:
    assert problem in load(tmp_path, f"night:\n  shifts: [{shift}]\n")


def test_an_override_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    text = "night:\n  shifts: [{people: mari}]\n  overrides: [{from: 2026-05-02, until: 2026-05-01, person: jaan}]\n"
    assert load(tmp_path, text) == ["3:15: the override ends before it begins — expected `until` after `from`"]


def test_the_guides_rota_is_read_and_around_the_clock(tmp_path: Path) -> None:
    guide = (PROJECT / "ivr" / "README.md").read_text("utf-8")
    text = guide.partition("\n## Who is on call\n")[2].partition("```yaml\n")[2].partition("```")[0]
    configuration = load_configuration(with_overlay(tmp_path, {"rota.yaml": text, **NOBODY_CALLED}), PROMPTS)
    rota = configuration.rotas["delivery"]
    assert set(yaml.safe_load(text)["delivery"]) == {"shifts", "overrides", "then"}
    assert rota.on_call(datetime(2026, 7, 1, 20, tzinfo=UTC)).why == "stands in: changed with Peeter"
    assert [problem.rule for problem in check(configuration, now=NOW) if problem.rule == "rota-gap"] == []


def test_check_warns_of_a_gap_unless_it_is_meant_so(tmp_path: Path) -> None:
    shift = 'shifts: [{people: mari, days: Mo-Sa, from: "08:00", until: "08:00"}]'
    text = f"night:\n  {shift}\nknown:\n  {shift}\n  gaps: yes\n"
    configuration = load_configuration(with_overlay(tmp_path, {"rota.yaml": text, **NOBODY_CALLED}), PROMPTS)
    (gap,) = [problem for problem in check(configuration, now=NOW) if problem.rule == "rota-gap"]
    assert gap.text == (
        "nobody is on call in rota `night` from Sunday 8 March 2026 08:00 until Monday 9 March 2026 08:00"
    )
    assert gap.place.line == 1


def test_a_folder_without_a_rota_is_whole(tmp_path: Path) -> None:
    folder = with_overlay(tmp_path, NOBODY_CALLED)
    (folder / "rota.yaml").unlink()
    assert not load_configuration(folder, PROMPTS).rotas


def rota(*arguments: str) -> list[str]:
    app = command.typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)  # or Typer would take the only command for granted
    result = CliRunner().invoke(app, ["rota", *arguments, "--ivr", str(EXAMPLE), "--prompts", str(PROMPTS)])
    return result.stdout.splitlines() or result.output.splitlines()


def test_the_command_tells_who_is_on_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert rota("--at", "2026-03-03 20:00") == ["delivery  Jaan Sepp  (shift 2 of 2026-03-03, weekly turn)"]
    lines = rota("delivery", "--days", "4", "--at", "2026-12-22 12:00")
    assert lines[0] == "delivery (Europe/Tallinn): Jaan Sepp  (shift 1 of 2026-12-22)"
    assert lines[-1] == "Thu 24 Dec 2026 00:00  Anna Ivanova  (stands in: Jaan is at home)"
    assert any("no rota 'night'" in line for line in rota("night"))
