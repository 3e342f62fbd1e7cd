"""Recordings of conversations and stated names: brought in, listed, exported, erased; nothing is claimed untruly."""

from __future__ import annotations

import asyncio
import hashlib
import os
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import typer
from click.testing import Result
from structlog.testing import capture_logs
from typer.testing import CliRunner

from switchboard.commands.recordings import register
from switchboard.domain.call_record import CallEvent, EventKind
from switchboard.errors import RecordsUnreachable
from switchboard.folders import Folders
from switchboard.postgres import call_audio
from switchboard.postgres.quiet_files import QUIET, QuietFiles
from switchboard.postgres.recordings import PostgresRecordings, RecordingKeeper, recording_file, samples_file
from switchboard.services.announce_caller import name_recording
from switchboard.testing.manual_clock import ManualClock
from tests.postgres_fixture import free_port
from tests.records.telling import NOON, a_call, archived, draining, event, ledger_at

K = EventKind
SAMPLES = bytes(range(256)) * 125 + b"\1\2\3"  # one second of two sides, and a frame that a crash cut
WHY = ("--why", "asked for", "--as", "liis")


@dataclass
class World:
    """The parts of a controller that see to recordings."""

    folders: Folders
    clock: ManualClock
    keeper: RecordingKeeper
    dsn: str
    seconds: float = 0.0  # that the keeper has seen pass

    async def tell(self, events: list[CallEvent]) -> None:
        with ledger_at(self.folders.ledger) as ledger:
            for each in events:
                ledger.append(each)
            async with draining(ledger, self.dsn):
                await archived(ledger)

    async def look(self, *, after: float = QUIET) -> None:
        """Once, and once more when files have been quiet for long enough."""
        async with PostgresRecordings(self.dsn) as store:
            await self.keeper.look(store)
            self.seconds += after
            await self.keeper.look(store)

    async def rows(self) -> list[dict[str, Any]]:
        return await self.query("select * from recordings order by started_at, kind")

    async def told(self, kind: EventKind) -> list[tuple[str, str]]:
        rows = await self.query(
            "select kind, data ->> 'who' as who, data ->> 'why' as why from call_events order by at"
        )
        return [(row["who"], row["why"]) for row in rows if row["kind"] == kind]

    async def query(self, query: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close(timeout=10)


@pytest.fixture
def world(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Whose commands are typed in its folder."""
    folders = Folders(tmp_path, tmp_path, tmp_path / "cache")
    for each in (folders.messages, folders.call_audio, folders.recordings):
        each.mkdir(parents=True)
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("switchboard.machine.account.folders_of", lambda *_: folders)
    clock = ManualClock(NOON + timedelta(seconds=90))
    world = World(folders, clock, RecordingKeeper(folders, clock, dsn, monotonic=lambda: world.seconds), dsn)
    return world


def recorded(world: World, *, ended: bool = True) -> tuple[UUID, list[CallEvent]]:
    """A call of a minute with a conversation that Asterisk recorded, and its events."""
    name, events = uuid4(), a_call()
    call = events[0].call_id
    samples_file(world.folders, name).write_bytes(SAMPLES)
    data = {"recording": str(name), "keep_days": 90, "consent": "agreed", "extension": "101", "name": "Mari"}
    events[1:-1] = [event(call, K.RECORDING_ORDERED, 5, **data)]
    if ended:
        events.append(event(call, K.RECORDING_ENDED, 50, recording=str(name)))
    return name, events


def stated(world: World) -> tuple[UUID, list[CallEvent]]:
    """A call whose caller stated a name."""
    name, events = uuid4(), a_call()
    recording_file(world.folders, name, "stated name").write_bytes(b"RIFF")
    events.insert(1, event(events[0].call_id, K.NAME_STATED, 3, recording=str(name), seconds=2.5))
    return name, events


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["recordings", *arguments], catch_exceptions=False)


async def typed(*arguments: str, code: int = 0) -> str:
    """What a command prints that ends so."""
    result = await asyncio.to_thread(run, *arguments)
    assert result.exit_code == code, result.output
    return result.output


@asynccontextmanager
async def running(keeper: RecordingKeeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_brought_in_with_all_who_talked(world: World) -> None:
    name, events = recorded(world)
    call = events[0].call_id
    events += [
        event(call, K.TALKING, 5, extension="101", name="Mari"),
        event(call, K.TALKED, 20, extension="101", name="Mari", seconds=15.0),
        event(call, K.TALKED, 51, extension="102", name="Jaan", seconds=30.0),  # as Asterisk's log tells afterwards
        event(call, K.TALKING, 55, extension="103", name="Liis"),  # when the recording was over
        event(call, K.TALKED, 59, extension="103", name="Liis", seconds=4.0),
    ]
    await world.tell(events)
    await world.look()
    await world.look()
    (row,) = await world.rows()
    assert (row["state"], row["seconds"], row["people"], row["consent"]) == ("kept", 1.0, "Mari, Jaan", "agreed")
    assert row["keep_until"] == NOON + timedelta(days=90, seconds=5)
    kept = recording_file(world.folders, name)
    assert kept.stat().st_mode & 0o777 == 0o600 and not samples_file(world.folders, name).exists()
    with wave.open(str(kept)) as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 8000)
        assert file.readframes(8000) == SAMPLES[:-3]


def frames(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def wrote_on(file: Path) -> bytes:
    """Asterisk closes it, and what it had buffered goes in; all that it holds then."""
    with file.open("ab") as samples:
        samples.write(SAMPLES[:400])
    return file.read_bytes()


async def test_taken_once_asterisk_has_let_go_of_it(world: World) -> None:
    """However long it takes to write the rest."""
    name, events = recorded(world)
    await world.tell(events)
    await world.look(after=QUIET - 0.5)
    whole = wrote_on(samples_file(world.folders, name))
    await world.look(after=QUIET - 0.5)
    assert await world.rows() == [] and not recording_file(world.folders, name).exists()
    await world.look(after=0.5)
    assert [row["state"] for row in await world.rows()] == ["kept"]
    assert frames(recording_file(world.folders, name)) == whole[: len(whole) // 4 * 4]
    assert not samples_file(world.folders, name).exists()


@pytest.mark.parametrize("while_it_is", ["read", "told"])
async def test_what_is_written_late_is_brought_in_as_well(
    world: World, while_it_is: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that Asterisk wrote is removed unread, and the row tells of the whole."""
    name, events = recorded(world)
    await world.tell(events)
    samples, fetch = samples_file(world.folders, name), PostgresRecordings.fetch
    whole = b""

    def keep_and_grow(source: Path, kept: Path) -> tuple[float, str] | None:
        nonlocal whole
        found = call_audio.keep_audio(source, kept)
        whole = wrote_on(samples)
        return found

    async def grow_and_tell(self: PostgresRecordings, query: str, *arguments: object) -> Any:
        nonlocal whole
        if query == "settle":
            whole = wrote_on(samples)
        return await fetch(self, query, *arguments)

    with monkeypatch.context() as patched:
        if while_it_is == "read":
            patched.setattr("switchboard.postgres.recordings.keep_audio", keep_and_grow)
        else:
            patched.setattr(PostgresRecordings, "fetch", grow_and_tell)
        await world.look()
    assert samples.read_bytes() == whole != b""
    await world.look()
    (row,) = await world.rows()
    kept = recording_file(world.folders, name)
    assert (row["state"], row["sha256"]) == ("kept", hashlib.sha256(kept.read_bytes()).hexdigest())
    assert row["seconds"] == round(len(whole) // 4 / 8000, 3) and frames(kept) == whole[: len(whole) // 4 * 4]
    assert not samples.exists()


async def test_killed_before_what_asterisk_wrote_was_removed(world: World) -> None:
    """Whoever comes next removes it."""
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    samples_file(world.folders, name).write_bytes(SAMPLES)
    await world.look()
    assert not samples_file(world.folders, name).exists()
    assert [row["seconds"] for row in await world.rows()] == [1.0]


def test_quiet_is_what_was_seen_unchanged_for_long_enough(tmp_path: Path) -> None:
    """Whatever the machine's clock says the file's age is; a file that comes late is not quiet either."""
    now, path = 100.0, tmp_path / "one.raw"
    quiet = QuietFiles(lambda: now)
    assert not quiet.is_quiet(path)
    now += QUIET
    assert quiet.is_quiet(path), "it was not there all that time"
    path.write_bytes(b"1234")
    os.utime(path, (0, 0))
    assert not quiet.is_quiet(path)
    now += QUIET - 0.1
    assert not quiet.is_quiet(path)
    os.utime(path, (1, 1))  # written again, of the same length
    now += 0.2
    assert not quiet.is_quiet(path)
    now += QUIET
    assert quiet.is_quiet(path)
    quiet.forget(path)
    assert not quiet.is_quiet(path)


async def test_waits_for_the_end_that_asterisk_tells_but_a_minute_at_most(world: World) -> None:
    name, events = recorded(world, ended=False)
    await world.tell(events)
    await world.look()
    assert await world.rows() == []
    world.clock.pass_time(timedelta(minutes=1))
    await world.look()
    assert [(row["id"].hex, row["state"]) for row in await world.rows()] == [(name.hex, "kept")]


async def test_one_that_asterisk_never_began_is_missing(world: World) -> None:
    name, events = recorded(world)
    samples_file(world.folders, name).unlink()
    await world.tell(events)
    with capture_logs() as logs:
        await world.look()
    assert [row["state"] for row in await world.rows()] == ["missing"]
    assert [each["event"] for each in logs] == ["recording_missing"]
    assert "missing" in await typed("list")
    assert "that recording is missing" in await typed("erase", str(name), *WHY, code=2)


async def test_postgres_away_and_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is spooled meanwhile is brought in once."""
    monkeypatch.setattr("switchboard.postgres.recordings.INTERVAL", 0.02)
    monkeypatch.setattr("switchboard.postgres.quiet_files.QUIET", 0.02)
    name, events = recorded(world)
    keeper = RecordingKeeper(world.folders, world.clock, f"postgresql://nobody@127.0.0.1:{free_port()}/x")
    with capture_logs() as logs:
        async with running(keeper):
            await _until(lambda: keeper.problem is not None)
            keeper._dsn = world.dsn  # as when it is started again
            await _until(lambda: keeper.problem is None)
            assert samples_file(world.folders, name).exists()
            await world.tell(events)
            await _until(lambda: not samples_file(world.folders, name).exists())
    assert [each["event"] for each in logs].count("recordings_wait") == 1
    await world.look()
    assert [row["state"] for row in await world.rows()] == ["kept"]
    assert recording_file(world.folders, name).exists()


async def _until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_full_disk_holds_up_no_other_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Asterisk recorded stays, and is brought in when there is room."""
    full, full_events = recorded(world)
    other, other_events = recorded(world)
    await world.tell([*full_events, *other_events])
    write = call_audio._write

    def refuse(samples: Path, new: Path, whole: int) -> None:
        write(samples, new, whole)
        if samples.stem == str(full):
            raise OSError(28, "No space left on device", str(new))

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(call_audio, "_write", refuse)
        await world.look()
        await world.look()
    assert [each["event"] for each in logs] == ["recordings_wait"]
    assert world.keeper.problem is not None and world.keeper.problem.endswith("No space left on device")
    assert [row["id"].hex for row in await world.rows()] == [other.hex]
    assert samples_file(world.folders, full).read_bytes() == SAMPLES
    assert sorted(path.name for path in world.folders.recordings.iterdir()) == [f"{other}.wav"]
    await world.look()
    assert world.keeper.problem is None
    assert len(await world.rows()) == 2


async def test_listed_exported_and_erased_by_name(world: World) -> None:
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    listed = await typed("list")
    assert "Mari" in listed and "agreed" in listed and str(name) in listed
    assert await typed("play-to", str(name), "copy.wav", *WHY) == "copy.wav: written\n"
    assert Path("copy.wav").read_bytes() == recording_file(world.folders, name).read_bytes()
    assert Path("copy.wav").stat().st_mode & 0o777 == 0o600
    assert await world.told(K.RECORDING_EXPORTED) == [("liis", "asked for")]
    assert "there already" in await typed("play-to", str(name), "copy.wav", *WHY, code=2)
    assert "say why" in await typed("erase", str(name), code=2)
    assert await typed("erase", str(events[0].call_id), *WHY) == f"{name}: erased\n"
    assert not recording_file(world.folders, name).exists()
    (row,) = await world.rows()
    assert (row["state"], row["people"], row["sha256"]) == ("erased", "", None)
    assert await world.told(K.RECORDING_ERASED) == [("liis", "asked for")]
    assert "erased" in await typed("list")
    assert "that recording is erased" in await typed("erase", str(name), *WHY, code=2)
    assert "that recording is erased" in await typed("play-to", str(name), "again.wav", *WHY, code=2)
    assert len(await world.told(K.RECORDING_EXPORTED)) == 1


async def test_a_copy_that_is_not_there_is_not_noted(world: World) -> None:
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    recording_file(world.folders, name).unlink()
    assert "file is not there" in await typed("play-to", str(name), "copy.wav", *WHY, code=1)
    assert await world.told(K.RECORDING_EXPORTED) == [] and not Path("copy.wav").exists()


async def test_what_is_no_id_is_refused(world: World) -> None:
    for which, told in (("../x", "is no id"), ("%", "is no id"), ("abcdef", "no recording")):
        assert told in await typed("erase", which, *WHY, code=2)


async def test_what_cannot_be_removed_is_not_called_erased(world: World) -> None:
    """It is heard no more, the row says so, and the keeper goes on with it, in that person's name."""
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    path = recording_file(world.folders, name)
    path.unlink()
    path.mkdir()
    told = await typed("erase", str(name), *WHY, code=1)
    assert "cannot be removed yet" in told
    assert [row["state"] for row in await world.rows()] == ["erasing"]
    assert "being erased" in await typed("list")
    assert "being erased" in await typed("play-to", str(name), "copy.wav", *WHY, code=2)
    await world.look()
    assert world.keeper.problem is not None and str(path) in world.keeper.problem
    assert await world.told(K.RECORDING_ERASED) == []
    path.rmdir()
    path.write_bytes(b"RIFF")
    await world.look()
    assert not path.exists() and world.keeper.problem is None
    assert [row["state"] for row in await world.rows()] == ["erased"]
    assert await world.told(K.RECORDING_ERASED) == [("liis", "asked for")]


@pytest.mark.parametrize("broken_off", ["erasing", "erased"])
async def test_a_crash_while_it_is_erased(world: World, broken_off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the mark nothing has happened; after it, whoever comes next finishes, and it is told once."""
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    world.clock.pass_time(timedelta(days=91))
    fetch = PostgresRecordings.fetch

    async def crash(self: PostgresRecordings, query: str, *arguments: object) -> Any:
        if query in (broken_off, "overdue" if broken_off == "erasing" else ""):
            raise RecordsUnreachable("killed here")
        return await fetch(self, query, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(PostgresRecordings, "fetch", crash)
        with pytest.raises(RecordsUnreachable):
            await world.look()
    is_marked = broken_off == "erased"
    assert [row["state"] for row in await world.rows()] == ["erasing" if is_marked else "kept"]
    assert recording_file(world.folders, name).exists() is not is_marked
    assert await world.told(K.RECORDING_ERASED) == []
    await world.look()
    await world.look()
    assert not recording_file(world.folders, name).exists()
    assert await world.told(K.RECORDING_ERASED) == [("the switchboard", "its time was over")]


async def test_two_who_erase_at_once_are_told_of_once(world: World) -> None:
    name, events = recorded(world)
    await world.tell(events)
    await world.look()
    async with PostgresRecordings(world.dsn) as one, PostgresRecordings(world.dsn) as other:
        marked = await asyncio.gather(one.mark(name, "mari", "one"), other.mark(name, "jaan", "other"))
        assert sorted(marked) == [False, True]
        now = world.clock.now()
        done = [store.finish_erasing(world.folders, name, "conversation", now) for store in (one, other)]
        assert sorted(await asyncio.gather(*done)) == [False, True]
    assert await world.told(K.RECORDING_ERASED) == [("mari", "one") if marked[0] else ("jaan", "other")]


async def test_stated_names_are_erased_after_thirty_days(world: World) -> None:
    name, events = stated(world)
    path = recording_file(world.folders, name, "stated name")
    assert path.parent == world.folders.messages
    await world.tell(events)
    await world.look()
    assert await world.rows() == [], "its call has ended just now"
    world.clock.pass_time(timedelta(minutes=1))
    await world.look()
    (row,) = await world.rows()
    assert (row["kind"], row["state"], row["seconds"]) == ("stated name", "kept", 2.5)
    assert "(states a name)" in await typed("list")
    world.clock.pass_time(timedelta(days=29, hours=23))
    await world.look()
    assert path.exists()
    world.clock.pass_time(timedelta(hours=2))
    await world.look()
    assert not path.exists()
    assert await world.told(K.RECORDING_ERASED) == [("the switchboard", "its time was over")]


async def test_a_stated_name_is_erased_by_hand_and_no_message_with_it(world: World) -> None:
    name, events = stated(world)
    message = world.folders.messages / f"{uuid4()}.wav"
    message.write_bytes(b"RIFF")
    await world.tell(events)
    world.clock.pass_time(timedelta(minutes=1))
    await world.look()
    assert await typed("erase", str(name), *WHY) == f"{name}: erased\n"
    assert list(world.folders.messages.iterdir()) == [message]
    assert await world.told(K.RECORDING_ERASED) == [("liis", "asked for")]


async def test_names_that_no_event_tells_of_are_erased_as_well(world: World) -> None:
    """The controller was killed while one was stated; a message that lies beside it is none."""
    events = a_call()
    name = recording_file(world.folders, name_recording(events[0].call_id), "stated name")
    message = world.folders.messages / f"{uuid4()}.wav"
    for path in (name, message):
        path.write_bytes(b"RIFF")
        os.utime(path, (NOON.timestamp() + 5,) * 2)
    await world.tell(events)
    await world.look()
    world.clock.pass_time(timedelta(minutes=59))
    await world.look()
    assert await world.rows() == [], "whoever states it may still be on the line"
    world.clock.pass_time(timedelta(hours=1))
    await world.look()
    assert [(row["kind"], row["state"], row["call_id"]) for row in await world.rows()] == [
        ("stated name", "kept", events[0].call_id)
    ]
    world.clock.pass_time(timedelta(days=30))
    await world.look()
    assert [path.name for path in world.folders.messages.iterdir()] == [message.name]
    assert await world.told(K.RECORDING_ERASED) == [("the switchboard", "its time was over")]


async def test_a_name_whose_file_is_gone_is_missing(world: World) -> None:
    name, events = stated(world)
    recording_file(world.folders, name, "stated name").unlink()
    await world.tell(events)
    world.clock.pass_time(timedelta(minutes=1))
    await world.look()
    assert [row["state"] for row in await world.rows()] == ["missing"]
