"""`make kills-messages`: kill -9 at each point of a message's way in, then what was promised is counted.

Several callers call at any time, so a kill meets each of them at another point. Printed is a table, by point, victim:

met, promised       calls in progress at the kill; of these, callers who heard (the beginning of) "saved"
found               of the promised: exactly one message, which plays, has the caller's voice and somebody to see to it
unpromised, kept    callers who heard no promise: they hung up, or Asterisk died; what they said is there all the same
lost, doubled       nothing of either, or it fails
back, s             the longest until calls were answered by a flow again
*                   between two system calls, exactly; others by their event and at random in the window that follows
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from tests.kills.campaign import VICTIMS, Campaign, Kill, plan
from tests.kills.house import killed_switchboard
from tests.kills.points import POINTS, can_be_exact
from tests.kills.reckoning import Reckoning, reckon
from tests.phones import sip_phones
from tests.scratch import use_scratch


async def run(kills: int, callers: int, seed: int, victims: list[str], minutes: float) -> int:
    """The whole of it; how many things are wrong."""
    began = time.monotonic()
    async with killed_switchboard() as switchboard, sip_phones() as phones:
        campaign = Campaign(switchboard, phones, seed)
        points = list(plan(kills, victims, random.Random(seed)))
        await campaign.run(points, callers, seconds=60 * minutes, told=lambda text: print(text, flush=True))
        with tempfile.TemporaryDirectory() as folder:
            found = await reckon(switchboard, campaign.callers.told, Path(folder))
    told = campaign.callers.told
    print(table(campaign.kills, found))
    promised = [each for each in told if each.promised_at is not None]
    unpromised = [each for each in told if each.promised_at is None and found.kept.get(each.number)]
    print(
        f"\n{len(campaign.kills)} kills in {time.monotonic() - began:.0f} s (seed {seed}), {len(told)} calls; "
        f"{len(promised)} callers were told that it is saved, {len(found.lost)} of them lost it, "
        f"{len(found.doubled)} messages doubled; {len(unpromised)} more are kept of callers who heard no promise. "
        f"Longest dead air {max(each.dead_air for each in told):.1f} s."
    )
    for fault in found.faults:
        print(f"FAULT {fault}")
    print("\n".join(found.stories))
    return len(found.faults)


def table(kills: list[Kill], found: Reckoning) -> str:
    """By point and victim: kills; calls they met, those promised, kept of the others, lost, doubled; back after."""
    head = ("point", "victim", "kills", "met", "promised", "found", "unpromised, kept", "lost", "doubled", "back, s")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for point in POINTS:
        for victim in VICTIMS:
            of = [kill for kill in kills if (kill.point, kill.victim) == (point, victim)]
            if not of:
                continue
            met = {told.number: told for kill in of for told in kill.met}  # in their calls when it happened
            promised = {number for number, told in met.items() if told.promised_at is not None}
            lost, doubled = promised & found.lost, found.doubled & set(met)
            kept = [number for number in met if number not in promised and found.kept.get(number)]
            name = point.name + ("*" if point.call and victim == "controller" and can_be_exact() else "")
            counts = map(len, (of, met, promised, promised - lost, kept, lost, doubled))
            back = f"{max(kill.back_after for kill in of):.1f}"
            cells = (name, victim, *counts, back)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--callers", type=int, default=6, help="how many call at any time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=VICTIMS)
    parser.add_argument("--minutes", type=float, default=60, help="kill no more after so long")
    given = parser.parse_args()
    use_scratch()
    sys.exit(1 if uvloop.run(run(given.kills, given.callers, given.seed, given.victims, given.minutes)) else 0)
