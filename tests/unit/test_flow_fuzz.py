"""Damaged folders are refused with places, or serve flows that are whole; nothing else is raised, nothing hangs."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switchboard.domain.call_record import EventKind
from switchboard.errors import ConfigurationError
from switchboard.flows import source
from switchboard.flows.configuration import Configuration, Flow, Step
from switchboard.flows.load import load_configuration
from switchboard.flows.problems import LONGEST_LINE, LONGEST_TEXT, MOST_PROBLEMS
from switchboard.flows.steps import STEP_TYPES
from tests.flows.playing import EXAMPLE, PROMPTS, Script, play
from tests.unit.folder_mutations import files_below, mutated

SEED = 20261123
PHONES = dict.fromkeys(("100", "101", "102", "110", "120", "130"), "answers after 1s, talks 5s")
SOON = (datetime(2026, 12, 23, 11, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example organisation in English alone, which is read in a moment."""
    shutil.copytree(EXAMPLE, tmp_path / "ivr")
    (tmp_path / "prompts" / "texts").mkdir(parents=True)
    shutil.copy(PROMPTS / "texts" / "en.yaml", tmp_path / "prompts" / "texts")
    return tmp_path


def faults_of(configuration: Configuration) -> Iterator[str]:
    """What must never be in a configuration that is served."""
    organisation = configuration.organisation
    for flow in configuration.flows.values():
        if flow.start not in flow.steps:
            yield f"{flow.id} starts nowhere"
        for step in flow.steps.values():
            yield from (f"{flow.id}.{step.name}: {fault}" for fault in step_faults(configuration, flow, step))
    for number in organisation.numbers.values():
        net = number.safety_net
        said = [
            organisation.wording(prompt, number.language)[0]
            for prompt in (net.greeting, net.leave_message, net.goodbye)
        ]
        if number.flow not in configuration.flows or not all(said) or net.ring.extension not in organisation.phones:
            yield f"number {number.number} leads nowhere"
    if organisation.reception.extension not in organisation.phones:
        yield "nobody is behind key 0"
    for utterance in configuration.utterances:
        if not utterance.text.strip() or utterance.language not in organisation.languages:
            yield f"says {utterance}"


def step_faults(configuration: Configuration, flow: Flow, step: Step) -> Iterator[str]:
    missing = {outcome.name for outcome in STEP_TYPES[step.type].outcomes} - set(step.routes)
    if step.type == "subflow":
        missing |= configuration.flows[step.fields.flow].results - set(step.routes)
    if missing:
        yield f"no way out for {missing}"
    if lost := set(step.routes.values()) - set(flow.steps):
        yield f"leads to {lost}"
    if step.type == "goto" and step.fields.to[0] and step.fields.to[0] not in configuration.flows:
        yield f"goes to {step.fields.to}"
    if step.place.line < 1:
        yield "stands nowhere"


async def serves(configuration: Configuration, chance: random.Random) -> None:
    """Its numbers can be called, and its hours asked."""
    for table in configuration.hours.values():
        for instant in SOON:
            assert table.state_at(instant).reason
    for number in configuration.organisation.numbers:
        does = [f"press {chance.choice('0123459*#')}" for _ in range(6)]
        played = await play(configuration, Script(number=number, phones=PHONES, does=does))
        faults = [event.data["error"] for event in played.of(EventKind.FAULT)]
        assert all(str(fault).startswith("more than 200 steps") for fault in faults)
        assert played.events[-1].kind is EventKind.ENDED


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.thorough)])
async def test_damaged_folders(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = files_below(folder)
    nodes: list[int] = []
    read = source._Reader.count

    def counted(reader: source._Reader, more: int, place: source.Place) -> None:
        nodes.append(more)
        read(reader, more, place)

    monkeypatch.setattr(source._Reader, "count", counted)
    refused = 0
    for number in range(count):
        chance = random.Random(SEED + number)
        changed = mutated(files, chance)
        for name, text in changed.items():
            (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        nodes.clear()
        try:
            configuration = load_configuration(folder / "ivr", folder / "prompts")
        except ConfigurationError as error:
            refused += 1
            assert 0 < len(error.problems) <= MOST_PROBLEMS
            for problem in error.problems:
                assert problem.place.line >= 1 <= problem.place.column
                assert 0 < len(problem.text) <= LONGEST_TEXT
                assert len(str(problem)) < 3 * LONGEST_TEXT + 3 * LONGEST_LINE
        else:
            assert not list(faults_of(configuration)), f"seed {SEED + number}"
            await serves(configuration, chance)
        assert len(nodes) <= 2 * source.MOST_NODES * len(changed), f"seed {SEED + number}"
        for name in changed:
            (folder / name).write_text(files[name], "utf-8")
    assert count * 0.5 < refused < count * 0.95


UNREASONABLE = {
    "nested lists": "a: " + "[" * 900_000,
    "nested and closed": "a: " + "[" * 400_000 + "]" * 400_000,
    "nested tables": "{a: " * 200_000,
    "many values": "a:\n" + "- b\n" * 240_000,
    "many documents": "--- \n" * 190_000,
    "many anchors": "".join(f"a{number}: &a{number} x\n" for number in range(40_000)),
    "anchors of anchors": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
    "a long word": "a: " + "x" * 999_000,
    "a long key": "x" * 900_000 + ": 1",
    "a long number": "languages: " + "9" * 900_000,
    "many colons": "a" + ":" * 900_000,
    "an open quote": "a: '" + "''" * 400_000,
    "keys that are wrong": "".join(f"key{number}: 1\n" for number in range(20_000)),
    "too large a file": "# x\n" * 300_000,
}


@pytest.mark.parametrize("name", ["organisation.yaml", "people.yaml", "flows/main.yaml", "facts.yaml"])
@pytest.mark.parametrize("text", list(UNREASONABLE.values()), ids=list(UNREASONABLE))
def test_an_unreasonable_file_is_refused_at_once(name: str, text: str, folder: Path) -> None:
    (folder / "ivr" / name).write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(folder / "ivr", folder / "prompts")
    assert len(str(refused.value)) < MOST_PROBLEMS * 1000
