"""A running switchboard takes a new version: the next call hears it, one in progress does not; nothing is half done."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from switchboard.asterisk import reloading
from switchboard.domain.spoken import content_key
from switchboard.flows.versions import keep_version, load_version, set_live
from switchboard.loading import Loaded
from switchboard.machine.controller_link import Reloaded, ReloadRefused, controller_status, reload_controller
from switchboard.machine.postgres_server import PostgresServer
from switchboard.ports import Utterance
from tests import hearing
from tests.asterisk.office import StoryOffice, story_office
from tests.asterisk.sip_caller import SipCaller
from tests.asterisk_fixture import eventually
from tests.hearing import tone
from tests.phones import Phones
from tests.postgres_fixture import migrated_database, postgres_server
from tests.sample_organisation import write_noise

__all__ = ["postgres_server"]

DEADLINE = 10.0  # seconds
Change = tuple[str, str]  # a text in a file of the configuration, and another in its place
GREETS_OTHERWISE = ("Good day, dear caller.", "A very good morning to you.")
THIRD_KEY_SAYS_GOODBYE = ("3: offer,", "3: bye,")
HAS_A_NEW_PHONE = ("people:\n", 'people:\n  toomas: {name: Toomas Saar, department: sales, phone: "105"}\n')
HAS_A_NEW_NUMBER = (
    '  "6001003":',
    '  "6001009": {name: Straight to Toomas, flow: music, safety_net: *net}\n  "6001003":',
)
RINGS_THE_NEW_PHONE = ("ring: {person: jaan}", "ring: {person: toomas}")


class ChangingOffice(StoryOffice):
    """An office whose configuration is changed while it runs."""

    scratch: Path
    first: str

    def version(self, name: str, *, jingle: int | None = None, **changes: Change) -> str:
        """Keep a version with some files changed, by their names without ending: main, organisation, people, en; and
        with another recording of the jingle, noise of this seed.

        What it says and nobody has spoken is noise of its own.
        """
        folder = self.scratch / name
        ivr, prompts = folder / "ivr", folder / "prompts"
        shutil.copytree(self.asterisk.settings.ivr, ivr)
        shutil.copytree(self.asterisk.settings.prompts, prompts)
        for stem, change in changes.items():
            (file,) = [*ivr.rglob(f"{stem}.yaml"), *prompts.rglob(f"{stem}.yaml")]
            text = file.read_text("utf-8")
            assert change[0] in text
            file.write_text(text.replace(*change), "utf-8")
        if jingle is not None:
            write_noise(prompts / "recordings/en/jingle.wav", 4.0, seed=jingle)
        versions = self.asterisk.folders.versions
        version = keep_version(versions, ivr, prompts)
        self.spoken = load_version(versions, version)
        for utterance in self.spoken.utterances:
            recording = self._new_recording(utterance)
            if not recording.exists():
                write_noise(recording, 1.2, seed=int(recording.stem[:6], 16))
        return version

    async def reload(self, version: str) -> Reloaded:
        """As `switchboard publish` asks for it."""
        answer = await reload_controller(self.asterisk.folders.controller_socket, version)
        assert answer is not None
        return answer

    async def status(self) -> dict[str, Any]:
        """What the controller says of itself."""
        answer = await controller_status(self.asterisk.folders.controller_socket)
        assert answer is not None
        return answer

    def new_prompt(self, identifier: str) -> Path:
        """The recording of a prompt, as the version kept last has it."""
        return self._new_recording(self.spoken.prompts[identifier][self.spoken.organisation.default_language][0])

    def _new_recording(self, utterance: Utterance) -> Path:
        name = self.spoken.organisation.recording_of(utterance.text, utterance.language)
        return self.asterisk.folders.prompts / f"{name}.wav"

    def new_password(self, extension: str) -> str:
        """The one that was made for a new phone."""
        return str(json.loads(self.asterisk.folders.secrets.read_text())["phones"][extension])


@pytest_asyncio.fixture(scope="module")
async def changing(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, sip_stack: Phones
) -> AsyncIterator[ChangingOffice]:
    dsn = await migrated_database(postgres_server.url)
    folder = tmp_path_factory.mktemp("office")
    async with story_office(folder, dsn, sip_stack, kind=ChangingOffice, through_wires=False) as office:
        office.scratch = tmp_path_factory.mktemp("versions")
        office.first = office.version("first")
        yield office


@pytest_asyncio.fixture
async def office(changing: ChangingOffice, phones: Phones) -> AsyncIterator[ChangingOffice]:
    """It, serving its first version, before and after."""
    changing.begin_story()
    yield changing
    await phones.close_all()
    await changing.reload(changing.first)
    await changing.nothing_left()
    assert (await changing.status())["versions_in_use"] == [changing.first]


async def test_the_next_call_hears_a_change_and_a_call_in_progress_does_not(office: ChangingOffice) -> None:
    changed = office.version("texts", en=GREETS_OTHERWISE, main=THIRD_KEY_SAYS_GOODBYE)
    before = await office.call("6001000")
    await before.hears(office.prompt("main_menu"))
    answer = await office.reload(changed)
    assert (answer.was, answer.version) == (office.first, changed)
    assert (answer.asterisk, answer.at_next_start) == ((), ()), "a text alone is none of Asterisk's business"
    status = await office.status()
    assert status["flow_version"] == changed
    assert set(status["versions_in_use"]) == {office.first, changed}
    after = await office.call("6001000")
    await after.hears_whole(office.new_prompt("welcome"))
    await asyncio.gather(before.press("3"), after.press("3"))
    await before.hears(office.fact("offer"))
    await after.hears_whole(office.prompt("goodbye"))
    assert not before.has_heard(office.prompt("goodbye"))
    await after.ended()
    await before.hang_up()
    records = [await office.record_of(call) for call in (before, after)]
    assert [record.flow_version for record in records] == [office.first, changed]


async def test_a_call_goes_on_hearing_the_recording_it_began_with(office: ChangingOffice) -> None:
    before = await office.call("6001003")
    await before.hears(office.prompt("hub_menu"))
    await office.reload(office.version("sound", jingle=7))
    after = await office.call("6001003")
    await after.hears(office.prompt("hub_menu"))
    await asyncio.gather(before.press("2"), after.press("2"))
    await asyncio.gather(before.hears(office.prompt("jingle")), after.hears(office.new_prompt("jingle")))
    assert not before.has_heard(office.new_prompt("jingle"))
    assert not after.has_heard(office.prompt("jingle"))
    await asyncio.gather(before.hang_up(), after.hang_up())


async def test_a_new_phone_registers_a_new_number_is_answered_and_both_go_again(
    office: ChangingOffice, phones: Phones
) -> None:
    changed = office.version("phone", people=HAS_A_NEW_PHONE, organisation=HAS_A_NEW_NUMBER, music=RINGS_THE_NEW_PHONE)
    mari = await office.desk("101")
    answer = await office.reload(changed)
    assert answer.asterisk == ("pjsip.conf", "extensions.conf")
    toomas = await phones.register("105", office.new_password("105"), office.asterisk.sip_address)
    caller = await office.caller()
    call = await caller.dial("6001009")
    rung = await toomas.rung()
    assert content_key("Safety net here.", "en") in await office.asterisk.cli("dialplan show 6001009@safety-net")
    await rung.answer()
    await call.established()
    other = await (await office.caller()).dial("6001001")
    await (await mari.rung()).answer()  # registered before the reload, and still
    removal = await office.reload(office.first)
    assert removal.asterisk == ("pjsip.conf", "extensions.conf")
    assert "_[+0-9]." in await office.asterisk.cli("dialplan show 6001009@safety-net"), "for who called it before"
    for each, partner in ((call, rung), (other, mari.calls[-1])):
        await each.established()
        partner.say(tone(700, 3))
        await each.hears_tone(700)  # the phone that is gone talks on, too
        await each.hang_up()
        await partner.ended()
    with pytest.raises(Exception, match="regist"):
        await phones.register("105", office.new_password("105"), office.asterisk.sip_address)
    refused = await (await office.caller()).dial("6001009")
    assert (await refused.ended()).status == 404


async def test_a_talk_in_progress_does_not_notice_when_all_of_asterisk_is_reloaded(office: ChangingOffice) -> None:
    mari = await office.desk("101")
    call = await (await office.caller()).dial("6001001")
    rung = await (await mari.rung()).answer()
    await call.established()
    call.say(tone(1100, 1.0), again=True)
    rung.say(tone(700, 1.0), again=True)
    await asyncio.gather(call.hears_tone(700), rung.hears_tone(1100))
    begin, rung_begin = call.now, rung.now
    etc = office.asterisk.folders.asterisk_config
    for file in etc.glob("*.conf"):
        with file.open("a") as text:
            text.write("\n; written over by the next reload\n")
    (etc / "extensions.conf").write_text((etc / "extensions.conf").read_text().replace("[desk]", "[desk-of-before]"))
    (etc / "pjsip.conf").write_text((etc / "pjsip.conf").read_text().replace("qualify_timeout = 3.0", ""))
    await office.asterisk.cli("module reload")
    assert "There is no existence" in await office.asterisk.cli("dialplan show desk")
    answer = await office.reload(office.first)
    assert set(answer.asterisk) == set(reloading.PARTS) & {file.name for file in etc.glob("*.conf")}
    assert "modules.conf" in answer.at_next_start
    await call.listen(1.0)
    for heard, frequency in ((call.heard[int(begin * 8000) :], 700), (rung.heard[int(rung_begin * 8000) :], 1100)):
        assert hearing.longest_silence(heard) <= 0.2
        assert hearing.tone_share(heard[-8000:], frequency) > 0.8
    await call.hang_up()
    await rung.ended()
    await office.record_of(call)


async def test_a_bad_version_is_refused_whole(office: ChangingOffice, caplog: pytest.LogCaptureFixture) -> None:
    folder = office.scratch / "bad"
    shutil.copytree(office.asterisk.settings.ivr, folder)
    flow = (folder / "flows/main.yaml").read_text()
    (folder / "flows/main.yaml").write_text(flow.replace("ring: reception", "ring: {person: nobody}"))
    bad = keep_version(office.asterisk.folders.versions, folder, office.asterisk.settings.prompts)
    for version, why in ((bad, "nobody"), ("0" * 16, "is not kept"), ("../../etc", "is not kept")):
        with pytest.raises(ReloadRefused, match=why) as refusal:
            await office.reload(version)
        assert "\n" not in str(refusal.value)
        assert why in (await office.status())["configuration_problem"]
    unspoken = office.version("unspoken", en=GREETS_OTHERWISE)
    office.new_prompt("welcome").rename(office.scratch / "away.wav")
    with pytest.raises(ReloadRefused, match=r"not spoken yet: “A very good morning to you\.”"):
        await office.reload(unspoken)
    (office.scratch / "away.wav").rename(office.new_prompt("welcome"))
    assert (await office.status())["flow_version"] == office.first
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.hang_up()
    await office.record_of(call)
    await office.reload(unspoken)
    assert (await office.status())["configuration_problem"] is None


async def test_what_asterisk_does_not_load_is_taken_back(
    office: ChangingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = office.version("refused", people=HAS_A_NEW_PHONE, organisation=HAS_A_NEW_NUMBER)
    etc = office.asterisk.folders.asterisk_config
    before = {file.name: file.read_text() for file in etc.glob("*.conf")}
    load = office.controller._serving.load

    async def broken(version: str | None, *, with_asterisk: bool) -> Loaded:
        loaded = await load(version, with_asterisk=with_asterisk)
        files = dict(loaded.asterisk) | {"pjsip.conf": loaded.asterisk["pjsip.conf"] + "\n[broken\n"}
        return dataclasses.replace(loaded, asterisk=files)

    monkeypatch.setattr(office.controller._serving, "load", broken)
    monkeypatch.setattr(reloading, "LOADED_WITHIN", 0.3)
    with pytest.raises(ReloadRefused, match=r"did not load pjsip\.conf, phone 105"):
        await office.reload(changed)
    monkeypatch.undo()
    assert {file.name: file.read_text() for file in etc.glob("*.conf")} == before
    assert (await office.status())["flow_version"] == office.first
    call = await office.call("6001000")
    await call.hears(office.prompt("welcome"))
    await call.hang_up()
    await office.record_of(call)


async def test_reloads_asked_for_at_once_are_made_one_after_the_other(office: ChangingOffice) -> None:
    versions = [office.version("one", en=GREETS_OTHERWISE), office.version("two", people=HAS_A_NEW_PHONE)]
    answers = await asyncio.gather(*(office.reload(version) for version in versions * 2))
    # Each found served what another had made: one chain, from the first version to the one that serves now.
    began_with, ended_with = Counter(answer.was for answer in answers), Counter(answer.version for answer in answers)
    last = (await office.status())["flow_version"]
    assert began_with == ended_with + Counter([office.first]) - Counter([last])


async def test_a_reload_a_second_at_ten_calls_a_second_fails_none(office: ChangingOffice) -> None:
    """For a few seconds; `make faults` does it longer, with callers who listen."""
    versions = (office.version("every", people=HAS_A_NEW_PHONE, organisation=HAS_A_NEW_NUMBER), office.first)

    async def one(caller: SipCaller) -> int:
        async with caller:
            status = await caller.dial("6001003")
            await asyncio.sleep(0.5)
            await caller.hang_up()
            return status

    async def reloads() -> None:
        for version in (*versions, *versions):
            await office.reload(version)
            await asyncio.sleep(1.0)

    reloading = asyncio.create_task(reloads())
    calls = []
    while not reloading.done():
        caller = SipCaller(office.asterisk.sip_address, user=f"3725559{len(calls):04}")
        calls.append(asyncio.create_task(one(caller)))
        await asyncio.sleep(0.1)
    await reloading
    assert set(await asyncio.gather(*calls)) == {200}
    assert len(calls) > 20
    records = await office.records_beginning("3725559", len(calls))
    assert {record.disposition for record in records} == {"abandoned"}
    assert {record.flow_version for record in records} == set(versions)


async def test_a_call_goes_on_in_its_version_when_another_controller_takes_over(office: ChangingOffice) -> None:
    changed = office.version("takeover", main=THIRD_KEY_SAYS_GOODBYE)
    call = await office.call("6001000")
    await call.hears(office.prompt("main_menu"))
    await office.reload(changed)
    set_live(office.asterisk.folders.versions, changed)
    at = call.now
    await office.restart_controller()
    assert (await office.status())["flow_version"] == changed
    await call.hears(office.prompt("main_menu"), after=at)
    assert set((await office.status())["versions_in_use"]) == {office.first, changed}
    await call.press("3")
    await call.hears(office.fact("offer"))
    await call.hang_up()

    async def gone() -> bool:
        return (await office.status())["versions_in_use"] == [changed]

    await eventually(gone, DEADLINE, "the version that nobody uses is forgotten")
    set_live(office.asterisk.folders.versions, office.first)
    await office.record_of(call)
