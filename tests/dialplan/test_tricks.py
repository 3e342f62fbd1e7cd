"""Every trick somebody outside might try to call out at our cost, and what becomes of it; the trunk sees none of them.

A matrix: ways in x what is asked for. The provider's end of the trunk is a spy that would show any call that got out,
and the desk phone's own call at the end shows that it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
import pytest_asyncio

from switchboard.domain.organisation import Trunk
from tests.asterisk_fixture import PrivateAsterisk, eventually
from tests.dialplan.tricks import (
    ALONE,
    BLIND,
    DIALLED_BY_A_PHONE,
    DROPPED,
    FORWARDS,
    HEADERS,
    NOT_404,
    NUMBERS,
    OURS,
    PEER,
    PRESSED,
    SENDERS,
    TARGETS,
    TWISTS,
)
from tests.raw_sip import DEADLINE, Answer, RawSip, TrunkSpy, header
from tests.refusing_phone import RefusingPhone
from tests.sample_organisation import SampleConfiguration, sample_organisation

AT_ONCE = 24  # calls
QUIET = 1.0  # seconds after which a request counts as dropped


@dataclass
class House:
    """An Asterisk with two trunks; what would leave by either is seen."""

    asterisk: PrivateAsterisk
    spy: TrunkSpy

    def fill(self, text: str) -> str:
        """A text of the tables above."""
        return text.format(n=OURS, trunk=self.spy.address, server=self.asterisk.sip_address)

    def stranger(self) -> RawSip:
        return RawSip(self.asterisk.sip_address)

    async def nothing_left_the_house(self) -> None:
        """No trunk was asked for anything, by SIP's own account and by Asterisk's; callers were where they may be."""
        await self.asterisk.no_channels()
        assert self.spy.seen == []
        events = self.asterisk.cel()
        assert {each for each in channels(events) if each[0] in ("line", "peer", "anonymous")} <= {
            (account, context)
            for account, context in product(("peer", "anonymous"), ("inbound", "safety-net", "say", "beep"))
        }


def channels(events: Sequence[Mapping[str, str]]) -> set[tuple[str, str]]:
    """Whose channels (`line` of "PJSIP/line-00000001") were in which contexts."""
    return {(event["channame"].partition("/")[2].rpartition("-")[0], event["context"]) for event in events}


@pytest_asyncio.fixture(scope="module")
async def running_house() -> AsyncIterator[House]:
    async with TrunkSpy() as spy:
        line = Trunk(
            "line",
            spy.address,
            addresses=("192.0.2.0/24",),  # not where the test's callers come from
            prefix="9",
            allowed=("5", "+372"),
            caller_number="+3726001000",
            emergency=True,
        )
        peer = Trunk("peer", spy.address, addresses=(f"{PEER}/32",), prefix="8", allowed=("5",))
        organisation = sample_organisation(ring_seconds=5, trunks=(line, peer))
        async with PrivateAsterisk(SampleConfiguration(organisation)) as asterisk:
            yield House(asterisk, spy)


@pytest_asyncio.fixture
async def house(running_house: House) -> AsyncIterator[House]:
    running_house.spy.seen.clear()
    yield running_house
    await running_house.nothing_left_the_house()


async def all_of(work: Sequence[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Some at a time, as many as make Asterisk busy and not late."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Coroutine[Any, Any, Answer]) -> Answer:
        async with room:
            return await each

    return await asyncio.gather(*(one(each) for each in work))


async def statuses(work: Sequence[Coroutine[Any, Any, Answer]]) -> list[int]:
    """What becomes of calls; those that are answered are ended."""
    answers = await all_of(work)
    ended = await all_of([answer.call.request("BYE") for answer in answers if answer.status == 200])
    assert {answer.status for answer in ended} <= {200}
    return [answer.status for answer in answers]


def patience(expected: int) -> float:
    return QUIET if expected == DROPPED else DEADLINE


WAYS_IN = pytest.mark.parametrize("host", ["127.0.0.1", PEER], ids=["stranger", "trunk"])


@WAYS_IN
async def test_nothing_is_dialled_from_outside_but_our_numbers(house: House, host: str) -> None:
    expected = {house.fill(each): NOT_404.get(each, 404) for each in (*NUMBERS, *TWISTS)}
    async with RawSip(house.asterisk.sip_address, host) as caller:
        told = await statuses([caller.invite(each, timeout=patience(status)) for each, status in expected.items()])
    assert dict(zip(expected, told, strict=True)) == expected


@WAYS_IN
async def test_no_header_opens_another_way(house: House, host: str) -> None:
    """A call to us stays one, whatever it carries; one to elsewhere stays none."""
    headers = [{name: house.fill(value) for name, value in each.items()} for each in HEADERS]
    cases = list(product((OURS, "95551234"), headers))
    async with RawSip(house.asterisk.sip_address, host) as caller:
        told = await statuses([caller.invite(number, headers=each) for number, each in cases])
    # Nobody's call can be replaced: 481, there is none of that name.
    expected = [404 if number != OURS else 481 if "Replaces" in each else 200 for number, each in cases]
    assert [*zip(told, cases, strict=True)] == [*zip(expected, cases, strict=True)]


async def test_nobody_becomes_a_phone_or_a_trunk_by_saying_so(house: House) -> None:
    """`From` a trunk's name is a caller like any other (see `nothing_left_the_house`); a phone's needs its password."""
    cases = list(product((OURS, "95551234"), map(house.fill, SENDERS)))
    async with house.stranger() as caller:
        told = await statuses(
            [caller.invite(number, sender=each, timeout=QUIET if "$" in each else DEADLINE) for number, each in cases]
        )
        expected = [
            DROPPED if "$" in each else 401 if each.startswith("<tel:") else 200 if number == OURS else 404
            for number, each in cases
        ]
        assert [*zip(told, cases, strict=True)] == [*zip(expected, cases, strict=True)]
        for extension, password in product(("100", "101"), ("", "guessed", "secret-100x")):
            for number in ("95551234", "112", "100", OURS):
                assert (await caller.invite(number, user=extension, password=password)).status == 401


@WAYS_IN
async def test_a_caller_cannot_send_a_call_elsewhere(house: House, host: str) -> None:
    """REFER and keys in a call, while the safety net has it: no transfer, and no code that means anything."""
    async with RawSip(house.asterisk.sip_address, host) as caller:
        answer = await caller.invite(OURS)
        assert answer.status == 200
        other = await caller.invite("+3726002000")
        for method, headers, body in [*BLIND, ("REFER", {"Refer-To": f"<sip:100@x?Replaces={other.call.tags}>"}, "")]:
            filled = {name: house.fill(value) for name, value in headers.items()}
            assert (await answer.call.request(method, filled, body)).status == 603, filled
        for method, headers, body in PRESSED:
            assert (await answer.call.request(method, headers, body)).status in (200, 481), body
        await all_of([each.call.request("BYE") for each in (answer, other)])


@WAYS_IN
async def test_requests_without_a_call_do_nothing(house: House, host: str) -> None:
    headers = {"Refer-To": house.fill("<sip:95551234@{server}>"), "Event": "refer", "Expires": "60"}
    async with RawSip(house.asterisk.sip_address, host) as caller:
        for method, user in product(ALONE, ("100", "37255500098", "line")):
            for number in ("95551234", "100", OURS):
                call = caller.new_call(number, user)
                answer = await caller.send(call, method, headers | {"Content-Type": "text/plain"}, "x")
                assert 400 <= answer.status < 700, (method, user, number, answer.status)


class ForwardingPhone(RefusingPhone):
    """A desk phone that sends each call it gets to the next of many places."""

    def __init__(self, house: House, contacts: Sequence[str]) -> None:
        asterisk = house.asterisk
        super().__init__("100", asterisk.password("100"), asterisk.sip_address, status=302, ring_seconds=0.0)
        self.contacts = list(contacts)

    def contact(self) -> str:
        return self.contacts.pop()


async def test_a_phones_forward_takes_nobody_outside(house: House) -> None:
    contacts = [house.fill(f"<sip:{each}@{{server}}>") for each in FORWARDS] + [
        house.fill(each) for each in TARGETS[:6]
    ]
    async with ForwardingPhone(house, contacts) as reception, house.stranger() as caller:
        answers = await all_of([caller.invite(OURS) for _ in contacts])
        assert {answer.status for answer in answers} == {200}
        await eventually(lambda: is_true(not reception.contacts), 10, "every forward tried")
        await eventually(lambda: everybody_is_recorded(house, len(answers)), 10, "all to leave a message instead")
        await all_of([answer.call.request("BYE") for answer in answers])


async def everybody_is_recorded(house: House, count: int) -> bool:
    channels = await house.asterisk.ari("GET", "/channels")
    recorded = [each for each in channels if each["dialplan"]["app_name"] == "Record"]
    return len(recorded) == count


async def is_true(value: bool) -> bool:
    return value


async def test_a_desk_phone_reaches_what_is_allowed_and_the_spy_sees_it(running_house: House) -> None:
    """The proof that the spy would have seen what the tests above say did not come."""
    house = running_house
    for dialled, number in DIALLED_BY_A_PHONE.items():
        house.spy.seen.clear()
        async with RawSip(house.asterisk.sip_address) as phone:
            answer = await phone.invite(dialled, user="101", password=house.asterisk.password("101"))
        assert answer.status == (486 if number else 404), dialled
        assert house.spy.dialled == ([number] if number else []), dialled
    await house.asterisk.no_channels()
    house.spy.seen.clear()


async def test_nobody_takes_over_a_phones_call_without_its_names(running_house: House) -> None:
    """Replaces with all but one of the call's names right. (Who knows all three has read them on the wire, and Asterisk
    lets him in: dialplan/README.md.)"""
    house = running_house
    house.spy.accepts = True
    async with RawSip(house.asterisk.sip_address) as phone, house.stranger() as thief:
        talking = await phone.invite("95551234", user="101", password=house.asterisk.password("101"))
        assert talking.status == 200
        call_id, to_tag, from_tag = talking.call.tags.split(";")
        tag = header(house.spy.texts[-1], "From").rpartition("tag=")[2]
        guesses = [
            f"{call_id};{to_tag};from-tag=1",
            f"{call_id};to-tag=1;{from_tag}",
            f"1{call_id};{to_tag};{from_tag}",
            f"{call_id};{from_tag.replace('from', 'to')};{to_tag.replace('to', 'from')}",
            f"{header(house.spy.texts[-1], 'Call-ID')};to-tag={tag};from-tag=1",
        ]
        for number, names in product(("95551234", OURS), guesses):
            taken = await thief.invite(number, headers={"Replaces": names})
            assert taken.status == (481 if number == OURS else 404), (number, names)
        ended = await talking.call.request("BYE")
        assert ended.status == 200, "it was still the phone's own"
    house.spy.accepts = False
    await house.asterisk.no_channels()
    assert house.spy.dialled[-1:] == ["5551234"]
    house.spy.seen.clear()
