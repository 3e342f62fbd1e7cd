"""Publishing: checked, kept, served, live, noted; whatever happens between two of these."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from switchboard.commands import publication as publication_module
from switchboard.commands import publication_note as note
from switchboard.commands.live import choose_live, make_live, note_live
from switchboard.commands.preparation import Place, make_place
from switchboard.commands.publication import Outcome, Wish, publish, rollback
from switchboard.domain.publication import Publication, PublicationKind
from switchboard.errors import ConfigurationError, RecordsUnreachable, SetupError
from switchboard.flows.configuration import Configuration
from switchboard.flows.versions import keep_version, kept_versions, live_version, load_version, publishing, set_live
from switchboard.folders import Folders
from switchboard.machine.controller_link import ReloadRefused, reload_controller
from switchboard.postgres.versions import PostgresVersions
from switchboard.settings import Settings
from tests.flows.playing import PROMPTS
from tests.postgres_fixture import running_postgres
from tests.scratch import scratch_folder

SMALL = Path(__file__).parents[1] / "bench" / "ivr"  # an organisation that is loaded in a moment
MARI = Wish("mari", "Easter hours")
Spoken = list[tuple[str, str]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, for the controller's socket."""
    path = scratch_folder("publish-")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def place(folder: Path, no_versions: str) -> Place:
    """A switchboard's folders, a small organisation that speaks English for its configuration."""
    shutil.copytree(SMALL, folder / "ivr")
    (folder / "prompts/texts").mkdir(parents=True)
    texts = (PROMPTS / "texts/en.yaml").read_text("utf-8")
    (folder / "prompts/texts/en.yaml").write_text(f"{texts}\ngreeting: Welcome.\nprompt: Thank you.\n", "utf-8")
    return make_place(
        Settings(state=folder / "state", ivr=folder / "ivr", prompts=folder / "prompts", database_url=no_versions)
    )


@pytest.fixture(autouse=True)
def spoken(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    """What would be spoken: ("missing" or "stale", version); speaking itself takes its time and has its own tests."""
    told: Spoken = []

    def speak_missing(configuration: Configuration, folders: Folders, prompts: Path, _: object) -> None:
        assert prompts.is_dir()
        told.append(("missing", configuration.version))

    def speak_stale(configuration: Configuration, folders: Folders, prompts: Path, _: object) -> None:
        assert prompts.is_dir()
        told.append(("stale", configuration.version))

    monkeypatch.setattr(publication_module, "speak_missing", speak_missing)
    monkeypatch.setattr(publication_module, "speak_stale", speak_stale)
    return told


class FakeController:
    """Answers on the socket as the controller does; what it says to a reload is the test's choice."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self.serves = live_version(folders.versions)
        self.asked: list[str] = []
        self.problem = ""
        self.hangs_up = False
        self.forgets = 0  # how often it starts anew right after a reload, with what is live

    async def __aenter__(self) -> FakeController:
        self._server = await asyncio.start_unix_server(self._answer, self._folders.controller_socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        self._folders.controller_socket.unlink()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST /reload"):
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            status, answer = self._reload(json.loads(await reader.readexactly(length))["version"])
        else:
            status, answer = 200, {"answering": True, "flow_version": self.serves, "versions_in_use": [self.serves]}
        if not (self.hangs_up and head.startswith(b"POST")):
            writer.write(f"HTTP/1.0 {status} X\r\nContent-Type: application/json\r\n\r\n".encode())
            writer.write(json.dumps(answer).encode())
        writer.close()

    def _reload(self, version: str) -> tuple[int, dict[str, object]]:
        self.asked.append(version)
        if self.problem:
            return 409, {"problem": self.problem}
        was, self.serves = self.serves, load_version(self._folders.versions, version).version
        if self.forgets:
            self.forgets -= 1
            self.serves = live_version(self._folders.versions)
        return 200, {"version": version, "was": was, "asterisk": ["extensions.conf"], "at_next_start": []}


@pytest_asyncio.fixture
async def controller(place: Place) -> AsyncIterator[FakeController]:
    """It serves a version that is live, published by the administrator."""
    await published(place)
    async with FakeController(place.folders) as controller:
        yield controller


async def published(place: Place, wish: Wish = MARI) -> Outcome:
    return await publish(place, place.settings.ivr, place.settings.prompts, wish, lambda _what, _share: None)


async def rolled_back(place: Place, version: str | None = None) -> Outcome:
    return await rollback(place, version, MARI, lambda _what, _share: None)


def change(place: Place, number: int = 1) -> None:
    """Make the folder another version."""
    (place.settings.ivr / "note.yaml").write_text(f"# {number}\n")


def break_it(place: Place) -> None:
    (place.settings.ivr / "flows/main.yaml").write_text("flow: main\nstart: nowhere\nsteps: {}\n")


async def history(place: Place) -> list[Publication]:
    async with PostgresVersions(str(place.settings.database_url)) as store:
        return list(await store.publications())


def nothing_left(place: Place) -> None:
    """Nothing is begun, nothing in the making."""
    assert note.begun(place.folders.versions) is None
    assert not [path for path in place.folders.versions.iterdir() if path.name.startswith(".")]


# -- the road


async def test_it_is_served_then_live_then_noted(place: Place, controller: FakeController, spoken: Spoken) -> None:
    first = controller.serves
    change(place)
    outcome = await published(place, Wish("jaan", "a note"))
    version = outcome.version
    assert controller.asked == [version] and controller.serves == live_version(place.folders.versions) == version
    (newest, before) = await history(place)
    assert (newest.version, newest.was, newest.who, newest.why, newest.kind) == (
        version, first, "jaan", "a note", PublicationKind.PUBLISH,
    )  # fmt: skip
    assert (before.version, before.was) == (first, None)
    assert outcome.publication == newest == note.newest(place.folders.versions, version)
    assert outcome.reloaded and outcome.reloaded.asterisk == ("extensions.conf",)
    assert spoken[-2:] == [("missing", version), ("stale", version)]
    nothing_left(place)


async def test_what_is_live_already_is_not_published_again(place: Place, controller: FakeController) -> None:
    outcome = await published(place)
    assert (outcome.publication, controller.asked) == (None, [])
    assert len(await history(place)) == 1


async def test_without_a_controller_it_is_live_at_the_next_start(place: Place) -> None:
    outcome = await published(place)
    assert outcome.publication and outcome.reloaded is None
    assert choose_live(place).configuration.version == outcome.version == live_version(place.folders.versions)


async def test_a_broken_folder_changes_nothing(place: Place, controller: FakeController, spoken: Spoken) -> None:
    before = kept_versions(place.folders.versions)
    spoken.clear()
    break_it(place)
    with pytest.raises(ConfigurationError, match=r"ivr/flows/main.yaml:2:8: ") as refused:
        await published(place)
    assert "versions/" not in str(refused.value)
    assert (controller.asked, spoken, kept_versions(place.folders.versions)) == ([], [], before)
    assert len(await history(place)) == 1
    nothing_left(place)


async def test_what_check_finds_is_refused_as_it_calls_it(
    place: Place, controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = place.settings.ivr / "flows/bench.yaml"
    flow.write_text(
        "flow: bench\nstart: first\nsteps:\n  first: {say: greeting, next: second}\n  second: {goto: bench}\n"
    )
    monkeypatch.chdir(place.settings.ivr.parent)
    with pytest.raises(ConfigurationError, match=r"(?m)^ivr/flows/bench\.yaml:\d+:\d+: ") as refused:
        await published(place)
    assert ".new-" not in str(refused.value)
    assert controller.asked == []
    nothing_left(place)


async def test_a_controller_that_refuses_changes_nothing(
    place: Place, controller: FakeController, spoken: Spoken
) -> None:
    first = controller.serves
    assert first is not None
    change(place)
    controller.problem = "Asterisk refuses pjsip.conf"
    with pytest.raises(ReloadRefused, match=r"keeps the version it has: Asterisk refuses pjsip\.conf"):
        await published(place)
    assert live_version(place.folders.versions) == controller.serves == first
    assert spoken[-1] == ("stale", first), "recordings are spoken as before"
    assert len(await history(place)) == 1
    nothing_left(place)


async def test_a_controller_that_does_not_answer_is_settled_by_the_next(
    place: Place, controller: FakeController
) -> None:
    change(place, 1)
    controller.hangs_up = True
    with pytest.raises(SetupError, match="the controller did not answer the reload"):
        await published(place)
    begun = note.begun(place.folders.versions)
    assert begun is not None and controller.serves == begun.version
    controller.hangs_up = False
    change(place, 2)
    outcome = await published(place)
    assert [each.version for each in await history(place)][:2] == [outcome.version, begun.version]
    nothing_left(place)


async def test_a_controller_that_starts_anew_just_then_serves_it_all_the_same(
    place: Place, controller: FakeController
) -> None:
    change(place)
    controller.forgets = 1
    outcome = await published(place)
    assert controller.serves == live_version(place.folders.versions) == outcome.version
    assert controller.asked == [outcome.version] * 2


async def test_a_controller_that_is_being_started_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (await published(place)).version
    change(place)
    monkeypatch.setattr(publication_module, "_is_launched", lambda _: True)
    publishing_it = asyncio.create_task(published(place))
    while note.begun(place.folders.versions) is None:
        await asyncio.sleep(0)
    assert live_version(place.folders.versions) == first
    async with FakeController(place.folders) as controller:
        outcome = await publishing_it
        assert controller.asked == [outcome.version] and outcome.reloaded and outcome.reloaded.was == first


async def test_a_controller_that_never_comes_keeps_nobody_from_publishing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication_module, "_is_launched", lambda _: True)
    monkeypatch.setattr(publication_module, "CONTROLLER_STARTS_WITHIN", 0.05)
    outcome = await published(place)
    assert (outcome.reloaded, live_version(place.folders.versions)) == (None, outcome.version)


async def test_old_versions_go_but_those_in_use_stay(
    place: Place, controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("switchboard.flows.versions.prune.__kwdefaults__", {"keep": 2})
    first = controller.serves
    for number in range(4):
        change(place, number)
        await published(place)
    kept = kept_versions(place.folders.versions)
    assert len(kept) == 2 and first not in kept


# -- Postgres away


async def test_without_postgres_nothing_is_begun(place: Place, controller: FakeController) -> None:
    change(place)
    away = Settings(**{**place.settings.model_dump(), "database_url": "postgresql://nobody@127.0.0.1:1/none"})
    with pytest.raises(RecordsUnreachable, match="calls go on as they are, but publishing needs the database"):
        await published(Place(away, place.folders, place.account))
    assert controller.asked == []
    assert len(kept_versions(place.folders.versions)) == 1
    nothing_left(place)


async def test_a_postgres_that_goes_at_the_end_gets_its_row_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_postgres() as server:
        here = Place(
            Settings(**{**place.settings.model_dump(), "database_url": server.url}), place.folders, place.account
        )
        await published(here)
        change(here, 1)

        def stops(versions: Path, version: str) -> None:
            set_live(versions, version)
            os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)

        monkeypatch.setattr(publication_module, "set_live", stops)
        outcome = await published(here)
        assert outcome.remarks and "the record of it follows" in outcome.remarks[0]
        assert live_version(place.folders.versions) == outcome.version
        assert note.newest(place.folders.versions, outcome.version) == outcome.publication
    await note_live(place, str(place.settings.database_url))  # another database, even: it gets what is live
    assert [each.version for each in await history(place)] == [outcome.version]
    nothing_left(place)


# -- one at a time


async def test_a_second_publication_is_refused(place: Place) -> None:
    with publishing(place.folders.versions), pytest.raises(SetupError, match="another publication is going on"):
        await published(place)
    async with PostgresVersions(str(place.settings.database_url)) as other:
        await published(place)
        await other.lock()
        change(place)
        with pytest.raises(SetupError, match="another machine that uses this database is publishing"):
            await published(place)
    nothing_left(place)


# -- going back


async def test_back_and_forth(place: Place, controller: FakeController) -> None:
    first = controller.serves
    change(place)
    second = (await published(place)).version
    assert (await rolled_back(place)).version == first == controller.serves
    assert (await rolled_back(place)).version == second == controller.serves
    assert first is not None
    assert (await rolled_back(place, first[:6])).version == first
    assert [each.kind for each in await history(place)] == ["rollback", "rollback", "rollback", "publish", "publish"]


async def test_nothing_to_go_back_to(place: Place, controller: FakeController) -> None:
    with pytest.raises(ConfigurationError, match="there is no earlier version to go back to"):
        await rolled_back(place)
    for wanted in ("ffff", "%", "_", ""):
        if wanted:
            with pytest.raises(ConfigurationError, match=f"no version begins with '{wanted}'"):
                await rolled_back(place, wanted)


@pytest.mark.parametrize("how", ["removed", "damaged"])
async def test_a_version_is_brought_back_from_postgres(place: Place, controller: FakeController, how: str) -> None:
    first = controller.serves
    assert first is not None
    change(place)
    await published(place)
    if how == "removed":
        shutil.rmtree(place.folders.versions / first)
    else:
        (place.folders.versions / first / "ivr/facts.yaml").unlink()
    assert (await rolled_back(place)).version == first
    assert load_version(place.folders.versions, first).version == first


async def test_a_damaged_live_version_is_made_good(place: Place, controller: FakeController) -> None:
    live = controller.serves
    (place.folders.versions / "live").write_text("??")
    assert (await published(place)).version == live == live_version(place.folders.versions)
    assert live is not None
    shutil.rmtree(place.folders.versions / live)
    controller.serves = "the one before"
    assert (await rolled_back(place, live)).version == live == controller.serves


# -- what `up` serves


async def test_the_first_start_makes_the_folder_live(place: Place) -> None:
    chosen = choose_live(place)
    versions = place.folders.versions
    assert live_version(versions) is None, "not before everything is prepared"
    make_live(place, chosen)
    assert live_version(versions) == chosen.configuration.version
    assert chosen.prompts.is_relative_to(versions)
    await note_live(place, str(place.settings.database_url))
    (first,) = await history(place)
    assert (first.version, first.kind, first.was) == (chosen.configuration.version, "first", None)
    nothing_left(place)


def test_a_first_folder_that_is_wrong_is_refused(place: Place) -> None:
    break_it(place)
    with pytest.raises(ConfigurationError, match=r"ivr/flows/main.yaml:2:8: "):
        choose_live(place)
    assert not kept_versions(place.folders.versions)


async def test_a_later_start_serves_what_is_live(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    live = (await published(place)).version
    assert choose_live(place).notices == ()
    change(place)
    monkeypatch.chdir(place.settings.ivr.parent)
    chosen = choose_live(place)
    assert chosen.configuration.version == live
    assert chosen.notices == (
        f"ivr/ differs from the live version {live}, which serves: `switchboard diff live ivr/` shows how, "
        "`switchboard publish` makes it live.",
    )
    break_it(place)
    chosen = choose_live(place)
    assert chosen.configuration.version == live
    (notice,) = chosen.notices
    assert notice.startswith("ivr/ HAS ") and f"the live version {live} serves" in notice


async def test_a_live_version_that_cannot_be_read_is_said_loudly(place: Place) -> None:
    before = (await published(place)).version
    change(place)
    live = (await published(place)).version
    shutil.rmtree(place.folders.versions / live)
    chosen = choose_live(place)
    assert chosen.configuration.version == before
    assert chosen.notices[0].startswith(f"THE LIVE VERSION CANNOT BE SERVED: version {live} is not kept")
    shutil.rmtree(place.folders.versions / before)
    chosen = choose_live(place)
    assert chosen.prompts == place.settings.prompts and "ivr/ serves as it is" in chosen.notices[0]


async def test_a_version_nobody_published_is_noted_as_found(place: Place) -> None:
    version = keep_version(place.folders.versions, place.settings.ivr, place.settings.prompts)
    set_live(place.folders.versions, version)
    for _ in range(2):
        await note_live(place, str(place.settings.database_url))
    assert [(each.version, each.kind) for each in await history(place)] == [(version, "found")]


# -- killed in between

# Where a publication is killed, and whether callers have heard of its version by then.
POINTS = [
    ("publication.speak_missing before", False),
    ("Copy.keep after", False),
    ("PostgresVersions.keep after", False),
    ("note.begin after", False),
    ("publication.speak_stale after", False),
    ("publication._have_served after", True),
    ("publication.set_live after", True),
    ("PostgresVersions.note after", True),
    ("note.finish after", True),
]

# Publishes in a child that ends itself by SIGKILL before or after one function of the road. One process, as importing
# takes longer than all the rest.
KILLED = """
    import asyncio, inspect, os, signal, sys
    from switchboard.commands import publication, publication_note as note
    from switchboard.commands.preparation import make_place
    from switchboard.flows.version_copy import Copy
    from switchboard.postgres.versions import PostgresVersions
    from switchboard.settings import load

    publication.speak_missing = publication.speak_stale = lambda *_: None

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_at(point):
        name, when = point.split()
        holder, name = name.split(".")
        holder = globals()[holder]
        do = getattr(holder, name)
        async def awaited(*arguments):
            if when == "before":
                die()
            await do(*arguments)
            die()
        def called(*arguments):
            if when == "before":
                die()
            do(*arguments)
            die()
        setattr(holder, name, awaited if inspect.iscoroutinefunction(do) else called)

    settings = load()
    place = make_place(settings)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            kill_at(line)
            wish = publication.Wish("killed", "it was in the way")
            asyncio.run(publication.publish(place, settings.ivr, settings.prompts, wish, lambda *_: None))
            os._exit(0)
        print(os.waitpid(pid, 0)[1], flush=True)
"""


@pytest_asyncio.fixture
async def killing(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = place.settings
    for name in ("state", "ivr", "prompts", "database_url"):
        monkeypatch.setenv(f"SWITCHBOARD_{name.upper()}", str(getattr(settings, name)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(KILLED), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    yield process
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


async def kill(process: asyncio.subprocess.Process, point: str) -> None:
    assert process.stdin and process.stdout
    process.stdin.write(f"{point}\n".encode())
    async with asyncio.timeout(20):
        assert int(await process.stdout.readline()) == signal.SIGKILL, "it never came there"


async def test_killed_anywhere_the_next_one_completes_or_ignores_it(
    place: Place, controller: FakeController, killing: asyncio.subprocess.Process
) -> None:
    versions = place.folders.versions
    for number, (point, is_heard) in enumerate(POINTS):
        before, told = controller.serves, len(await history(place))
        change(place, 2 * number)
        await kill(killing, point)
        killed = keep_version(versions, place.settings.ivr, place.settings.prompts)
        assert controller.serves == (killed if is_heard else before), point
        assert live_version(versions) in (before, killed), point
        assert load_version(versions, live_version(versions) or "").version == live_version(versions), point
        change(place, 2 * number + 1)
        outcome = await published(place)
        assert controller.serves == live_version(versions) == outcome.version, point
        rows = await history(place)
        if is_heard:
            assert [(each.version, each.was, each.who) for each in rows[:2]] == [
                (outcome.version, killed, "mari"), (killed, before, "killed")
            ], point  # fmt: skip
        assert len(rows) == told + (2 if is_heard else 1), point
        assert [each.was for each in rows[:-1]] == [each.version for each in rows[1:]], point
        nothing_left(place)


@pytest.mark.parametrize(
    ("point", "is_live"), [("publication._have_served after", False), ("note.finish before", True)]
)
async def test_killed_with_no_controller_the_next_start_completes_or_ignores_it(
    place: Place, killing: asyncio.subprocess.Process, point: str, is_live: bool
) -> None:
    before = (await published(place)).version
    change(place)
    await kill(killing, point)
    chosen = choose_live(place)
    version = chosen.configuration.version
    assert (version != before) is is_live
    assert any("was broken off: it did not happen" in notice for notice in chosen.notices) is not is_live
    await note_live(place, str(place.settings.database_url))
    assert (await history(place))[0].version == version
    nothing_left(place)


async def test_a_reload_that_a_killed_one_asked_for_is_overtaken(
    place: Place, controller: FakeController, killing: asyncio.subprocess.Process
) -> None:
    live = controller.serves
    change(place, 1)
    await kill(killing, "publication._have_served before")
    break_it(place)
    with pytest.raises(ConfigurationError):
        await published(place)
    assert controller.asked == [live], "whatever it was doing, it serves what is live afterwards"


# -- the link to the controller


async def test_no_controller(place: Place) -> None:
    assert await reload_controller(place.folders.controller_socket, "0" * 16) is None


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (b"", SetupError, "did not answer the reload: no HTTP"),
        (b"HTTP/1.0 200 OK\r\n\r\nfine", SetupError, "did not answer the reload"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n404: Not Found", ReloadRefused, "HTTP status 404"),
        (b'HTTP/1.0 409 Conflict\r\n\r\n{"problem": "no"}', ReloadRefused, "keeps the version it has: no"),
    ],
)
async def test_what_a_controller_may_answer(folder: Path, answer: bytes, error: type[Exception], problem: str) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(say, folder / "socket"):
        with pytest.raises(error, match=problem):
            await reload_controller(folder / "socket", "0" * 16)
