"""A call is screened before it is answered; whoever is rejected learns nothing, and the record all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.domain.call_record import CallEvent, Disposition, EventKind, derive
from switchboard.domain.call_story import story
from switchboard.domain.dialling import HangupCause
from switchboard.domain.screening import Attestation, Listed, NumberList, Rate, ScreeningRules, SpamLimit, Verdict
from switchboard.errors import ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import conversation_of
from switchboard.flows.load import load_configuration
from switchboard.services.answer_call import answer_call
from switchboard.services.answer_star_code import answer_star_code
from switchboard.services.office import Office
from switchboard.services.screen_call import block_last_caller, screen_number
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import read_action, read_phone
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, MAIN_NUMBER, PROMPTS, Script, office_of, play, with_overlay

NOON = datetime(2026, 3, 3, 10, tzinfo=UTC)
FOE = "+37290000001"


@pytest.fixture(scope="module")
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


class Line:
    """The organisation's number, and a clock that goes on from call to call."""

    def __init__(self, configuration: Configuration, rules: ScreeningRules) -> None:
        organisation = replace(configuration.organisation, screening=rules)
        self.configuration = replace(configuration, organisation=organisation)
        self.clock, self.ledger = ManualClock(NOON), InMemoryLedger()
        self.office: Office = office_of(self.configuration, self.clock, self.ledger)

    async def call(self, caller: str, *, does: str = "", phones: str = "") -> tuple[ScriptedCall, Disposition | None]:
        actions = [read_action(line) for line in does.split(", ") if line]
        behaviours = dict([(phones.partition("=")[0], read_phone(phones.partition("=")[2]))] if phones else [])
        call = ScriptedCall(self.clock, caller=caller, actions=actions, phones=behaviours)
        flow = self.configuration.organisation.numbers[MAIN_NUMBER].flow
        return call, await answer_call(call, self.office, conversation_of(self.configuration, self.office, flow))

    @property
    def events(self) -> list[CallEvent]:
        return self.ledger.events


BLOCKED = ScreeningRules(block=NumberList([Listed("+372900*", "paid calls")]), rejected_as=HangupCause.BUSY)


async def test_a_blocked_caller_is_never_answered(example: Configuration) -> None:
    line = Line(example, BLOCKED)
    call, disposition = await line.call(FOE)
    assert disposition is Disposition.REJECTED
    assert call.transcript == ["switchboard hangs up (busy)"]
    assert not call.is_answered and not call.heard
    row = derive(line.events)
    assert (row.disposition, row.hangup_cause, row.answered_at, row.irregularities) == ("rejected", 17, None, ())
    assert [each.what for each in story(line.events)] == ["offered", "screened: reject", "ended"]
    assert "blocklist: +372900*: paid calls" in [each.why for each in story(line.events)]


async def test_allow_beats_block(example: Configuration) -> None:
    line = Line(example, replace(BLOCKED, allow=NumberList([Listed(FOE, "ours after all")])))
    call, disposition = await line.call(FOE, does="hang up")
    assert disposition is Disposition.ABANDONED
    assert call.is_answered
    screened = next(event for event in line.events if event.kind is EventKind.SCREENED)
    assert screened.data == {"verdict": "allow", "rule": "allowlist", "why": f"{FOE}: ours after all"}


@pytest.mark.parametrize("number", ["", "anonymous", "Restricted"])
async def test_callers_without_a_number(example: Configuration, number: str) -> None:
    _, disposition = await Line(example, ScreeningRules(anonymous=Verdict.REJECT)).call(number)
    assert disposition is Disposition.REJECTED


async def test_who_calls_too_often_is_let_pass_again_later(example: Configuration) -> None:
    line = Line(example, ScreeningRules(rate=Rate(2, timedelta(minutes=5), Verdict.REJECT)))
    found = [(await line.call("5550 1234", does="hang up"))[1] for _ in range(4)]
    assert found == [Disposition.ABANDONED, Disposition.ABANDONED, Disposition.REJECTED, Disposition.REJECTED]
    assert (await line.call("+37255509999", does="hang up"))[1] is Disposition.ABANDONED
    assert screen_number("+37255501234", line.office).verdict is Verdict.REJECT
    line.clock.pass_time(timedelta(minutes=6))
    assert screen_number("+37255501234", line.office).verdict is Verdict.ALLOW, "asking does not count"
    assert (await line.call("+37255501234", does="hang up"))[1] is Disposition.ABANDONED


async def test_what_the_network_vouches_for_is_asked_only_where_it_matters(example: Configuration) -> None:
    line = Line(example, replace(BLOCKED, attestation={Attestation.FAILED: Verdict.REJECT}))
    flow = example.organisation.numbers[MAIN_NUMBER].flow
    for vouched_for, disposition in ((Attestation.FAILED, Disposition.REJECTED), (Attestation.FULL, "abandoned")):
        call = ScriptedCall(line.clock, actions=[read_action("hang up")])
        call.vouched_for = vouched_for
        script = conversation_of(line.configuration, line.office, flow)
        assert await answer_call(call, line.office, script) == disposition


class Scores:
    """A service that knows one nuisance caller."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def score(self, number: str) -> float | None:
        self.asked.append(number)
        return {"+37255501234": 95.0}.get(number)


async def test_a_spam_score_is_asked_for_only_where_nothing_else_decides(example: Configuration) -> None:
    line = Line(example, replace(BLOCKED, spam=SpamLimit(90, Verdict.REJECT)))
    line.office.screening.spam = scores = Scores()
    assert (await line.call("+37255501234"))[1] is Disposition.REJECTED
    assert (await line.call(FOE))[1] is Disposition.REJECTED
    assert (await line.call("", does="hang up"))[1] is Disposition.ABANDONED
    assert (await line.call("+37255509999", does="hang up"))[1] is Disposition.ABANDONED
    assert scores.asked == ["+37255501234", "+37255509999"]


async def test_the_last_caller_of_a_phone_is_blocked(example: Configuration) -> None:
    line = Line(example, ScreeningRules())
    assert await block_last_caller("100", "Liis Kask", line.office) == ""
    await line.call("+37255501234", does="press 0", phones="100=answers, talks 5s")
    assert await block_last_caller("101", "Mari Tamm", line.office) == "", "it did not ring there"
    assert await block_last_caller("100", "Liis Kask", line.office) == "+37255501234"
    blocked = line.events[-1]
    assert blocked.kind is EventKind.BLOCKED
    assert blocked.data["pattern"] == "+37255501234"
    assert derive(line.events).irregularities == ()
    call, disposition = await line.call("5550 1234")
    assert (disposition, call.heard) == (Disposition.REJECTED, [])


async def test_a_star_code_blocks_the_last_caller(example: Configuration) -> None:
    line = Line(example, ScreeningRules())
    await line.call("+37255501234", does="press 0", phones="100=no answer")
    for prompt in ("star_blocked", "star_blocked"):
        phone = ScriptedCall(line.clock, number="*60", caller="100")
        await answer_star_code(phone, "*60", "100", line.office)
        assert phone.heard == [*example.prompts[prompt][example.organisation.default_language]]
    assert (await line.call("+37255501234"))[1] is Disposition.REJECTED


async def test_nothing_is_confirmed_before_it_is_on_disk(example: Configuration) -> None:
    line = Line(example, ScreeningRules())
    await line.call("+37255501234", does="press 0", phones="100=no answer")
    is_durable = asyncio.Event()
    line.ledger.durable = is_durable.wait  # type: ignore[method-assign, assignment]
    blocking = asyncio.create_task(block_last_caller("100", "Liis Kask", line.office))
    await asyncio.sleep(0)
    assert screen_number("+37255501234", line.office).verdict is Verdict.ALLOW
    is_durable.set()
    assert await blocking == "+37255501234"
    assert screen_number("+37255501234", line.office).verdict is Verdict.REJECT


SCREENING_FLOW = """\
flow: main
start: may_they
steps:
  may_they: {screen: caller, on: {allowed: welcome, voicemail: sorry, state_name: reception}}
  welcome: {end: welcome}
  sorry: {end: closed}
  reception: {ring: reception, on: {answered: bye, busy: bye, no_answer: bye, declined: bye, unavailable: bye, failed: bye}}
  bye: {end: goodbye}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("caller", "outcome"),
    [("+37255501234", "allowed"), (FOE, "voicemail"), ("", "state_name"), ("+37255509999", "allowed")],
)
async def test_a_flow_goes_on_by_the_verdict(tmp_path: Path, caller: str, outcome: str) -> None:
    rules = "block: ['+372900*']\nblocked: voicemail\nanonymous: state_name\n"
    files = {"flows/main.yaml": SCREENING_FLOW, "screening.yaml": rules}
    configuration = load_configuration(with_overlay(tmp_path, files), PROMPTS)
    played = await play(configuration, Script(caller=caller))
    assert played.steps[0] == f"main.may_they -> {outcome}"


FAULTS = [
    ("bloc: []", "screening.yaml knows no `bloc`", "did you mean `block`?"),
    ("block: ['12']", "`12` is no number", "+372900*"),
    ("block: ['900*']", "`900*` is no number", "+372900*"),
    ("block: ['+37255501234', '5550 1234']", "`+37255501234` stands twice", "1:9"),
    ("block: [{because: why}]", "lacks `number`", ""),
    ("blocked: allow", "no verdict `allow`", "reject, voicemail, state_name"),
    ("anonymous: refuse", "no verdict `refuse`", "allow, reject"),
    ("rate: {calls: 0, within: 10m, verdict: reject}", "`0` is no number of calls", "1 to 1000"),
    ("rate: {calls: 5}", "rate lacks `within`", ""),
    ("attestation: {A: allow}", "attestation knows no `A`", "full"),
    ("rejected_as: gone", "no cause `gone`", "busy"),
]


@pytest.mark.parametrize(("text", "wrong", "expected"), FAULTS, ids=[text for text, _, _ in FAULTS])
def test_what_is_wrong_with_screening(tmp_path: Path, text: str, wrong: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(with_overlay(tmp_path, {"screening.yaml": text}), PROMPTS)
    told = [str(problem) for problem in refused.value.problems]
    assert any("screening.yaml:1:" in each and wrong in each and expected in each for each in told), told


def test_a_verdict_that_no_flow_asks_for_is_doubtful(tmp_path: Path) -> None:
    unasked = "steps:\n  may_they: {say: connecting, next: hours}\n"
    mailbox = (EXAMPLE / "flows/mailbox.yaml").read_text("utf-8").replace("start: may_they", "start: staff")
    screens = mailbox[mailbox.index("  may_they:") : mailbox.index("  staff:")]
    pieces = {"flows/shared/entry.yaml": unasked, "flows/mailbox.yaml": mailbox.replace(screens, "")}
    ivr = with_overlay(tmp_path, {"screening.yaml": "anonymous: state_name\n", **pieces})
    (warning,) = [each for each in load_configuration(ivr, PROMPTS).warnings if "screen" in each.text]
    assert "callers may be screened as state_name, and no flow asks" in str(warning)


def test_without_the_file_everybody_may_call(tmp_path: Path) -> None:
    ivr = with_overlay(tmp_path, {})
    (ivr / "screening.yaml").unlink()
    assert load_configuration(ivr, PROMPTS).organisation.screening == ScreeningRules()
