"""`make demo`: a scripted caller dials in. The phones, the switchboard's steps and the record, side by side.

It starts a switchboard of its own (the example organisation, open all hours; own ports and state, so that one which
runs is not disturbed), a caller's phone and reception's desk phone. "Hears" is evidence: the audio that arrived at the
phone, compared with every English recording of the organisation. The middle is the ledger, the right the record, both
read from Postgres as they come.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from switchboard.domain.call_story import story
from switchboard.domain.language import Language
from switchboard.domain.spoken import content_key
from switchboard.errors import RecordsUnreachable, SwitchboardError
from switchboard.ports import Utterance
from switchboard.postgres.archive import PostgresArchive
from switchboard.speech.render import render_missing
from tests.asterisk_fixture import eventually
from tests.demo_ear import Ear
from tests.demo_screen import PhoneLine, Shown, StepLine, screen_for
from tests.phones import Phone, PhoneCall, Phones, sip_phones
from tests.switchboard_fixture import RunningSwitchboard

KADRI, RECEPTION = "Kadri", "Reception"
CALLER, NUMBER = "3725551234", "6001000"
ENGLISH = Language("en")
LOOK_EVERY = 0.25  # seconds between looks at the records
LONGEST = 60.0  # seconds until the call counts as gone wrong

#: What the two say to each other, spoken too, so that it can be recognised at the other end.
ANSWER = Utterance("Northern Larder, this is Liis. How can I help you?", ENGLISH)
QUESTION = Utterance("Hello Liis, this is Kadri. Can you deliver on Saturday?", ENGLISH)
TALK = (ANSWER, QUESTION)


class Demo:
    """One run of it."""

    def __init__(self, switchboard: RunningSwitchboard) -> None:
        self._switchboard = switchboard
        self._shown = Shown("A call to Northern Larder")
        self._recordings: dict[str, Path] = {}
        self._ears: list[asyncio.Task[None]] = []
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)

    async def run(self, console: Console) -> str:
        """Play the call and show it; "" or what went wrong."""
        speaking = asyncio.create_task(asyncio.to_thread(self._speak))
        async with self._switchboard, sip_phones() as phones:
            await speaking
            self._recordings = self._what_can_be_said()
            reception = await phones.register("100", self._switchboard.password("100"), self._switchboard.sip_address)
            async with self._on_screen(console):
                try:
                    async with asyncio.timeout(LONGEST):
                        await self._call(phones, reception)
                        await asyncio.gather(*self._ears)
                        await self._recorded()
                except (TimeoutError, AssertionError) as error:
                    return f"The call did not go as the example organisation's flows lead it: {error}"
        return ""

    # -- what the two people do

    async def _call(self, phones: Phones, reception: Phone) -> None:
        caller = await phones.outside(CALLER, self._switchboard.sip_address, name="Kadri Kask")
        self._began, self._began_at = time.monotonic(), datetime.now(UTC)
        self._note(KADRI, "dials", NUMBER)
        call = await (await caller.dial(NUMBER)).established()
        self._listen(call, KADRI)
        for menu, patience, key in (("main_menu", 2.2, "3"), ("info_menu", 1.8, "1")):
            await call.hears(self._switchboard.prompt(menu), after=call.now)
            await call.listen(patience - 1.0)
            await self._press(call, key)
        await call.hears(self._switchboard.prompt("info_menu"), after=call.now + 1.0, timeout=25)
        await call.listen(0.8)
        await self._press(call, "0")
        rung = await reception.rung()
        self._note(RECEPTION, "rings,", "showing " + rung.peer.partition(":")[2].partition("@")[0])
        await call.listen(1.8)
        await rung.answer()
        self._note(RECEPTION, "answers")
        self._listen(rung, RECEPTION)
        await self._talk(call, rung)
        await rung.hang_up()
        self._note(RECEPTION, "hangs up")
        await call.ended()
        self._note(KADRI, "sees", "that the call has ended")

    async def _talk(self, call: PhoneCall, rung: PhoneCall) -> None:
        await rung.listen(0.5)
        for speaker, who, listener, utterance in (
            (rung, RECEPTION, call, ANSWER),
            (call, KADRI, rung, QUESTION),
        ):
            after = listener.now
            self._note(who, "says", f"“{utterance.text}”")
            speaker.say(self._recording(utterance))
            await listener.hears_whole(self._recording(utterance), after=after)
        await call.listen(0.5)

    async def _press(self, call: PhoneCall, key: str) -> None:
        self._note(KADRI, "presses", key)
        await call.press(key)

    def _note(self, who: str, does: str, what: str = "") -> None:
        self._shown.phones.append(PhoneLine(self._now(), who, does, what, is_done=True))

    def _listen(self, call: PhoneCall, who: str) -> None:
        ear = Ear(call, who, self._recordings, self._shown.phones, self._now)
        self._ears.append(asyncio.create_task(ear.listen()))

    # -- what is shown

    @contextlib.asynccontextmanager
    async def _on_screen(self, console: Console) -> AsyncIterator[None]:
        screen = screen_for(console)
        showing = asyncio.create_task(self._keep_showing(screen.update))
        try:
            yield
        finally:
            for task in (*self._ears, showing):
                task.cancel()
            await asyncio.gather(*self._ears, showing, return_exceptions=True)
            screen.close(self._shown)

    async def _keep_showing(self, update: Callable[[Shown], None]) -> None:
        async with self._switchboard.archive() as archive:
            while True:
                with contextlib.suppress(RecordsUnreachable):
                    await self._read(archive)
                self._shown.now = self._now()
                update(self._shown)
                await asyncio.sleep(LOOK_EVERY)

    async def _read(self, archive: PostgresArchive) -> None:
        for row in await archive.calls(limit=1):
            lines = story(await archive.story(row["id"]))
            self._shown.steps = [
                StepLine((line.at - self._began_at).total_seconds(), line.what, line.why) for line in lines
            ]
            self._shown.record = row

    async def _recorded(self) -> None:
        """Wait until the record that is shown is closed."""

        async def closed() -> bool:
            return self._shown.record is not None and self._shown.record["ended_at"] is not None

        await eventually(closed, 5.0, "the record is closed")

    def _now(self) -> float:
        return time.monotonic() - self._began

    # -- recordings

    def _speak(self) -> None:
        render_missing(TALK, self._switchboard.folders, self._switchboard.settings.prompts)

    def _what_can_be_said(self) -> dict[str, Path]:
        every = {*self._switchboard.configuration.utterances, *TALK}
        return {each.text: self._recording(each) for each in every if each.language == ENGLISH}

    def _recording(self, utterance: Utterance) -> Path:
        return self._switchboard.folders.prompts / f"{content_key(utterance.text, utterance.language)}.wav"


def main() -> int:
    """Exit status 1 if the call went wrong."""
    console = Console()
    console.print("Starting a switchboard for the demo…", style="dim")
    try:
        problem = asyncio.run(Demo(RunningSwitchboard()).run(console))
    except SwitchboardError as error:
        problem = str(error)
    except KeyboardInterrupt:
        return 130
    if problem:
        console.print(problem, style="red", highlight=False)
    else:
        console.print("Now with a phone of your own: make run", style="dim")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
