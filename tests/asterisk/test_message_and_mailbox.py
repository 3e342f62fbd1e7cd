"""A message from its beginning to its end: left, told by the lamp, heard, answered by calling back; and the greeting in
the owner's own voice that the next caller hears."""

from __future__ import annotations

from switchboard.domain.call_record import EventKind
from switchboard.domain.mailbox_menu import GreetingKind
from switchboard.ports import Hearer
from tests.asterisk.office import ASTERISK_SAYS, StoryOffice, hear_each_other
from tests.asterisk.test_mailbox import Messages, messages
from tests.asterisk.test_messages import NUMBER, SAID, speak
from tests.hearing import tone
from tests.phone_call import PhoneCall
from tests.phones import Phones
from tests.watching_phone import WatchingPhone

__all__ = ["messages"]
OWN_GREETING = 1720.0  # Hz


async def dialled_97(office: StoryOffice, phones: Phones) -> PhoneCall:
    """Mari's phone calls without registering anew: its lamp is watched by another socket."""
    mari = await phones.unregistered("101", office.asterisk.password("101"), office.asterisk.sip_address)
    return await (await mari.dial("*97")).established()


async def test_left_seen_heard_called_back_and_greeted(office: StoryOffice, messages: Messages, phones: Phones) -> None:
    office.set_real_time()  # of what goes on without us only Asterisk's event log tells
    caller = await office.caller(f"+{office.new_number()}")
    call = await (await caller.dial(NUMBER)).established()
    async with WatchingPhone("101", office.asterisk.password("101"), office.asterisk.sip_address) as lamp:
        await speak(office, call, SAID)
        await call.press("#")
        await call.hears(office.prompt("message_review"))
        await call.press("3")
        await call.hears(office.prompt("message_saved"))
        await call.ended()
        await lamp.told_of_messages("Messages-Waiting: yes")

        mari = await dialled_97(office, phones)
        await mari.hears(office.prompt("hear_new"))
        await mari.hears_tone(SAID, timeout=30)  # after from when and whom it is, digit by digit
        await mari.hears(office.prompt("hear_keys"))
        await mari.press("0112")
        await mari.hears_whole(office.prompt("hear_record_greeting"))
        mari.say(tone(OWN_GREETING, 10))
        await mari.listen(2.5)
        mari.be_quiet()
        await mari.press("#")
        await mari.hears(office.prompt("hear_greeting_saved"))
        await mari.press("**")
        await mari.hears(office.prompt("hear_keys"), after=mari.now)
        await lamp.told_of_messages("Messages-Waiting: no")

        await mari.press("5")
        called_back = await caller.rung()
        assert called_back.peer.startswith("sip:+3726001000@"), "a number of ours is shown"
        await called_back.answer()
        await hear_each_other(called_back, mari)
        await called_back.hang_up()
        await mari.ended()
    history = await messages.connection.fetch(
        "select what from message_events where message_id in (select id from messages where caller_number = $1)",
        caller.user,
    )
    assert {"saved", "heard", "called_back"} <= {row["what"] for row in history}

    next_caller = await office.call(NUMBER)
    await next_caller.hears_tone(OWN_GREETING)
    await next_caller.hang_up()
    greeting = ("mari", GreetingKind.UNAVAILABLE, Hearer("a test", "the command line", "101"))
    await office.controller._mailboxes.drop_greeting(*greeting)
    (record,) = await office.records_of("101", 1, ASTERISK_SAYS)
    assert record.ending == ("internal", 16, "callee")
    assert [each["name"] for each in record.of(EventKind.TALKED)] == [caller.user]
