"""A query's rows kept in memory, for what a call asks: a call never waits for the database, nor needs it.

A NOTIFY, and a poll for what no notification told, make the task look: Postgres says in one value whether anything is
different, and only then the rows are read. The last rows are kept in a file, so that a start without Postgres knows
what was known last.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import random
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import asyncpg
import orjson
import structlog

log = structlog.get_logger(__name__)

POLL = 30.0  # seconds between two looks without a notification
DEADLINE = 10.0  # seconds, for connecting and for each request
RETRY_FIRST, RETRY_LONGEST = 0.2, 5.0  # seconds between attempts while Postgres does not answer, times 0.5 to 1.5
BATCH = 200  # rows read and understood before calls get their turn: about a millisecond
MANY = 5_000  # rows from which on Python's collector, looking through them again and again, would hold up calls

Row = TypeVar("Row")


@dataclass(slots=True)
class _Known(Generic[Row]):
    """One state of the rows: replaced whole."""

    fingerprint: str = ""  # as Postgres tells it; "" where it is not known whose rows these are
    rows: list[Row] = field(default_factory=list)
    by_key: dict[str, Row] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)  # why rows were left out


class Mirror(Generic[Row]):
    """The rows of `query` in the database `dsn`, looked at again when `notification` comes (NOTIFY).

    `parse` makes a row of its columns, which are JSON values (times are ISO 8601 texts), and raises ValueError,
    KeyError or TypeError for one that can't be used: it is left out, and `problem` tells. `keys` are the texts under
    which `by_key` finds a row; where two rows share one, the later has it. `snapshot` is the file the rows are kept
    in; what it holds is there at once.
    """

    def __init__(
        self,
        dsn: str,
        query: str,
        notification: str,
        snapshot: Path,
        parse: Callable[[Mapping[str, Any]], Row],
        *,
        keys: Callable[[Row], Iterable[str]] = lambda row: (),
        poll: float = POLL,
    ) -> None:
        if not re.fullmatch(r"[a-z_]{1,63}", notification):
            raise ValueError(f"{notification!r} is no name of a notification")
        self._dsn, self._notification, self._poll = dsn, notification, poll
        self._parse, self._keys = parse, keys
        self._columns = f"select to_jsonb(row)::text as told from ({query}) as row"  # noqa: S608 (our own SQL files)
        self._fingerprint = (
            "select count(*) || ':' || coalesce(sum(hashtextextended(row::text, 0)), 0) "  # noqa: S608
            f"from ({query}) as row"
        )
        self._file = _SnapshotFile(snapshot, hashlib.sha256(query.encode()).hexdigest())
        self._known = self._restored()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._unreachable: str | None = "not read yet"
        self._look = asyncio.Event()
        self._looked = asyncio.Event()

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, in the query's order. Replaced whole, never changed: keep it to see one state throughout."""
        return self._known.rows

    @property
    def by_key(self) -> Mapping[str, Row]:
        """The rows by their keys. Replaced whole, never changed."""
        return self._known.by_key

    @property
    def problem(self) -> str | None:
        """Why the rows may not be what Postgres has; None while all is well."""
        if self._unreachable is not None:
            return self._unreachable
        refused = self._known.refused
        return f"{len(refused)} rows left out, the first: {refused[0]}" if refused else None

    def refresh(self) -> None:
        """Look at Postgres as soon as possible."""
        self._look.set()

    async def looked(self) -> None:
        """Return when Postgres was asked once more and the rows are what it had then."""
        self._looked.clear()
        self._look.set()
        await self._looked.wait()

    async def run(self) -> None:
        """Keep the rows as Postgres has them, until cancelled."""
        delay = RETRY_FIRST
        try:
            while True:
                try:
                    self._look.clear()
                    await self._read(await self._connected())
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    self._disconnect()
                    self._note(str(error) or type(error).__name__)
                    await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
                    delay = min(delay * 2, RETRY_LONGEST)
                    continue
                except Exception:  # a task's root: whatever broke, calls must not go on with what was known then
                    log.exception("mirror_broke_off", notification=self._notification, again_in=RETRY_LONGEST)
                    self._disconnect()
                    self._note("broke off; see the log")
                    await asyncio.sleep(RETRY_LONGEST)
                    continue
                delay = RETRY_FIRST
                self._note(None)
                if not self._look.is_set():
                    self._looked.set()
                await self._wait()
        finally:
            self._disconnect()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._look.wait()
        except TimeoutError:
            pass

    async def _read(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            fingerprint = await connection.fetchval(self._fingerprint)
            if fingerprint == self._known.fingerprint:
                return
            coming: _Known[Row] = _Known(fingerprint)
            lines: list[bytes] = []
            cursor = await connection.cursor(self._columns)
            is_paused = False
            try:
                while batch := await cursor.fetch(BATCH, timeout=DEADLINE):
                    told = [record["told"].encode() for record in batch]
                    self._take(coming, told)
                    lines += told
                    if len(lines) > MANY and gc.isenabled():
                        gc.disable()
                        is_paused = True
            finally:
                if is_paused:
                    gc.freeze()  # they stay: no collection needs to look at them; without references they still go
                    gc.enable()
        self._known = coming
        if coming.refused:
            log.error(
                "rows_left_out", notification=self._notification, rows=len(coming.refused), first=coming.refused[0]
            )
        try:
            await asyncio.to_thread(self._file.write, fingerprint, lines)
        except OSError as error:  # memory has them; only a start without Postgres would miss them
            log.error("snapshot_not_written", file=str(self._file.path), error=str(error))

    def _take(self, coming: _Known[Row], lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                row = self._parse(orjson.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                coming.refused.append(f"{error!r} in {line[:200].decode(errors='replace')}")
                continue
            coming.rows.append(row)
            for key in self._keys(row):
                coming.by_key[key] = row

    def _restored(self) -> _Known[Row]:
        try:
            fingerprint, lines = self._file.read()
        except FileNotFoundError:
            return _Known()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("snapshot_not_read", file=str(self._file.path), error=repr(error))
            return _Known()
        known: _Known[Row] = _Known(fingerprint)
        self._take(known, lines)
        if known.refused:
            known.fingerprint = ""  # an older version's rows, maybe: Postgres is asked for its own
        return known

    async def _connected(self) -> asyncpg.Connection[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=DEADLINE,
                command_timeout=DEADLINE,
                server_settings={
                    "application_name": f"switchboard {self._notification}",
                    "idle_in_transaction_session_timeout": str(int(DEADLINE * 3000)),
                },
            )
            self._connection.add_termination_listener(lambda _: self._look.set())
            await self._connection.add_listener(self._notification, lambda *_: self._look.set())
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _note(self, problem: str | None) -> None:
        if problem is not None and self._unreachable in (None, "not read yet"):
            log.warning("mirror_waits_for_postgres", notification=self._notification, error=problem)
        if problem is None and self._unreachable not in (None, "not read yet"):
            log.info("mirror_works_again", notification=self._notification)
        self._unreachable = problem


@dataclass(frozen=True, slots=True)
class _SnapshotFile:
    """The last rows on disk: a line that tells their fingerprint, then one JSON object a line."""

    path: Path
    query: str  # hash of the query they came from

    def read(self) -> tuple[str, list[bytes]]:
        """The fingerprint ("" where the rows come from another query, of an older version maybe) and the rows."""
        first, *lines = self.path.read_bytes().splitlines()
        told = orjson.loads(first)
        if told["rows"] != len(lines):
            raise ValueError(f"{len(lines)} rows where {told['rows']} were written")
        return (str(told["fingerprint"]) if told["query"] == self.query else ""), lines

    def write(self, fingerprint: str, lines: Sequence[bytes]) -> None:
        """All of it or nothing, whatever happens meanwhile; readable for our account only."""
        told = orjson.dumps({"query": self.query, "fingerprint": fingerprint, "rows": len(lines)})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"\n".join([told, *lines, b""]))
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.path)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise
