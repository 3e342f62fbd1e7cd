"""ScriptedAgentLines are agents' lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import read_action, read_phone
from switchboard.testing.scripted_lines import ScriptedAgentLines
from tests.contract.agent_line_contract import AGENT, PERSON, AgentBench, AgentLineContract


class ScriptedBench:
    """A bench without telephones."""

    def __init__(self) -> None:
        self.lines = ScriptedAgentLines(ManualClock(datetime(2026, 3, 3, 8, tzinfo=UTC)), {})

    def agent(self, behaviour: str, does: str = "") -> None:
        self.lines.phones[AGENT.line] = read_phone(behaviour)
        self.lines.actions[AGENT.extension] = [read_action(does)] if does else []

    def person(self, behaviour: str) -> None:
        self.lines.phones[PERSON.line] = read_phone(behaviour)


@pytest.fixture
def agents() -> AgentBench:
    return ScriptedBench()


class TestScriptedAgentLines(AgentLineContract):
    """The contract."""
