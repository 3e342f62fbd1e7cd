"""`*97`: what is said, which keys do what, and that nothing is confirmed that was not done."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from switchboard.domain.call_record import EventKind, derive
from switchboard.domain.language import Language
from switchboard.domain.mailbox_menu import GreetingKind, InBox
from switchboard.domain.message import MessageState
from switchboard.domain.organisation import Trunk
from switchboard.domain.outbound import OutboundRole, OutboundRules
from switchboard.domain.pin import WRONG_OF_MAILBOX
from switchboard.domain.presence import Presence, Status
from switchboard.flows.configuration import Configuration
from switchboard.flows.interpret import conversation_of
from switchboard.flows.load import load_configuration
from switchboard.ports import RecordingRef, Sound
from switchboard.services.answer_call import answer_call
from switchboard.services.answer_star_code import answer_star_code
from switchboard.services.hear_messages import hear_from_outside
from switchboard.services.mailbox_visit import ASKED, number_words
from switchboard.services.office import Office
from switchboard.services.record_call import CallRecorder
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.in_memory_mailboxes import InMemoryMailboxes
from switchboard.testing.manual_clock import ManualClock
from switchboard.testing.script import read_action
from switchboard.testing.scripted_call import ScriptedCall
from tests.flows.playing import EXAMPLE, PROMPTS, Script, office_of, scripted, with_overlay
from tests.flows.test_stories import configuration_of

NOON = datetime(2026, 3, 3, 10, 5, tzinfo=UTC)  # 12:05 in Tallinn
FIRST, SECOND = UUID(int=1), UUID(int=2)
PIN = "837195"
SECONDS = timedelta(seconds=8)


@cache
def example() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


def message(number: int, **about: object) -> InBox:
    made = InBox(UUID(int=number), NOON + timedelta(minutes=number - 35), SECONDS, "+37255501", "mari")
    return replace(made, **about)  # type: ignore[arg-type]


@pytest.fixture
def mailboxes() -> InMemoryMailboxes:
    made = InMemoryMailboxes()
    made.put([message(1), message(2)])
    return made


@pytest.fixture
def office(mailboxes: InMemoryMailboxes) -> Office:
    return replace(office_of(example(), ManualClock(NOON), InMemoryLedger()), mailboxes=mailboxes)


async def heard(office: Office, *does: str, extension: str = "101") -> list[str]:
    """What whoever dials it hears: prompts by their first words, numbers, recordings."""
    clock, ledger = ManualClock(NOON), InMemoryLedger()
    call = ScriptedCall(clock, number="*97", caller=extension, actions=[read_action(line) for line in does])
    await answer_star_code(call, "*97", extension, replace(office, clock=clock, ledger=ledger))
    assert not call.left, f"never came due: {call.left}; {call.transcript}"
    record = derive(ledger.events)
    assert (record.disposition, record.irregularities) == ("internal", ())
    return [line.removeprefix("switchboard: ") for line in call.transcript[1:]]


def text(office: Office, prompt: str) -> str:
    return office.prompts[prompt][office.organisation.default_language][0].text


async def test_counts_envelopes_and_messages(office: Office, mailboxes: InMemoryMailboxes) -> None:
    told = await heard(office, "press 6", "press #")
    said = [text(office, each) for each in ("hear_new", "hear_heard", "hear_today", "hear_time", "hear_from")]
    assert told[:4] == [said[0], "2", said[1], "0"]
    # Half past eleven less a minute's fraction: 11:31, told as 11, 30, 1.
    assert told[4:9] == [said[2], said[3], "11", "30", "1"]
    assert told[9:18] == [said[4], *"37255501"]
    assert told[18] == "(plays what was recorded, 8 s)"
    assert told.count("(plays what was recorded, 8 s)") == 2
    assert [each.state for each in mailboxes.inside.values()] == [MessageState.HEARD] * 2
    assert mailboxes.log == [("Mari Tamm", "opened"), ("Mari Tamm", "heard"), ("Mari Tamm", "heard")]


async def test_a_key_works_at_once(office: Office, mailboxes: InMemoryMailboxes) -> None:
    await heard(office, "press 6 during new messages", "press #")
    assert mailboxes.inside[FIRST].is_new  # it was skipped
    assert not mailboxes.inside[SECOND].is_new


async def test_delete_and_undo(office: Office, mailboxes: InMemoryMailboxes) -> None:
    told = await heard(office, "press 3", "press 4", "press 3", "press #")
    deleted, restored = text(office, "hear_deleted"), text(office, "hear_restored")
    assert [line for line in told if line in (deleted, restored)] == [deleted, deleted, restored]
    assert mailboxes.inside[FIRST].state is MessageState.HEARD
    assert [what for _, what in mailboxes.log].count("reopened") == 1


async def test_what_is_deleted_stays_so_though_they_hang_up(office: Office, mailboxes: InMemoryMailboxes) -> None:
    await heard(office, "press 3", "hang up")
    assert mailboxes.inside[FIRST].state is MessageState.DONE
    assert mailboxes.inside[SECOND].state is not MessageState.DONE


async def test_who_hangs_up_in_a_message_has_not_heard_it(office: Office, mailboxes: InMemoryMailboxes) -> None:
    await heard(office, "hang up during (recorded)")
    assert mailboxes.inside[FIRST].state is MessageState.NEW
    assert mailboxes.log[-1] == ("Mari Tamm", "heard")  # but some of it: that is noted


async def test_back_and_ahead_in_a_message(office: Office) -> None:
    told = await heard(office, "press # during (recorded)", "press * after 1s", "press #")
    assert [line for line in told if "goes on" in line] == ["(goes on ahead)", "(goes on back)"]


async def test_it_is_forwarded_with_an_introduction(office: Office, mailboxes: InMemoryMailboxes) -> None:
    told = await heard(office, "press 8", "press 102#", "speak 3s", "press #")
    assert told[told.index(text(office, "hear_forwarded")) :][1:4] == ["1", "0", "2"]
    (copy,) = [each for each in mailboxes.inside.values() if each.person == "jaan"]
    assert "introduction" in copy.parts


async def test_without_a_word_it_is_forwarded_as_it_is(office: Office, mailboxes: InMemoryMailboxes) -> None:
    await heard(office, "press 8", "press 102#", "stay silent", "press #")
    (copy,) = [each for each in mailboxes.inside.values() if each.person == "jaan"]
    assert copy.parts == {"body"}
    assert len(mailboxes.discarded) == 1


async def test_nobody_is_there_to_forward_it_to(office: Office, mailboxes: InMemoryMailboxes) -> None:
    told = await heard(office, "press 8", "press 999#", "press #")
    assert text(office, "hear_not_possible") in told
    assert len(mailboxes.inside) == 2


async def test_a_departments_message_is_taken_in_hand_by_one(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.inside = {FIRST: message(1, person="", department="sales")}
    told = await heard(office, "press 9", "press 9", "press #")
    assert told.count(text(office, "hear_for_department")) == 1
    assert text(office, "hear_taken") in told
    assert text(office, "hear_not_possible") in told  # it is theirs already
    assert mailboxes.inside[FIRST].owner == "mari"
    told = await heard(office, "press #", extension="102")
    assert told[0] == text(office, "hear_empty")


async def test_somebody_else_was_faster(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.inside = {FIRST: message(1, person="", department="sales")}

    async def lost(*_: object) -> bool:
        return False

    mailboxes.take = lost  # type: ignore[method-assign]
    told = await heard(office, "press 9", "press #")
    assert text(office, "hear_taken_already") in told


async def test_order_is_turned_about(office: Office, mailboxes: InMemoryMailboxes) -> None:
    told = await heard(office, "press 0", "press 3", "press *", "press #")
    assert text(office, "hear_newest_first") in told
    told = await heard(office, "press #")
    assert told[6:9] == ["11", "30", "2"]


async def test_a_greeting_is_recorded_heard_and_dropped(office: Office, mailboxes: InMemoryMailboxes) -> None:
    keys = ["press 0", "press 1", "press 2"]
    told = await heard(office, *keys, "press 1", "press 2", "speak 4s", "press 1", "press *", "press *", "press #")
    said = [text(office, each) for each in ("hear_no_greeting", "hear_greeting_saved")]
    assert [line for line in told if line in said] == said
    assert list(mailboxes.own) == [("mari", GreetingKind.BUSY)]
    told = await heard(office, *keys, "press 3", "press *", "press *", "press #")
    assert text(office, "hear_greeting_dropped") in told
    assert not mailboxes.own


async def test_a_hangup_keeps_the_greeting_as_it_was(office: Office, mailboxes: InMemoryMailboxes) -> None:
    before = Sound(RecordingRef(UUID(int=9)), SECONDS)
    mailboxes.own["mari", GreetingKind.BUSY] = before
    await heard(office, "press 0", "press 1", "press 2", "press 2", "stay silent", "hang up")
    assert mailboxes.own == {("mari", GreetingKind.BUSY): before}


GREETED = [
    # what Mari said of herself, and the greeting of hers that callers hear before they leave a message
    (None, GreetingKind.UNAVAILABLE),
    (Presence("mari", Status.BUSY, NOON), GreetingKind.BUSY),
    (Presence("mari", Status.AWAY, NOON, NOON + timedelta(days=2)), GreetingKind.ABSENT),
]


@pytest.mark.parametrize(("presence", "kind"), GREETED)
async def test_callers_hear_a_persons_own_greeting(presence: Presence | None, kind: GreetingKind) -> None:
    configuration = configuration_of("voicemail")
    does = ["press 1", "speak 6s", "press #", "press 3"]
    call, office, _ = scripted(configuration, Script(does=does))
    assert isinstance(office.mailboxes, InMemoryMailboxes)
    office.mailboxes.own["mari", kind] = Sound(RecordingRef(UUID(int=7)), timedelta(seconds=33))
    if presence is not None:
        await office.presence.set(replace(presence, set_at=office.clock.now()))
    await answer_call(call, office, conversation_of(configuration, office, "main"))
    assert "(plays what was recorded, 33 s)" in call.transcript
    assert not call.left


PINS = [
    # pressed after "0 2"                             what is said last of it       the PIN afterwards
    ((f"press {PIN}#", f"press {PIN}#"), "hear_pin_saved", PIN),
    ((f"press {PIN}#", "press 837196#", "press #"), "hear_wrong", None),
    (("press 123456#", "press #"), "hear_weak_pin", None),
    (("press 101101#", "press #"), "hear_weak_pin", None),
    (("press #",), "hear_new_pin", None),
]


@pytest.mark.parametrize(("pressed", "said", "pin"), PINS)
async def test_a_pin_is_chosen(
    office: Office, mailboxes: InMemoryMailboxes, pressed: tuple[str, ...], said: str, pin: str | None
) -> None:
    told = await heard(office, "press 0", "press 2", *pressed, "press *", "press #")
    assert text(office, said) in told
    assert mailboxes.pins.get("101") == pin


async def test_the_old_pin_is_asked_for(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.pins["101"] = PIN
    told = await heard(office, "press 0", "press 2", "press 111111#", "press *", "press #")
    assert text(office, "hear_wrong") in told
    assert mailboxes.pins == {"101": PIN}


async def test_who_opens_it_at_their_phone_is_told_that_it_was_locked(
    office: Office, mailboxes: InMemoryMailboxes
) -> None:
    mailboxes.wrong["101"] = WRONG_OF_MAILBOX
    assert (await heard(office, "press #"))[0] == text(office, "hear_was_locked")
    assert text(office, "hear_was_locked") not in await heard(office, "press #")


async def test_an_empty_mailbox(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.inside.clear()
    told = await heard(office, "press 1", "press #")
    assert told[:2] == [text(office, "hear_empty"), text(office, "hear_end_keys")]
    assert text(office, "hear_not_possible") in told


async def test_silence_ends_it(office: Office) -> None:
    told = await heard(office)
    assert told[-1].startswith("switchboard hangs up")
    assert told.count("(silence, 5 s)") == 3


async def test_without_postgres_it_says_so(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.is_down = True
    assert (await heard(office))[0] == text(office, "hear_down")


async def test_nothing_is_confirmed_that_was_not_done(office: Office, mailboxes: InMemoryMailboxes) -> None:
    async def breaks(*_: object) -> None:
        mailboxes.is_down = True
        mailboxes._check()

    mailboxes.set_state = breaks  # type: ignore[method-assign]
    told = await heard(office, "press 3")
    assert text(office, "hear_deleted") not in told
    assert text(office, "hear_down") in told


async def test_a_phone_that_is_none_of_ours(office: Office) -> None:
    assert (await heard(office, extension="999"))[0] == text(office, "star_nobodys_phone")


CALLED_BACK = [
    # who left it     what is said, or dialled
    ("+37255501234", "(the phone goes on, and dials {prefix}+37255501234)"),
    ("55501234", "(the phone goes on, and dials {prefix}+37255501234)"),
    ("102", "(the phone goes on, and dials 102)"),
    ("101", "outside_not_allowed"),  # one's own phone
    ("112", "outside_not_allowed"),  # whoever gives that as a number
    ("6001000", "outside_not_allowed"),
    ("*97", "outside_not_allowed"),
    ("9005551", "outside_costly"),
    ("+37290012345", "outside_not_allowed"),  # too long for one
    ("+12025550123", "outside_not_allowed"),  # a country that this phone may not call
    ("102&PJSIP/101", "outside_not_allowed"),
    ("", "hear_withheld"),
]


@pytest.mark.parametrize(("number", "comes_out"), CALLED_BACK)
async def test_who_left_it_is_called_back(
    office: Office, mailboxes: InMemoryMailboxes, number: str, comes_out: str
) -> None:
    trunk = Trunk("line", "trunk.test", prefix="8", allowed=("+",))
    office = replace(office, organisation=replace(office.organisation, trunks=(trunk,)))
    mailboxes.put([message(1, caller_number=number)])
    clock, ledger = ManualClock(NOON), InMemoryLedger()
    call = ScriptedCall(clock, number="*97", caller="101", actions=[read_action("press 5"), read_action("press #")])
    await answer_star_code(call, "*97", "101", replace(office, clock=clock, ledger=ledger))
    is_dialled = comes_out.startswith("(")
    told = comes_out.format(prefix="8") if is_dialled else f"switchboard: {text(office, comes_out)}"
    assert told in call.transcript
    assert [what for _, what in mailboxes.log].count("called_back") == is_dialled
    assert mailboxes.inside[FIRST].state is MessageState.HEARD
    # What goes on without us is told by Asterisk's own log.
    assert (ledger.events[-1].kind is EventKind.ENDED) != is_dialled


async def test_outside_the_hours_of_its_role_a_phone_calls_nobody_back(
    office: Office, mailboxes: InMemoryMailboxes
) -> None:
    mailboxes.put([message(1, caller_number="+37255501234")])
    trunk = Trunk("line", "trunk.test", allowed=("+372",))
    rules = OutboundRules({"day": OutboundRole("day", ("EE",), hours="office")}, role_of_others="day")
    organisation = replace(office.organisation, trunks=(trunk,), outbound=rules)
    night = NOON + timedelta(hours=10)
    call = ScriptedCall(ManualClock(night), number="*97", caller="101", actions=[read_action("press 5")])
    await answer_star_code(call, "*97", "101", replace(office, organisation=organisation, clock=ManualClock(night)))
    assert f"switchboard: {text(office, 'outside_not_now')}" in call.transcript


async def test_from_outside_nobody_is_called_back(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.pins["101"] = PIN
    clock = ManualClock(NOON)
    call = ScriptedCall(clock, actions=[read_action(line) for line in ("press 5", "press #")])
    recorder = CallRecorder(call.id, InMemoryLedger(), clock, office.organisation.default_language)
    assert await hear_from_outside(call, "101", office, recorder)
    assert f"switchboard: {text(office, 'hear_not_possible')}" in call.transcript
    assert "called_back" not in [what for _, what in mailboxes.log]


def with_mari(office: Office, **about: Any) -> Office:
    people = office.organisation.people
    mari = replace(people["mari"], **about)
    return replace(office, organisation=replace(office.organisation, people={**people, "mari": mari}))


async def test_who_wants_it_is_asked_for_the_pin_at_their_own_phone(
    office: Office, mailboxes: InMemoryMailboxes
) -> None:
    asking = with_mari(office, pin_at_desk=True)
    assert text(office, "hear_pin") not in await heard(asking, "press #")  # none was chosen
    mailboxes.pins["101"] = PIN
    told = await heard(asking, f"press {PIN}#", "press #")
    assert told[:2] == [text(office, "hear_pin"), "caller presses 837195#"]
    assert text(office, "hear_new") in told
    assert text(office, "hear_pin") not in await heard(office, "press #")  # who does not want it


async def test_wrong_pins_at_the_own_phone_open_nothing(office: Office, mailboxes: InMemoryMailboxes) -> None:
    mailboxes.pins["101"] = PIN
    asking = with_mari(office, pin_at_desk=True)
    for tries in (ASKED, WRONG_OF_MAILBOX - ASKED):
        told = await heard(asking, *["press 111111#"] * tries, *["stay silent"] * (tries < ASKED))
        assert text(office, "hear_new") not in told
    assert text(office, "hear_new") not in await heard(asking, f"press {PIN}#", "stay silent")  # shut for a while
    assert "101" not in mailboxes.wrong  # from outside it is open


async def test_a_mailbox_is_heard_in_its_owners_language(office: Office) -> None:
    told = await heard(with_mari(office, language=Language("et")), "press #")
    said = office.prompts["hear_new"][Language("et")][0].text
    assert told[0] == f"switchboard [et]: {said}"
    assert told[1] == "switchboard [et]: 2"
    assert all(line.startswith(("switchboard [et]", "(", "caller", "switchboard hangs up")) for line in told)
    at_reception = await heard(office, "press #", extension="100")
    assert not any("[et]" in line for line in at_reception)


def test_numbers_are_spoken_in_the_owners_language_beforehand(tmp_path: Path) -> None:
    people = (EXAMPLE / "people.yaml").read_text("utf-8")
    written = re.sub(r'^( +)(phone: "101")$', r"\1\2\n\1language: lv", people, count=1, flags=re.MULTILINE)
    assert written != people
    configuration = load_configuration(with_overlay(tmp_path, {"people.yaml": written}), PROMPTS)
    spoken = {each.text for each in configuration.utterances if each.language == "lv"}
    assert {str(word) for number in range(100) for word in number_words(number)} <= spoken


@pytest.mark.parametrize(
    ("number", "words"), [(0, (0,)), (20, (20,)), (21, (20, 1)), (35, (30, 5)), (59, (50, 9)), (107, (1, 0, 7))]
)
def test_numbers_in_words(number: int, words: tuple[int, ...]) -> None:
    assert number_words(number) == words


def test_every_number_is_spoken_beforehand() -> None:
    organisation = example().organisation
    spoken = {each.text for each in example().utterances if each.language == organisation.default_language}
    assert {str(word) for number in range(100) for word in number_words(number)} <= spoken
