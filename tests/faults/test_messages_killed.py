"""Three of the kills of `make kills-messages`, while five callers leave messages: nothing that was promised is lost."""

from __future__ import annotations

from pathlib import Path

from tests.kills.callers import Wish
from tests.kills.campaign import Campaign
from tests.kills.house import killed_switchboard
from tests.kills.points import POINTS
from tests.kills.reckoning import reckon
from tests.phones import Phones

SEED = 20261122
KILLS = (("in the recording", "controller"), ("row committed", "postgres"), ("recording ended", "asterisk"))


async def test_what_was_promised_is_there_once(tmp_path: Path, phones: Phones) -> None:
    by_name = {point.name: point for point in POINTS}
    async with killed_switchboard() as switchboard:
        campaign = Campaign(switchboard, phones, SEED, wishes=(Wish.SAVE,))
        await campaign.run([(by_name[point], victim) for point, victim in KILLS], callers=5)
        found = await reckon(switchboard, campaign.callers.told, tmp_path)
    assert found.faults == []
    assert any(told.promised_at is not None for told in campaign.callers.told)
