"""The switchboard that is killed: a mailbox, a form and a department, whose prompts are short tones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.asterisk.office import IVR, prompts_with_a_recording
from tests.kills.ear import PROMPTS, write_tone
from tests.scratch import scratch_folder
from tests.switchboard_fixture import RunningSwitchboard, open_all_hours

MAILBOX, FORM = "6001041", "6001001"  # for Mari; for the department sales, with a question before
PROMPT_SECONDS = 0.4
FLOWS = {
    "mailbox": """\
flow: mailbox
start: note
steps:
  note:
    voicemail: {person: mari}
    greeting: safety_greeting
    longest: 25s
    shortest: 1s
    silence: 2s
    on: {saved: bye, nothing: bye}
  bye: {end: goodbye}
""",
    "sales": """\
flow: sales
start: note
steps:
  note:
    message: {department: sales}
    asking: [who]
    longest: 25s
    shortest: 1s
    silence: 2s
    on: {saved: bye, nothing: bye}
  bye: {end: goodbye}
""",
}


class KilledSwitchboard(RunningSwitchboard):
    """One whose launcher starts everything again at once."""

    def _command(self, *arguments: str) -> Sequence[str]:
        module = "tests.kills.launcher" if arguments[0] == "up" else "switchboard"
        return (sys.executable, "-m", module, *super()._command(*arguments)[3:])


@asynccontextmanager
async def killed_switchboard(**settings: Any) -> AsyncIterator[KilledSwitchboard]:
    """One that runs, with the flows and prompts of this module."""
    folder = scratch_folder("kills-")
    try:
        prompts, ivr = prompts_with_a_recording(folder), open_all_hours(folder, IVR)
        _make_short(ivr, prompts)
        async with KilledSwitchboard(ivr=ivr, prompts=prompts, **settings) as switchboard:
            yield switchboard
    finally:
        shutil.rmtree(folder)


def _make_short(ivr: Path, prompts: Path) -> None:
    for name, flow in FLOWS.items():
        (ivr / "flows" / f"{name}.yaml").write_text(flow, "utf-8")
    for prompt, frequency in PROMPTS.items():
        write_tone(prompts / "recordings/en" / f"{prompt}.wav", frequency, PROMPT_SECONDS)
