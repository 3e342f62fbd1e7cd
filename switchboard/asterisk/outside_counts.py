"""What desk phones have called outside today, as the dialplan counts it (`outside-caps`), and calls that we count.

Asterisk's own database has it, and its clock says which day it is: whoever dials, the counts are the same, and they
outlive every restart. What a conversation did not use is given back by the dialplan, when the line outside ends, and
what nobody answered by us; killed before that, the phone has so much less until midnight.

The dialplan counts under a lock that AMI cannot take: a phone that dials in the same few milliseconds in which it is
counted for here may get one call too many.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from switchboard.asterisk.ami import AmiLinks
from switchboard.domain.outbound import Used, seconds_left
from switchboard.errors import AsteriskError
from switchboard.ports import OutboundCaps

FAMILY, HELD = "outside", "outside-held"
GROUP = "outside"  # of the calls that have not ended

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Granted:
    """One call outside that is counted."""

    phone: str
    day: str  # as the dialplan writes it
    held: str  # under which name its longest time is held until it ends
    seconds: int  # it may last

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """What the line outside carries, by which the dialplan ends it in time and gives back what it did not use."""
        return (
            (f"GROUP({GROUP})", self.phone),
            ("OUTSIDE_PHONE", self.phone),
            ("OUTSIDE_DAY", self.day),
            ("OUTSIDE_HELD", self.held),
            ("OUTSIDE_GRANTED", str(self.seconds)),
            ("CHANNEL(hangup_handler_push)", "outside-over,s,1"),
        )


class OutsideCounts:
    """The counts. Extensions come from the configuration, never from a caller."""

    def __init__(self, ami: AmiLinks) -> None:
        self._ami = ami

    async def may_call(self, phone: str, caps: OutboundCaps) -> bool:
        """See ports.AgentLines.may_call_outside."""
        try:
            return seconds_left(caps.role, await self._used(phone, await self._day(caps))) > 0
        except AsteriskError as error:
            log.warning("calls_outside_not_counted", extension=phone, error=str(error))
            return False

    async def grant(self, phone: str, caps: OutboundCaps, line: str) -> Granted:
        """Count one more call, which is held under the name of its line. Raises AsteriskError where a cap is reached,
        or where Asterisk does not answer."""
        day = await self._day(caps)
        used = await self._used(phone, day)
        seconds = seconds_left(caps.role, used)
        if not seconds:
            raise AsteriskError(f"phone {phone} has reached what role {caps.role.id} may call outside")
        of_phone = f"{FAMILY}/{phone}"
        await self._ami.put(HELD, line, str(seconds))
        for key, value in (("day", day), ("calls", str(used.calls + 1)), ("seconds", str(used.seconds + seconds))):
            await self._ami.put(of_phone, key, value)
        return Granted(phone, day, line, seconds)

    async def give_back(self, granted: Granted) -> None:
        """Nobody talked: all of its time, but not the attempt. Raises AsteriskError where Asterisk does not answer."""
        if await self._ami.remove(HELD, granted.held):
            of_phone = f"{FAMILY}/{granted.phone}"
            if await self._ami.get(of_phone, "day") == granted.day:
                seconds = _number(await self._ami.get(of_phone, "seconds")) - granted.seconds
                await self._ami.put(of_phone, "seconds", str(max(0, seconds)))

    async def _day(self, caps: OutboundCaps) -> str:
        return await self._ami.global_value(f"STRFTIME(,{caps.timezone},%Y%m%d)")

    async def _used(self, phone: str, day: str) -> Used:
        of_phone = f"{FAMILY}/{phone}"
        at_once = _number(await self._ami.global_value(f"GROUP_COUNT({phone}@{GROUP})"))
        if await self._ami.get(of_phone, "day") != day:
            return Used(at_once=at_once)
        calls, seconds = [_number(await self._ami.get(of_phone, key)) for key in ("calls", "seconds")]
        return Used(calls, seconds, at_once)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
