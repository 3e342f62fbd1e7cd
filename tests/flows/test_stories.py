"""Each file of stories/ is a caller's story: a script, and beside it what must happen, as a transcript and a record."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from switchboard.domain.call_record import CallEvent, EventKind, derive
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from tests.flows.playing import A_TUESDAY, EXAMPLE, MAIN_NUMBER, OVERLAYS, PROMPTS, Played, Script, play, with_overlay

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))
KEYS = {
    "story",
    "at",
    "number",
    "from",
    "phones",
    "caller",
    "client",
    "screened",
    "lookups",
    "overlay",
    "presence",
    "room",
    "messages",
    "swaps",
    "booked",
    "for",
    "taken",
    "snatched",
    "calendars",
}


@cache
def configuration_of(overlay: str) -> Configuration:
    """The example organisation, or one with an overlay's files in their places."""
    if not overlay:
        return load_configuration(EXAMPLE, PROMPTS)
    with TemporaryDirectory() as folder:
        return load_configuration(with_overlay(Path(folder), OVERLAYS / overlay), PROMPTS)


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_story(story: Path, request: pytest.FixtureRequest) -> None:
    told: dict[str, Any] = yaml.load(story.read_text("utf-8"), yaml.BaseLoader)
    assert not set(told) - KEYS
    configuration = configuration_of(told.get("overlay", ""))
    script = Script(
        told.get("at", A_TUESDAY),
        told.get("number", MAIN_NUMBER),
        told.get("from", "+37255501234"),
        told.get("phones", {}),
        told.get("caller", []),
        told.get("presence", {}),
        client=told.get("client", ""),
        lookups=told.get("lookups", ""),
        screened=told.get("screened", ""),
        room=told.get("room", "yes") == "yes",
        swaps=told.get("swaps", []),
        messages=told.get("messages", {}),
        booked=told.get("booked", []),
        booked_with=told.get("for", ""),
        taken=told.get("taken", []),
        snatched=int(told.get("snatched", 0)),
        calendars=told.get("calendars", ""),
    )
    played = await play(configuration, script)
    check_what_always_holds(played, configuration)
    expected = story.with_suffix(".txt")
    happened = written(told["story"], played)
    if request.config.getoption("--rewrite-goldens", default=False):
        expected.write_text(happened, "utf-8")
    assert happened == expected.read_text("utf-8"), "if it is meant so: make goldens"


def check_what_always_holds(played: Played, configuration: Configuration) -> None:
    kinds = [event.kind for event in played.events]
    assert kinds[0] is EventKind.OFFERED
    assert kinds[-1] is EventKind.ENDED
    assert kinds.count(EventKind.ENDED) == 1
    assert set(played.call.heard) <= configuration.utterances, "said something that was not rendered beforehand"
    assert not played.call.left, "the caller's script has lines that never came due"
    assert not derive(played.events).irregularities


def written(title: str, played: Played) -> str:
    record = [line for event in played.events if (line := _line(event))]
    return "\n".join([f"# {title}", "", *played.call.transcript, "", "# The record", "", *record, ""])


def _line(event: CallEvent) -> str:
    data = dict(event.data)
    if event.kind is EventKind.STEP:
        decided_on = f" ({data['decided_on']})" if data["decided_on"] else ""
        return f"{data['flow']}.{data['step']}: {data['type']} -> {data['outcome']}{decided_on}"
    data.pop("flow_version", None)
    if event.kind is EventKind.CALLBACK:
        del data["id"], data["call_id"]  # another each time
    if event.kind is EventKind.APPOINTMENT:
        del data["id"]
    return " ".join([f"{event.kind.value}:", *(f"{key}={value}" for key, value in data.items())])


def test_every_expected_transcript_belongs_to_a_story() -> None:
    written_for = {path.stem for path in (Path(__file__).parent / "stories").glob("*.txt")}
    assert written_for == {path.stem for path in STORIES}
