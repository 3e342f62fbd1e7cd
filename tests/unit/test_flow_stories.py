"""What differs between two versions of the flows: thing by thing, and in callers' stories."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switchboard.flows.changes import changes
from switchboard.flows.configuration import Configuration
from switchboard.flows.exploration import Explorer
from switchboard.flows.load import load_configuration
from switchboard.flows.moves import World
from switchboard.flows.stories import Parting, Stories
from tests.flows.playing import EXAMPLE, MAIN_NUMBER, PROMPTS

TUESDAY = datetime(2026, 3, 3, 8, tzinfo=UTC)
TUESDAY_EVENING = datetime(2026, 3, 3, 15, 30, tzinfo=UTC)  # 17:30 in Tallinn

Edits = tuple[tuple[str, str, str], ...]
Draft = Callable[[Edits], Configuration]


@pytest.fixture(scope="module")
def live() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """The example organisation with texts of its files replaced."""

    def load(edits: Edits) -> Configuration:
        shutil.copytree(EXAMPLE, tmp_path / "ivr")
        shutil.copytree(PROMPTS, tmp_path / "prompts")
        for name, old, new in edits:
            file = tmp_path / name
            text = file.read_text("utf-8")
            assert old in text, f"{name} has no {old!r}"
            file.write_text(text.replace(old, new, 1), "utf-8")
        return load_configuration(tmp_path / "ivr", tmp_path / "prompts")

    return load


def stories(old: Configuration, new: Configuration, *instants: datetime) -> list[Parting]:
    comparing = Stories(Explorer(old, with_languages=False), Explorer(new, with_languages=False))
    found = comparing.compare([World(instant, "+37255501234", MAIN_NUMBER) for instant in instants or (TUESDAY,)])
    assert comparing.is_complete
    return found


SWAPPED = (("ivr/flows/main.yaml", "2: orders, 3: information, 4: people", "2: people, 3: information, 4: orders"),)


def test_nothing_differs_from_itself(live: Configuration, draft: Draft) -> None:
    same = draft(())
    assert changes(live, same) == []
    assert stories(live, same, TUESDAY, TUESDAY_EVENING) == []


def test_keys_that_lead_elsewhere(live: Configuration, draft: Draft) -> None:
    new = draft(SWAPPED)
    (change,) = changes(live, new)
    assert change.what == "step main.menu"
    assert set(change.details) == {"key 2: orders → people", "key 4: people → orders"}
    told = {(parting.did, parting.was.told, parting.now.told) for parting in stories(live, new)}
    assert told == {
        (("presses 2",), "rings Peeter Ozols (120)", "is asked what to press"),
        (("presses 4",), "is asked what to press", "rings Peeter Ozols (120)"),
    }


def test_a_key_that_is_new_was_a_wrong_one(live: Configuration, draft: Draft) -> None:
    new = draft(
        (
            (
                "ivr/flows/main.yaml",
                "5: appointments, 9: language, 0: reception}\n    timeout",
                "5: appointments, 6: orders, 9: language, 0: reception}\n    timeout",
            ),
        )
    )
    (parting,) = stories(live, new)
    assert (parting.did, parting.was.told) == (("presses 6",), "rings Reception (100)")
    assert parting.now.told == "rings Peeter Ozols (120)"


def test_a_longer_day_changes_what_callers_of_the_evening_can_do(live: Configuration, draft: Draft) -> None:
    new = draft((("ivr/hours.yaml", "13:00-17:00; PH off", "13:00-18:00; PH off"),))
    assert "opening hours office" in [change.what for change in changes(live, new)]
    assert stories(live, new, TUESDAY) == []
    evening = stories(live, new, TUESDAY_EVENING)
    assert (("presses 1",), "is asked what to press") in [(each.did, each.now.told) for each in evening]


def test_a_step_that_is_renamed_changes_no_story(live: Configuration, draft: Draft) -> None:
    new = draft(
        (
            ("ivr/flows/information.yaml", "address: {info: address", "whereabouts: {info: address"),
            ("ivr/flows/information.yaml", "3: prices, 5: address", "3: prices, 5: whereabouts"),
            ("ivr/flows/information.yaml", "4: showroom, 5: address", "4: showroom, 5: whereabouts"),
        )
    )
    assert {change.what for change in changes(live, new)} == {
        "step information.menu",
        "step information.visiting",
        "step information.address",
        "step information.whereabouts",
    }
    assert stories(live, new) == []


def test_a_reworded_prompt_is_told_once_and_sends_nobody_elsewhere(live: Configuration, draft: Draft) -> None:
    new = draft((("prompts/texts/en.yaml", "Good food for good kitchens", "Fine food for fine kitchens"),))
    (change,) = changes(live, new)
    assert change.what == "prompt welcome (en)"
    assert "Fine food" in change.details[0]
    (parting,) = stories(live, new)
    assert not parting.ends_elsewhere


def test_a_longer_ring_and_another_person(live: Configuration, draft: Draft) -> None:
    new = draft(
        (("ivr/flows/shared/closing.yaml", "ring: reception\n    for: 25s", "ring: {person: anna}\n    for: 45s"),)
    )
    change, *others = changes(live, new)
    assert {change.what, *(each.what for each in others)} == {
        f"step {flow}.reception" for flow in ("main", "sales", "mailbox")
    }
    assert set(change.details) == {"phone: 100 Reception → 110 Anna Ivanova", "timeout: 25s → 45s"}
    assert "Anna Ivanova (110)" in stories(live, new)[0].now.told


def test_a_number_that_is_no_longer_answered(live: Configuration, draft: Draft) -> None:
    new = draft((("ivr/organisation.yaml", '"6002000":', '"6009000":'),))
    told = [(change.what, change.how) for change in changes(live, new)]
    assert ("number 6002000", "removed") in told
    assert ("number 6009000", "added") in told
    (parting,) = Stories(Explorer(live), Explorer(new)).compare([World(TUESDAY, "", "6002000")])
    assert parting.did == ()
    assert parting.now.told == "is not answered"
