"""What was promised against what is there: rows, audio, files, what is to be sent. Nothing the program says counts."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from switchboard.domain.message import recordings_of
from switchboard.machine.controller_link import controller_status
from switchboard.postgres.message_sound import playable
from tests.asterisk_fixture import eventually
from tests.hearing import has_tone, read_wav
from tests.kills.callers import Told
from tests.kills.house import KilledSwitchboard

SETTLED_WITHIN = 200.0  # seconds: what nobody filed is looked for every minute, and Asterisk's log tells of the rest
OLD = 2 * 3600.0  # seconds: what was half written so long ago is removed
SHORTEST = 1.0  # seconds; less is somebody hanging up
MAY_MISS = (
    1.2  # seconds of what was said before "saved" that may not be in it: beep, packets under way, a stall of ours
)

Row = dict[str, Any]


@dataclass
class Reckoning:
    """What came out."""

    kept: dict[str, list[Row]]  # messages by caller
    faults: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # callers who were promised what is not there
    doubled: set[str] = field(default_factory=set)
    missing: list[float] = field(default_factory=list)  # seconds of each promised message that are not in it
    orphans: list[str] = field(default_factory=list)  # files of nobody's
    stories: list[str] = field(default_factory=list)  # of the calls that something is wrong with


async def reckon(switchboard: KilledSwitchboard, told: Sequence[Told], folder: Path) -> Reckoning:
    """Wait until nothing is under way any more, and count. `folder` is for what is looked at."""
    for path in switchboard.folders.kept_messages.glob(".*.part"):
        os.utime(path, times=(time.time() - OLD,) * 2)
    connection = await asyncpg.connect(switchboard.database_url, timeout=10)
    try:
        await _settled(switchboard, connection)
        found = Reckoning(await _by_caller(connection))
        for each in told:
            _compare(each, found, folder)
        await _once_each(connection, found)
        _no_orphans(switchboard, found)
        found.stories = [await _story(switchboard, connection, number) for number in sorted(found.lost | found.doubled)]
        found.stories += [await _story_of(switchboard, connection, name) for name in found.orphans]
        unknown = set(found.kept) - {each.number for each in told}
        found.faults += [f"a message of {number}, who never called" for number in sorted(unknown)]
        return found
    finally:
        await connection.close(timeout=10)


async def _settled(switchboard: KilledSwitchboard, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    async def nothing_under_way() -> bool:
        status = await controller_status(switchboard.folders.controller_socket) or {}
        return status.get("ledger_backlog") == 0 and not any(await _under_way(connection))

    try:
        await eventually(nothing_under_way, SETTLED_WITHIN, "every call is closed and every message filed")
    except TimeoutError as error:
        raise AssertionError(f"{error}: {await _under_way(connection)}\n{switchboard.logged()}") from None


async def _under_way(connection: asyncpg.Connection[asyncpg.Record]) -> tuple[int, int, int]:
    """Open calls, messages begun of which nobody noted what became of them, messages without audio in Postgres."""
    row = await connection.fetchrow(
        """select
            (select count(*) from calls where ended_at is null),
            (select count(*) from call_events as begun where kind = 'message_begun' and not exists (
                select from call_events as later
                where later.call_id = begun.call_id and later.kind in ('message', 'message_dropped')
                    and later.data ->> 'message_id' = begun.data ->> 'message_id')),
            (select count(*) from messages where filed_at is null)"""
    )
    assert row is not None
    return row[0], row[1], row[2]


async def _by_caller(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in await connection.fetch(
        "select messages.*, content from messages left join message_audio on message_id = id and part = 'body'"
    ):
        found[str(row["caller_number"])].append(dict(row))
    return dict(found)


def _compare(told: Told, found: Reckoning, folder: Path) -> None:
    rows = found.kept.get(told.number, [])
    by_flow = [row for row in rows if row["kind"] != "safety_net"]
    by_net = [row for row in rows if row["kind"] == "safety_net"]
    where = f"{told} has {[(str(row['id']), row['kind'], row['seconds']) for row in rows]}"
    if len(by_flow) > 1 or len(by_net) > int(told.had_safety_net):
        found.doubled.add(told.number)
        found.faults.append(f"doubled: {where}")
    if told.promised_at is not None and len(by_flow) != 1:
        found.lost.add(told.number)
        found.faults.append(f"lost: {where}")
    if told.must_be_kept and not rows:
        found.lost.add(told.number)
        found.faults.append(f"what was said is not kept: {where}")
    if told.gave_up:
        found.faults.append(f"dead air: {where}")
    for row in rows:
        if wrong := _wrong(told, row, folder):
            found.lost.add(told.number)
            found.faults.append(f"{wrong}: {where}")
    if told.promised_at is not None and by_flow:
        missing = max(0.0, told.spoken.get(_voices(by_flow[0], folder, told)[0], 0.0) - by_flow[0]["seconds"])
        found.missing.append(missing)
        if missing > MAY_MISS:
            found.lost.add(told.number)
            found.faults.append(f"{missing:.1f} s of it are missing: {where}")


def _wrong(told: Told, row: Row, folder: Path) -> str:
    """What is wrong with a message; "" if nothing is."""
    if not row["person"] and not row["department"]:
        return "nobody's"
    if row["department"] and row["deadline"] is None:
        return "nobody must answer for it"
    if row["content"] is None:
        return "no audio"
    voices = _voices(row, folder, told)
    if len(voices) != 1:
        return f"{len(voices)} of the caller's voices in it"
    if told.promised_at is not None and told.settled == told.voices[1] != voices[0]:
        return "the caller recorded it again, and the first take was kept"
    return ""


def _voices(row: Row, folder: Path, told: Told) -> list[int]:
    if "voices" not in row:
        path = folder / "looked_at.wav"
        path.write_bytes(playable(row["content"]) if row["content"] else b"")
        audio = read_wav(path) if row["content"] else None
        row["voices"] = [] if audio is None else [hertz for hertz in told.voices if has_tone(audio, hertz, 0.2)]
    voices: list[int] = row["voices"]
    return voices or [0]


async def _once_each(connection: asyncpg.Connection[asyncpg.Record], found: Reckoning) -> None:
    """One history line says that it is saved; one notice each goes out."""
    ids = [row["id"] for rows in found.kept.values() for row in rows]
    saved = Counter(
        row[0] for row in await connection.fetch("select message_id from message_events where what = 'saved'")
    )
    found.faults += [f"{each} was saved {saved[each]} times" for each in ids if saved[each] != 1]
    notices = Counter(
        (row[0], row[1])
        for row in await connection.fetch("select message_id, kind from outbox where not payload ? 'receiver'")
    )
    for each in ids:
        sent = [notices[each, kind] for kind in ("email", "webhook")]
        if sent != [1, 1]:
            found.faults.append(f"{each} is to be sent {sent} times by e-mail and webhook")


def _no_orphans(switchboard: KilledSwitchboard, found: Reckoning) -> None:
    """Each file is a message's, or a part's of one."""
    rows = [row for each in found.kept.values() for row in each]
    kept = {f"{row['id']}.wav" for row in rows if row["kind"] != "safety_net"}
    kept |= {f"{part}.wav" for row in rows for part in _parts(row)}
    recorded = {f"{row['id']}.wav" for row in rows if row["kind"] == "safety_net"}
    folders = switchboard.folders
    for folder, known in ((folders.kept_messages, kept), (folders.messages, recorded)):
        there = {path.name: path for path in folder.iterdir() if path.is_file()}
        found.faults += [f"no file {folder.name}/{name}" for name in sorted(known - set(there))]
        for name in sorted(set(there) - known):
            if there[name].stat().st_size > SHORTEST * 16000:
                found.orphans.append(name)
                found.faults.append(f"{folder.name}/{name} is nobody's, {there[name].stat().st_size} bytes")


def _parts(row: Row) -> list[UUID]:
    return [UUID(part["message_id"]) for part in orjson.loads(row["parts"])]


async def _story_of(
    switchboard: KilledSwitchboard, connection: asyncpg.Connection[asyncpg.Record], recording: str
) -> str:
    """The story of the call that a recording was made in."""
    for row in await connection.fetch("select call_id, data from call_events where kind = 'message_begun'"):
        begun = UUID(orjson.loads(row["data"])["message_id"])
        if recording in [f"{name}.wav" for name in (begun, *recordings_of(begun))]:
            number = await connection.fetchval("select caller_number from calls where id = $1", row["call_id"])
            return f"{recording} is of message {begun}: " + await _story(switchboard, connection, number)
    return f"{recording} was announced by nobody"


async def _story(switchboard: KilledSwitchboard, connection: asyncpg.Connection[asyncpg.Record], number: str) -> str:
    """What the ledger and the controllers tell of a caller's calls."""
    lines = [f"the story of {number}"]
    for row in await connection.fetch(
        "select call_id, at, call_events.kind, data from call_events join calls on calls.id = call_id"
        " where caller_number = $1 order by at",
        number,
    ):
        lines.append(f"  {row['at']:%H:%M:%S.%f} {row['call_id']} {row['kind']} {row['data'][:300]}")
    calls = {line.split()[1] for line in lines[1:]}
    log = (switchboard.folders.logs / "controller.log").read_text("utf-8", "replace").splitlines()
    return "\n".join([*lines, *(f"  {line[:300]}" for line in log if any(call in line for call in calls))])
