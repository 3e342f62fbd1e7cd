"""Whatever the interpreter is seen to do, in random flows with random callers, `check` had foretold."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from switchboard.domain.call_record import EventKind
from switchboard.errors import ConfigurationError
from switchboard.flows.caller_classes import caller_classes
from switchboard.flows.checks import examine
from switchboard.flows.load import load_configuration
from switchboard.flows.reachability import explore
from switchboard.flows.time_cells import boundaries, cells
from switchboard.flows.worlds import Worlds
from tests.flows.foretelling import Foretold, caller_did_something, script_of
from tests.flows.playing import play
from tests.flows.random_flows import random_script, write_flows, write_folder

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 8
CALLS = 6  # for each set of flows
ENDLESS = {"unbounded-loop", "forward-loop", "too-many-steps"}


def check_foretells(random: Random) -> None:
    """One set of flows, a few calls through them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder)
        write_flows(folder, random)
        try:
            configuration = load_configuration(folder / "ivr", folder / "prompts")
        except ConfigurationError:
            assume(False)
    times = cells(configuration, FIRST, DAYS)
    worlds = Worlds(tuple(configuration.organisation.numbers), caller_classes(configuration), times)
    foretold = Foretold(configuration, explore(configuration, worlds), times)
    problems = examine(configuration, now=FIRST).problems
    for problem in problems:
        if problem.call and problem.call[-1].startswith("switchboard simulate"):
            played = asyncio.run(play(configuration, script_of(problem.call[-1])))
            passed = {(event.data["file"], event.data["line"]) for event in played.of(EventKind.STEP)}
            place = (problem.place.file.rpartition("ivr/")[2], problem.place.line)
            assert place in passed, f"{problem}\ndoes not happen:\n" + "\n".join(played.call.transcript)
    rules = {problem.rule for problem in problems}
    instants = [instant for instant in boundaries(configuration, FIRST, DAYS)[1:] if (instant - FIRST).days < DAYS - 1]
    for _ in range(CALLS):
        script = random_script(random, instants)
        played = asyncio.run(play(configuration, script))
        foretold.check(played, script)
        if played.of(EventKind.FAULT) and not caller_did_something(played):
            assert rules & ENDLESS, "a caller who did nothing went round for ever, and no loop was found"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.randoms(use_true_random=False))
def test_what_happens_was_foretold(random: Random) -> None:
    check_foretells(random)
