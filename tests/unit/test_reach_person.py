"""Along a chain: who leaves meanwhile is passed over, mobiles ring only with words for who picks up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switchboard.domain.absence import Absence
from switchboard.domain.call_record import EventKind
from switchboard.domain.dialling import DialOutcome, WhileRinging
from switchboard.domain.forwarding import CHAINS, Callee, Reached
from switchboard.flows.exploration import Explorer
from switchboard.flows.moves import State, World
from switchboard.services.office import Office
from switchboard.services.reach_person import Manner, reach_person
from switchboard.services.record_call import CallRecorder
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_presence import InMemoryPresence
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import read_phone
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, office_of
from tests.unit.conftest import Load

TUESDAY = datetime(2026, 3, 3, 10, tzinfo=UTC)
OVERLAY = """\
flow: main
start: f
steps:
  f: {forward: {person: jaan}, on: {answered: b, busy: b, no_answer: b, nobody: b}}
  b: {end: goodbye}
"""
MOBILE = 'phone: "102", mobile: "+37255501234"'


def two_account_managers(jaan: str = 'phone: "102"') -> str:
    """The example's people.yaml, with Jaan and Mari alone as account managers; Jaan's deputy is Mari, Liis has only a
    mobile."""
    text = (EXAMPLE / "people.yaml").read_text("utf-8").replace(", roles: account_manager", "")
    text = text.replace('phone: "102", deputy: rasmus', f"{jaan}, deputy: mari, roles: account_manager")
    text = text.replace("    deputy: jaan   ", "    roles: account_manager\n    deputy: jaan   ")
    return text.replace("department: reception}", 'department: reception, mobile: "+37255501235"}')


class Reaching:
    """A caller for Jaan, whose deputy is Mari; or for Liis, who has only a mobile."""

    def __init__(self, load: Load, jaan: str = 'phone: "102"', **phones: str) -> None:
        text = two_account_managers(jaan)
        loaded = load({"people.yaml": text})
        assert loaded.configuration is not None, loaded.told
        self.clock, self.ledger = ManualClock(TUESDAY), InMemoryLedger()
        self.office: Office = office_of(loaded.configuration, self.clock, self.ledger)
        behaviours = {extension.removeprefix("p"): read_phone(text) for extension, text in phones.items()}
        self.call = ScriptedCall(self.clock, number="6001000", caller="+37255500001", phones=behaviours)

    @property
    def presence(self) -> InMemoryPresence:
        assert isinstance(self.office.presence, InMemoryPresence)
        return self.office.presence

    async def reached(self, person: str = "jaan", *, announcing: bool = False) -> Reached:
        language = self.office.organisation.default_language
        recorder = CallRecorder(self.call.id, self.ledger, self.clock, language)
        words = self.office.prompts["connecting"] if announcing else None
        manner = Manner(timedelta(seconds=10), WhileRinging.RINGBACK, announcing=words)
        return (await reach_person(self.call, Callee(person), CHAINS["default"], self.office, recorder, manner))[0]

    @property
    def rung(self) -> list[str]:
        rings = [event.data for event in self.ledger.events if event.kind is EventKind.RINGING]
        return [str(each.get("outside") or each["extension"]) for each in rings]

    @property
    def passed_over(self) -> list[tuple[str, str]]:
        skips = [event.data for event in self.ledger.events if event.kind is EventKind.SKIPPED]
        return [(each["person"], each["why"]) for each in skips]


async def test_who_leaves_while_others_ring_is_not_rung(load: Load) -> None:
    story = Reaching(load, p102="no answer", p101="answers")
    leaves = TUESDAY + timedelta(seconds=5)  # while Jaan's phone rings
    story.presence.absences["mari"] = [Absence(leaves, leaves + timedelta(hours=1), "doctor")]
    assert await story.reached() is Reached.NO_ANSWER
    assert story.rung == ["102"]
    assert [person for person, _ in story.passed_over] == ["mari"]
    assert "doctor" in story.passed_over[0][1]


async def test_a_mobile_rings_only_with_words_for_who_picks_up(load: Load) -> None:
    story = Reaching(load, p101="answers after 1s, talks 5s")
    assert await story.reached("liis") is Reached.ANSWERED
    assert story.rung == ["101"]  # another account manager
    assert story.passed_over == [("liis", "only a mobile, and nothing is announced to it")]


async def test_desk_phone_and_mobile_ring_together(load: Load) -> None:
    story = Reaching(load, MOBILE, p102="answers after 1s, talks 5s")
    assert await story.reached(announcing=True) is Reached.ANSWERED
    assert set(story.rung) == {"102", "+37255501234"}
    answered = [event.data for event in story.ledger.events if event.kind is EventKind.TALKING]
    assert [each["extension"] for each in answered] == ["102"]


@pytest.mark.parametrize("refusal", ["busy", "unavailable"])
async def test_all_refuse(load: Load, refusal: str) -> None:
    story = Reaching(load, p102=refusal, p101=refusal)
    assert await story.reached() is (Reached.BUSY if refusal == "busy" else Reached.NOBODY)
    assert DialOutcome(refusal).value in [e.data["outcome"] for e in story.ledger.events if e.kind is EventKind.RUNG]


def test_exploration_finds_every_outcome_in_few_runs(load: Load) -> None:
    loaded = load({"flows/main.yaml": OVERLAY, "people.yaml": two_account_managers()})
    assert loaded.configuration is not None, loaded.told
    explorer = Explorer(loaded.configuration)
    state = State("main", "f", loaded.configuration.organisation.default_language)
    moves = explorer.moves(state, World(TUESDAY, "+37255500001", "6001000"))
    assert {move.left.outcome for move in moves} == {each.value for each in Reached}
    assert explorer.runs <= 20
