"""`queues:` of organisation.yaml: what may stand there, what is refused, and where it says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from switchboard.domain.organisation import Organisation
from switchboard.domain.queueing import CallbackRules, Queue
from switchboard.domain.ring_strategy import Strategy
from switchboard.errors import ConfigurationError
from switchboard.flows.load import load_configuration
from tests.flows.playing import EXAMPLE, OVERLAYS, PROMPTS, with_overlay

TEXT = (EXAMPLE / "organisation.yaml").read_text("utf-8")


def with_queues(folder: Path, *queues: str) -> Organisation:
    """The example's, and these in lines of their own after its first line, `queues:`."""
    before, found, after = TEXT.partition("\nqueues:")
    rest = after.partition("\n")[2]
    changed = f"{before}{found}\n" + "".join(f"  {queue}\n" for queue in queues) + rest
    return load_configuration(with_overlay(folder, {"organisation.yaml": changed}), PROMPTS).organisation


def test_what_may_stand_there(tmp_path: Path) -> None:
    queues = with_queues(
        tmp_path,
        "usual: {members: peeter}",
        "other: {members: {department: finance}, strategy: random, music: slow, priority: {dealer: 3}}",
        "silent: {members: [anna, peeter], wait: no, position: no, head_start: 90s}",
    ).queues
    assert queues["usual"] == Queue("usual", ("peeter",))
    assert queues["other"] == Queue(
        "other",
        ("anna",),
        strategy=Strategy.RANDOM,
        music="slow",
        priorities={"dealer": 3},
    )
    silent = Queue(
        "silent", ("anna", "peeter"), tells_wait=False, tells_position=False, head_start=timedelta(seconds=90)
    )
    assert queues["silent"] == silent


def test_how_callers_are_called_back(tmp_path: Path) -> None:
    """The overlay has all of it."""
    queues = load_configuration(with_overlay(tmp_path, OVERLAYS / "callback"), PROMPTS).organisation.queues
    ten_minutes = timedelta(minutes=10)
    rules = CallbackRules(3, ten_minutes, timedelta(hours=24), closing="office", role="staff")
    assert queues["sales"].callback == rules


def test_hours_that_nobody_knows_close_nothing(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, OVERLAYS / "callback")
    file = ivr / "organisation.yaml"
    file.write_text(file.read_text("utf-8").replace("closing: office", "closing: offise"), "utf-8")
    with pytest.raises(
        ConfigurationError, match=r"no hours `offise` — expected one of office, .*; did you mean `office`\?"
    ):
        load_configuration(ivr, PROMPTS)


FAULTS = [
    ("{strategy: random}", "queue `q0` lacks `members`"),
    ("{members: pete}", "no person `pete` — expected one of"),
    ("{members: liis}", "person `liis` has no desk phone — expected one with a `phone:` in people.yaml"),
    ("{members: anna, strategy: rundom}", "no strategy `rundom` — expected one of simultaneous, in_order,"),
    ("{members: anna, music: ../etc}", "music `../etc` is not a name — expected letters, digits and `_`, a letter"),
    ("{members: anna, music: ''}", "music"),
    (
        f"{{members: anna, music: {'a' * 31}}}",
        "the name of the music's folder is too long — expected at most 30 letters",
    ),
    ("{members: anna, ring_for: 2m}", "an agent's phone rings too long — expected at most `1m`"),
    ("{members: anna, priority: {vip: 1}}", "no class of clients `vip` — expected one of"),
    ("{members: anna, priority: {dealer: 10}}", "priority"),
    ("{members: anna, most_waiting: 0}", "number of callers"),
    ("{members: anna, musik: slow}", "queue `q11` knows no `musik` — expected one of"),
]


def test_what_is_wrong_is_told_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        with_queues(tmp_path, *(f"q{number}: {fault}" for number, (fault, _) in enumerate(FAULTS)))
    first = TEXT.partition("\nqueues:")[0].count("\n") + 3
    told = [str(each).splitlines()[0].partition("organisation.yaml:")[2] for each in refused.value.problems]
    for number, (fault, text) in enumerate(FAULTS):
        here = [each for each in told if each.startswith(f"{first + number}:")]
        assert len(here) == 1, (fault, here)
        assert text in here[0], fault
    assert len(told) == len(FAULTS)
