"""Holds a call that was played against what the exploration foretold of it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import datetime

from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.flows.caller_classes import answers, compared_numbers, facts_of
from switchboard.flows.configuration import Configuration
from switchboard.flows.moves import State
from switchboard.flows.reachability import Reached
from switchboard.flows.time_cells import Cell
from switchboard.testing.script import read_client, read_keys
from tests.flows.playing import Played, Script

UNFINISHED = {"hangup", "fault"}  # how a step is noted that was broken off: by the caller, by the 200th step


@dataclass(frozen=True)
class Foretold:
    """What was explored, and how a real call is found in it."""

    configuration: Configuration
    reached: Reached
    cells: list[Cell]

    def check(self, played: Played, script: Script) -> None:
        """Every step that was left was left as foretold, from a state foretold for that caller, number and time."""
        standing: set[State | None] = {*self.reached.explorer.beginnings(script.number)}
        for event in played.of(EventKind.STEP):
            if event.data["outcome"] in UNFINISHED:
                assert standing - {None}
                break
            following = self._after(standing, event, script)
            assert following, f"{event.data} was not foretold; stood at {standing}"
            standing = following
        else:
            is_over = played.call.ended_by == "switchboard" and not played.of(EventKind.FAULT)
            assert not is_over or None in standing, f"ended at {standing}"

    def _after(self, standing: set[State | None], event: CallEvent, script: Script) -> set[State | None]:
        """Where the call may stand after a step."""
        places = self._places(script, datetime.fromisoformat(event.data["entered_at"]), event.at)
        following: set[State | None] = set()
        for state in standing:
            if state is None or (state.flow, state.step) != (event.data["flow"], event.data["step"]):
                continue
            for worlds, move in self.reached.moves(state):
                if worlds & places and move.left.outcome == event.data["outcome"]:
                    following.add(move.to)
        return following

    def _places(self, script: Script, since: datetime, until: datetime) -> int:
        """The worlds of this caller and number, at any time from `since` to `until`."""
        worlds = self.reached.worlds
        compared = compared_numbers(self.configuration)
        client = read_client(script.client) if script.caller else None
        facts = facts_of(client, self.configuration)
        is_like = [
            answers(each.number, compared) == answers(script.caller, compared)
            and (each.client is None) == (client is None)
            and facts_of(each.client, self.configuration) == facts
            for each in worlds.classes
        ]
        assert is_like.count(True) == 1, "a caller is of one class"
        row = worlds.numbers.index(script.number) * len(worlds.classes) + is_like.index(True)
        found = 0
        for place, cell in enumerate(self.cells):
            if any(begins <= until and since < ends for begins, ends in cell.intervals):
                found |= 1 << (row * len(self.cells) + place)
        assert found
        return found


def script_of(command: str) -> Script:
    """The script of a `switchboard simulate` command, as the shortest call of a problem ends with."""
    words = shlex.split(command)
    given = dict(zip(words[3::2], words[4::2], strict=True))
    return Script(
        at=given["--at"],
        number=given["--to"],
        caller=given["--from"].replace("withheld", ""),
        client=given.get("--client", ""),
        language=given.get("--language", ""),
        lookups=given.get("--lookups", ""),
        screened=given.get("--screened", ""),
        phones=dict(re.findall(r"(\d+)=([a-z ]+)", given.get("--phones", ""))),
        does=read_keys(given["--keys"]),
    )


def caller_did_something(played: Played) -> bool:
    """Pressed a key, or talked."""
    return bool(played.of(EventKind.TALKING)) or any("caller presses" in line for line in played.call.transcript)
