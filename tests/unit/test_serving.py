"""Which version is served: at the start, to whom while it changes, and to calls of an earlier controller."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from structlog.typing import EventDict

from switchboard import changeover as changeover_module
from switchboard import loading
from switchboard.asterisk.reloading import Reloaded
from switchboard.changeover import Changeover, one_line
from switchboard.domain.spoken import content_key
from switchboard.errors import AsteriskError, ConfigurationError
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import OWN_PROMPTS
from switchboard.flows.versions import keep_version, load_version, set_live, version_folders
from switchboard.folders import Folders
from switchboard.loading import Loader, Wanted, load_here
from switchboard.serving import Served, Serving, configuration_to_serve
from switchboard.settings import Settings
from switchboard.testing.in_memory_ledger import InMemoryLedger
from switchboard.testing.manual_clock import ManualClock
from tests.sample_organisation import write_noise

BENCH = Path(__file__).parents[1] / "bench/ivr"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
FIRST, SECOND = "6001000", "6002000"  # numbers


class Shelf:
    """A state folder with kept versions of the bench's organisation, and the draft it was made from."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(state=folder, served=folder, cache=folder / "cache")
        self.settings = Settings(state=folder, ivr=folder / "ivr", prompts=folder / "prompts")
        shutil.copytree(BENCH, self.settings.ivr)
        texts = self.settings.prompts / "texts/en.yaml"
        texts.parent.mkdir(parents=True)
        texts.write_text(
            "".join(f"{name}: The {name} of the bench\n" for name in (*OWN_PROMPTS, "greeting", "prompt", "reception"))
        )
        self.folders.prompts.mkdir(parents=True)

    def keep(self, number: str) -> str:
        """A version whose organisation is reached at this number; the draft is so, too."""
        file = self.settings.ivr / "organisation.yaml"
        text = (BENCH / "organisation.yaml").read_text()
        file.write_text(text.replace(FIRST, number))
        return keep_version(self.folders.versions, self.settings.ivr, self.settings.prompts)

    def damage(self, version: str) -> None:
        shutil.rmtree(version_folders(self.folders.versions, version)[0])

    def speak(self, configuration: Configuration) -> None:
        for utterance in configuration.utterances:
            name = content_key(utterance.text, utterance.language)
            write_noise(self.folders.prompts / f"{name}.wav", 0.1, seed=1)

    def serving(self) -> Serving:
        return Serving(self.settings, self.folders, ManualClock(NOW), InMemoryLedger())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


# Which version a start serves.


def test_before_the_first_version_the_folders_are_served(shelf: Shelf) -> None:
    configuration, problem, is_kept = configuration_to_serve(shelf.settings, shelf.folders)
    assert (list(configuration.organisation.numbers), problem, is_kept) == ([FIRST], "", False)


def test_the_live_version_is_served_not_the_draft(shelf: Shelf) -> None:
    live = shelf.keep(FIRST)
    shelf.keep(SECOND)
    set_live(shelf.folders.versions, live)
    (shelf.settings.ivr / "organisation.yaml").write_text("half writ")
    configuration, problem, is_kept = configuration_to_serve(shelf.settings, shelf.folders)
    assert (configuration.version, problem, is_kept) == (live, "", True)


def test_where_the_live_one_cannot_be_read_the_last_one_that_can_is_served_and_it_is_said(shelf: Shelf) -> None:
    good, bad = shelf.keep(FIRST), shelf.keep(SECOND)
    set_live(shelf.folders.versions, bad)
    shelf.damage(bad)
    with capture_logs() as log:
        serving = shelf.serving()
    assert serving.now.version == good
    assert f"version {bad}: its copy" in serving.problem
    assert refusals(log) == 1


def test_where_no_version_can_be_read_the_folders_are_served_and_it_is_said(shelf: Shelf) -> None:
    only = shelf.keep(FIRST)
    set_live(shelf.folders.versions, only)
    shelf.damage(only)
    _, problem, is_kept = configuration_to_serve(shelf.settings, shelf.folders)
    assert only in problem
    assert not is_kept


# Calls, while it changes.


def other(shelf: Shelf, serving: Serving) -> Served:
    """A version with another number, ready."""
    version = shelf.keep(SECOND)
    configuration = load_version(shelf.folders.versions, version)
    wanted = Wanted(version, shelf.settings, shelf.folders, with_asterisk=False)
    return serving.ready(load_here(wanted, configuration))


def test_a_number_is_served_by_the_version_that_has_it(shelf: Shelf) -> None:
    serving = shelf.serving()
    before, coming = serving.now, other(shelf, serving)
    assert serving.for_number(SECOND) is before, "nobody has it: whoever comes is served by what is served"
    with serving.coming(coming):
        assert serving.for_number(FIRST) is before
        assert serving.for_number(SECOND) is coming, "Asterisk knows it a moment before it is served"
    assert serving.for_number(SECOND) is before, "it was refused"
    with serving.coming(coming):
        serving.serve(coming)
    assert serving.for_number(SECOND) is coming
    assert serving.for_number(FIRST) is before, "a call may be on its way"


def test_versions_are_in_use_as_long_as_calls_last(shelf: Shelf) -> None:
    serving = shelf.serving()
    first, coming = serving.now, other(shelf, serving)
    with serving.call_with(first.version):
        with serving.call_with(first.version):
            serving.serve(coming)
        assert serving.in_use == sorted([first.version, coming.version])
    assert serving.in_use == [coming.version]


async def test_a_call_of_an_earlier_controller_gets_its_version(shelf: Shelf) -> None:
    began_with = shelf.keep(FIRST)
    live = shelf.keep(SECOND)
    set_live(shelf.folders.versions, live)
    serving = shelf.serving()
    try:
        assert await serving.named(live) is serving.now
        with serving.call_with(began_with), serving.call_with(began_with):
            # Nobody has spoken its prompts here: the caller is better served with gaps than not at all.
            one, two = await asyncio.gather(serving.named(began_with), serving.named(began_with))
            assert one is not None
            assert one is two, "loaded once"
            assert (one.version, list(one.configuration.organisation.numbers)) == (began_with, [FIRST])
        with serving.call_with(began_with):
            assert await serving.named("0" * 16) is None
    finally:
        await serving.close()


# A change.


class FakeReloading:
    """reloading.Reloading, as far as a change asks for it."""

    def __init__(self) -> None:
        self.error: AsteriskError | None = None
        self.applied: list[str] = []
        self.is_doubtful = False

    async def apply(self, files: Mapping[str, str], phones: Collection[str]) -> Reloaded:
        assert {"pjsip.conf", "extensions.conf"} <= files.keys()
        if self.error is not None:
            raise self.error
        self.applied.append(files["extensions.conf"])
        return Reloaded(("extensions.conf",))

    async def settle(self) -> None:
        if self.error is not None:
            raise self.error
        self.is_doubtful = False


def refusals(log: list[EventDict]) -> int:
    return sum(line["event"] == "configuration_refused" for line in log)


async def test_a_change_is_served_or_refused_whole(shelf: Shelf) -> None:
    shelf.folders.asterisk_config.mkdir(parents=True)
    (shelf.folders.asterisk_config / "asterisk.conf").write_text("astmoddir = /modules\nastdatadir = /data\n")
    first, second = shelf.keep(FIRST), shelf.keep(SECOND)
    set_live(shelf.folders.versions, first)
    serving, asterisk = shelf.serving(), FakeReloading()
    changeover = Changeover(serving, asterisk, lambda: True)
    try:
        with capture_logs() as log:
            with pytest.raises(ConfigurationError, match=r"^not spoken yet: “The .*” \(en\), .* and \d+ more; "):
                await changeover.to(second)
            shelf.speak(serving.now.configuration)
            asterisk.error = AsteriskError("Asterisk refuses its configuration")
            with pytest.raises(AsteriskError):
                await changeover.to(second)
        assert changeover.problem == f"version {second} is refused: Asterisk refuses its configuration"
        assert refusals(log) == 2
        assert (serving.now.version, asterisk.applied) == (first, [])
        asterisk.error = None
        changed = await changeover.to(second)
        assert (changed.was, changed.version, changed.asterisk.files) == (first, second, ("extensions.conf",))
        assert (serving.now.version, changeover.problem) == (second, "")
        assert SECOND in asterisk.applied[-1]
    finally:
        await serving.close()


async def test_what_asterisk_has_wrong_is_made_good_as_soon_as_it_answers(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changeover_module, "SETTLE_INTERVAL", 0.001)
    serving, asterisk = shelf.serving(), FakeReloading()
    asterisk.is_doubtful, asterisk.error = True, AsteriskError("it is away")
    changeover = Changeover(serving, asterisk, lambda: True)
    settling = asyncio.create_task(changeover.keep_settled())
    while not changeover.problem:
        await asyncio.sleep(0)
    assert changeover.problem.endswith("it is away")
    asterisk.error = None
    while asterisk.is_doubtful or changeover.problem:
        await asyncio.sleep(0.001)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)


# The process that loads.


@pytest_asyncio.fixture
async def loader() -> AsyncIterator[Loader]:
    loader = Loader()
    yield loader
    await loader.close()


async def test_a_process_that_dies_or_hangs_is_a_refusal_and_the_next_one_loads(
    shelf: Shelf, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = shelf.keep(FIRST)
    shelf.speak(load_version(shelf.folders.versions, version))
    wanted = Wanted(version, shelf.settings, shelf.folders, with_asterisk=False)
    assert (await loader.load(wanted)).configuration.version == version
    assert loader._process is not None
    loader._process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(loading, "WITHIN", 0.05)
    with pytest.raises(ConfigurationError, match=r"was not loaded within 0\.05 s"):
        await loader.load(wanted)
    monkeypatch.undo()
    loading_again = asyncio.create_task(loader.load(wanted))
    while loader._process is None:
        await asyncio.sleep(0)
    loader._process.kill()
    with pytest.raises(ConfigurationError, match="loading it failed"):
        await loading_again
    assert (await loader.load(wanted)).configuration.version == version


def test_a_refusal_is_one_line() -> None:
    assert one_line(ConfigurationError(["a: wrong\n  | a\n  | ^", "b: wrong"])) == "a: wrong (and 1 more)"
    assert one_line(AsteriskError("gone")) == "gone"
