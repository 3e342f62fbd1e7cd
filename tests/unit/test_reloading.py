"""Asterisk's files from one configuration to the next: what differs is written and reloaded, or all is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.asterisk import reloading
from switchboard.asterisk.ari_operations import Operation
from switchboard.asterisk.reloading import PARTS, Reloaded, Reloading, running_program
from switchboard.asterisk.rendering import fingerprint_in, render, template_files
from switchboard.errors import AsteriskError, AsteriskUnreachable, LegGone
from switchboard.folders import Folders
from switchboard.settings import Settings
from tests.sample_organisation import SampleConfiguration, sample_organisation
from tests.unit.test_rendering import Known

FINGERPRINT_FILES = {
    "SWITCHBOARD_RENDERED": "extensions.conf",
    "PJSIP_AOR(rendered,voicemail_extension)": "pjsip.conf",
}


class FakeAsterisk:
    """Ari and Ami: it loads the files of the folder when it is told to, unless the part is among `refuses`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reloaded: list[str] = []
        self.refuses: set[str] = set()
        self.is_up = True
        self.loaded = {name: fingerprint_in((folder / name).read_text()) for name in FINGERPRINT_FILES.values()}

    async def request_http(self, operation: Operation, /, **values: object) -> None:
        part = str(values["moduleName"])
        if not self.is_up:
            raise AsteriskUnreachable("away")
        if part in self.refuses:
            raise LegGone(f"{part}: 409 Could not reload module")
        self.reloaded.append(part)
        for name in self.loaded:
            if PARTS[name] == part:
                self.loaded[name] = fingerprint_in((self.folder / name).read_text())

    async def global_value(self, name: str) -> str:
        if name.startswith("PJSIP_ENDPOINT("):
            return name.removeprefix("PJSIP_ENDPOINT(").partition(",")[0]
        return self.loaded[FINGERPRINT_FILES[name]]


def rendered(state: Path, *, ring_seconds: int = 3) -> dict[str, str]:
    folders = Folders(state=state, served=state, cache=state / "cache")
    configuration = SampleConfiguration(sample_organisation(ring_seconds=ring_seconds))
    return render(configuration, Settings(state=state), folders, Known(), Known(), trunk_passwords={})


class House:
    """A folder of rendered files, an Asterisk that has loaded them, and what brings it others."""

    def __init__(self, state: Path) -> None:
        self.folders = Folders(state=state, served=state, cache=state / "cache")
        self.folder = self.folders.asterisk_config
        self.folder.mkdir(parents=True)
        self.files = rendered(state)
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        self.asterisk = FakeAsterisk(self.folder)
        self.reloading = Reloading(self.asterisk, self.asterisk, self.folders, None)

    def on_disk(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.folder.iterdir()}

    async def apply(self, files: dict[str, str]) -> Reloaded:
        return await self.reloading.apply(files, ["100", "101"])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_nothing_differs_nothing_is_reloaded(house: House) -> None:
    assert await house.apply(house.files) == Reloaded()
    assert house.asterisk.reloaded == []


async def test_a_safety_net_is_the_dialplans_alone(house: House, tmp_path: Path) -> None:
    files = rendered(tmp_path, ring_seconds=5)
    assert await house.apply(files) == Reloaded(("extensions.conf",))
    assert house.asterisk.reloaded == ["pbx_config.so"]
    assert house.on_disk() == files


async def test_each_file_has_a_part_or_waits_for_a_start(house: House) -> None:
    files = {name: f"{text}\n; more\n" for name, text in house.files.items()} | {"new.conf": "x = y\n"}
    (house.folder / "old.conf").write_text("no template makes it")
    answer = await house.apply(files)
    assert set(answer.files) == set(PARTS)
    assert house.asterisk.reloaded == list(dict.fromkeys(PARTS.values()))
    assert house.asterisk.reloaded.index("res_pjsip.so") < house.asterisk.reloaded.index("pbx_config.so")
    assert set(answer.at_next_start) == (set(house.files) - set(PARTS)) | {"new.conf", "old.conf"}
    assert house.on_disk() == files


def test_every_part_reads_a_file_that_there_is() -> None:
    assert set(PARTS) <= {template.name.removesuffix(".j2") for template in template_files()}


async def test_what_asterisk_has_not_loaded_is_reloaded_though_the_file_is_the_same(house: House) -> None:
    house.asterisk.loaded["pjsip.conf"] = "another"  # a controller was killed between writing it and telling
    assert await house.apply(house.files) == Reloaded(("pjsip.conf",))


async def test_a_refusal_takes_everything_back(house: House, tmp_path: Path) -> None:
    files = rendered(tmp_path, ring_seconds=5)
    files["pjsip.conf"] += "; more\n"
    house.asterisk.refuses = {"pbx_config.so"}
    with pytest.raises(AsteriskError, match=r"refuses its configuration: pbx_config\.so"):
        await house.apply(files)
    assert house.on_disk() == house.files
    assert house.asterisk.reloaded == ["res_pjsip.so"] * 2
    assert house.reloading.is_doubtful, "its dialplan could not be told"
    house.asterisk.refuses = set()
    await house.reloading.settle()
    assert house.asterisk.reloaded[-1] == "pbx_config.so"
    assert not house.reloading.is_doubtful


async def test_a_file_that_it_does_not_load_takes_everything_back(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "LOADED_WITHIN", 0.0)
    files = rendered(tmp_path, ring_seconds=5)
    monkeypatch.setitem(FINGERPRINT_FILES, "SWITCHBOARD_RENDERED", "pjsip.conf")  # whatever it loads: not this
    with pytest.raises(AsteriskError, match=r"did not load extensions\.conf; its messages\.log says why"):
        await house.apply(files)
    assert house.on_disk() == house.files
    assert house.asterisk.reloaded == ["pbx_config.so"] * 2


async def test_an_asterisk_that_goes_away_is_told_when_it_is_back(house: House, tmp_path: Path) -> None:
    house.asterisk.is_up = False
    with pytest.raises(AsteriskUnreachable):
        await house.apply(rendered(tmp_path, ring_seconds=5))
    assert house.on_disk() == house.files
    assert house.reloading.is_doubtful
    house.asterisk.is_up = True
    assert await house.apply(house.files) == Reloaded()
    assert house.asterisk.reloaded == ["pbx_config.so"]
    assert not house.reloading.is_doubtful


async def test_a_file_that_cannot_be_written_changes_nothing(house: House) -> None:
    (house.folder / "extensions.conf").unlink()
    (house.folder / "extensions.conf").mkdir()
    files = house.files | {"pjsip.conf": house.files["pjsip.conf"] + "; more\n"}  # which is written first
    with pytest.raises(AsteriskError, match="cannot be written: Is a directory"):
        await house.apply(files)
    assert (house.folder / "pjsip.conf").read_text() == house.files["pjsip.conf"]


def test_the_program_that_runs_is_told_by_its_configuration(house: House) -> None:
    program = running_program(house.folders)
    assert (program.modules, program.data) == (Known.modules, Known.data)
    (house.folder / "asterisk.conf").write_text("[directories]\nastmoddir = /x\n")
    with pytest.raises(AsteriskError, match="says no astdatadir"):
        running_program(house.folders)
    (house.folder / "asterisk.conf").unlink()
    with pytest.raises(AsteriskError, match="cannot be read: No such file or directory; was Asterisk started"):
        running_program(house.folders)
