"""The instants at which two versions answer differently, and `switchboard diff`, which prints them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.diff import register
from switchboard.flows.answers import answer_changes, instants_apart, recurring
from switchboard.flows.configuration import Configuration
from tests.unit.test_flow_stories import Draft, draft, live

__all__ = ["draft", "live"]  # fixtures

FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)  # a Monday, four weeks before the clocks change
NIGHTS = (
    'nights:\n  open: "Mo-Su 02:00-04:00; PH off"\n  spoken: {en: At night.}\n',
    'nights:\n  open: "Mo-Su 02:30-04:00; PH off"\n  spoken: {en: At night.}\n',
)


def hours(text: str) -> tuple[tuple[str, str, str], ...]:
    """An edit that adds opening hours at the end of hours.yaml's comment."""
    return (("ivr/hours.yaml", "\noffice:\n", f"\n{text}\noffice:\n"),)


def test_every_day_that_is_longer(live: Configuration, draft: Draft) -> None:
    new = draft((("ivr/hours.yaml", "13:00-17:00; PH off", "13:00-18:00; PH off"),))
    found = answer_changes(live, new, FIRST, days=35)
    office = [each for each in found if each.what == "opening hours office"]
    assert {(each.was, each.now) for each in office} == {("closed", "open")}
    assert {(each.since.hour, each.until - each.since) for each in office} == {(17, timedelta(hours=1))}
    assert len(office) == 24, "five weeks of five days, but for Good Friday"
    (pattern,) = [each for each in recurring(found) if each.changes[0].what == "opening hours office"]
    assert pattern.told == "Mon, Tue, Wed, Thu, Fri 17:00-18:00, 24 times from Mon 02 Mar 2026 to Thu 02 Apr 2026"


def test_half_days_and_holidays_stay_as_they_are(live: Configuration, draft: Draft) -> None:
    new = draft((("ivr/hours.yaml", "13:00-17:00; PH off", "13:00-18:00; PH off"),))
    days = {each.since.date().isoformat() for each in answer_changes(live, new, FIRST, days=400)}
    assert "2026-06-22" not in days, "a half day, by its own override"
    assert "2026-12-25" not in days, "a public holiday"
    assert "2026-06-25" in days


def test_both_nights_in_which_the_clocks_change(live: Configuration, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    versions = []
    for folder, text in zip((first, second), NIGHTS, strict=True):
        folder.mkdir()
        versions.append(_loaded(folder, text))
    found = {
        each.since.date().isoformat(): each.until - each.since
        for each in answer_changes(*versions, FIRST, days=400)
        if each.what == "opening hours nights"
    }
    assert found["2026-03-28"] == timedelta(minutes=30)
    assert found["2026-10-26"] == timedelta(minutes=30)
    spring, autumn = "2026-03-29", "2026-10-25"
    for night in (spring, autumn):
        for version, since in zip(versions, ("02:00", "02:30"), strict=True):
            local = datetime.fromisoformat(f"{night} {since}").replace(tzinfo=version.local(FIRST).tzinfo)
            assert version.hours["nights"].state_at(local.astimezone(UTC)).kind == "open", (night, since)
    assert spring in found
    assert autumn in found


def _loaded(folder: Path, text: str) -> Configuration:
    import shutil

    from switchboard.flows.load import load_configuration
    from tests.flows.playing import EXAMPLE, PROMPTS

    shutil.copytree(EXAMPLE, folder / "ivr")
    file = folder / "ivr" / "hours.yaml"
    file.write_text(file.read_text("utf-8") + "\n" + text, "utf-8")
    return load_configuration(folder / "ivr", PROMPTS)


def test_a_fact_with_another_end(live: Configuration, draft: Draft) -> None:
    new = draft(
        (
            (
                "ivr/facts.yaml",
                "from: 2026-01-01\n    until: 2026-12-31",
                "from: 2026-01-01\n    until: 2026-11-30",
            ),
        )
    )
    (change,) = answer_changes(live, new, FIRST, days=400)
    assert change.what == "fact price_list"
    assert (change.since.date().isoformat(), change.until.date().isoformat()) == ("2026-12-01", "2027-01-01")
    assert change.now == "nothing"


def test_an_instant_is_found_for_every_pair_of_answers(live: Configuration, draft: Draft) -> None:
    new = draft((("ivr/hours.yaml", "13:00-17:00; PH off", "13:00-18:00; PH off"),))
    instants = instants_apart(live, new, FIRST)
    pairs = {
        (live.hours["office"].state_at(instant).kind, new.hours["office"].state_at(instant).kind)
        for instant in instants
    }
    assert {("open", "open"), ("closed", "closed"), ("closed", "open"), ("holiday", "holiday")} <= pairs


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["diff", *arguments], catch_exceptions=False)


def test_diff_tells_changes_stories_and_instants(draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    draft(
        (
            ("ivr/hours.yaml", "13:00-17:00; PH off", "13:00-18:00; PH off"),
            ("ivr/flows/main.yaml", "2: orders, 3: information, 4: people", "2: people, 3: information, 4: orders"),
        )
    )
    told = run("ivr", str(tmp_path / "ivr"))
    assert told.exit_code == 1
    for line in (
        "      key 2: orders → people",
        "      hours: Mo-Fr 09:00-12:30,13:00-17:00; PH off → Mo-Fr 09:00-12:30,13:00-18:00; PH off",
        "      presses 2",
        "      was: rings Peeter Ozols (120), after “One moment, please. I am connecting you.”",
        "  opening hours office: closed → open",
    ):
        assert line in told.stdout.splitlines(), told.stdout
    as_json = json.loads(run("ivr", str(tmp_path / "ivr"), "--json").stdout)
    assert {"changes", "stories", "answers"} == set(as_json)
    assert any(story["did"] == ["presses 2"] for story in as_json["stories"])


def test_diff_of_the_same_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    told = run("ivr", "ivr")
    assert (told.exit_code, told.stdout) == (0, "Nothing differs.\n")


def test_diff_of_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_STATE", str(tmp_path / "state"))
    for name, said in (("nowhere", "is neither a folder, nor `live`"), ("live", "nothing is live yet")):
        told = run(name, "ivr")
        assert told.exit_code == 2
        assert said in " ".join(told.output.replace("│", " ").split())
