"""Recorded calls against a draft: the caller and the phones do what they did, and it is told where that leads now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.testing.replay import Replayed, replay
from tests.flows.playing import A_TUESDAY, EXAMPLE, MAIN_NUMBER, PROMPTS, Script, play, with_overlay
from tests.flows.test_stories import STORIES, configuration_of


async def recorded(configuration: Configuration, script: Script) -> Sequence[CallEvent]:
    return (await play(configuration, script)).events


async def replayed(events: Sequence[CallEvent], draft: Configuration) -> Replayed:
    found = await replay(events[0].call_id, events, draft)
    assert found is not None
    return found


def draft_of(folder: Path, file: str, old: str, new: str) -> Configuration:
    text = (EXAMPLE / file).read_text("utf-8")
    assert old in text
    return load_configuration(with_overlay(folder, {file: text.replace(old, new)}), PROMPTS)


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_every_story_goes_the_same_way_in_the_same_version(story: Path) -> None:
    told: dict[str, Any] = yaml.load(story.read_text("utf-8"), yaml.BaseLoader)
    configuration = configuration_of(told.get("overlay", ""))
    number, caller = told.get("number", MAIN_NUMBER), told.get("from", "+37255501234")
    script = Script(told.get("at", A_TUESDAY), number, caller, told.get("phones", {}), told.get("caller", []))
    again = await replayed(await recorded(configuration, script), configuration)
    assert again.now == again.was
    assert not again.ends_elsewhere
    assert again.parts_at == (None, None)


PRESSES_TWO = Script(phones={"120": "answers after 2s", "121": "no answer"}, does=["press 2"])


async def test_a_call_that_would_talk_to_somebody_else(tmp_path: Path) -> None:
    events = await recorded(configuration_of(""), PRESSES_TWO)
    draft = draft_of(tmp_path, "flows/main.yaml", "2: orders, 3", "2: people, 3")
    found = await replayed(events, draft)
    assert found.ends_elsewhere
    assert found.was.talked_to == ("120",)
    assert found.now.end == "asks what to press, where Peeter Ozols (120) was rung"
    then, now = found.parts_at
    assert then is not None
    assert now is not None
    assert (then.name, now.name) == ("main.orders", "main.people")


async def test_a_question_nobody_was_asked_has_no_answer(tmp_path: Path) -> None:
    events = await recorded(configuration_of(""), PRESSES_TWO)
    draft = draft_of(
        tmp_path,
        "flows/main.yaml",
        "  orders:\n    subflow: department",
        "  orders: {menu: sales_menu, keys: {1: sales, 2: sales}, on: {no_input: sales, no_match: sales}}\n"
        "  orders_before:\n    subflow: department",
    )
    found = await replayed(events, draft)
    assert found.now.end == "asks what to press, where Peeter Ozols (120) was rung"
    assert found.ends_elsewhere


async def test_silence_answers_however_often_the_draft_asks(tmp_path: Path) -> None:
    events = await recorded(configuration_of(""), Script(phones={"100": "answers after 2s"}))
    draft = draft_of(tmp_path, "flows/main.yaml", "attempts: 3", "attempts: 5")
    assert not (await replayed(events, draft)).ends_elsewhere


async def test_a_number_that_nobody_answers_any_more(tmp_path: Path) -> None:
    events = await recorded(configuration_of(""), Script(number="6002000", does=["press 1"]))
    draft = draft_of(tmp_path, "organisation.yaml", '"6002000"', '"6009000"')
    assert (await replayed(events, draft)).now.end == "nobody answers 6002000 any more"


async def test_calls_that_no_flow_led_are_not_compared() -> None:
    events = await recorded(configuration_of(""), PRESSES_TWO)
    offered = [event for event in events if event.kind is EventKind.OFFERED]
    assert await replay(events[0].call_id, offered, configuration_of("")) is None
    assert await replay(events[0].call_id, events[1:], configuration_of("")) is None
