"""Thirty callers leave a message at once, each with a voice of its own: thirty messages, each with the right one."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.kills.callers import Callers, Wish
from tests.kills.house import killed_switchboard
from tests.kills.reckoning import reckon
from tests.machine.conftest import free_ports
from tests.phones import Phones

CALLERS = 30
SPEAK = 6.0  # seconds: longer than it takes until the last of them speaks
LONGEST_SILENCE = 3.0  # seconds that neither side says anything: nobody thinks the line is dead


@pytest.mark.thorough
async def test_thirty_at_once(tmp_path: Path, phones: Phones) -> None:
    ports = free_ports(3 * CALLERS)
    async with killed_switchboard(rtp_first_port=ports[0], rtp_last_port=ports[-1]) as switchboard:
        callers = Callers(switchboard, phones, random.Random(1))
        told = await asyncio.gather(*(callers.call(Wish.SAVE, speaks=SPEAK) for _ in range(CALLERS)))
        found = await reckon(switchboard, told, tmp_path)
    assert callers.most_speaking == CALLERS
    assert [each for each in told if each.promised_at is None] == []
    assert (found.faults, sum(map(len, found.kept.values()))) == ([], CALLERS)
    assert max(each.dead_air for each in told) < LONGEST_SILENCE
