"""Numbered SQL migrations: each is applied once, in order, in a transaction of its own.

`migrations/NNNN_what_it_does.sql` are plain SQL. A migration that was applied must not be changed afterwards: its
checksum is kept, and a changed one is refused by name. Several processes may call `migrate` at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import structlog

from switchboard.errors import RecordsUnreachable, SetupError

log = structlog.get_logger(__name__)

OLDEST_POSTGRES = 15
ADVISORY_LOCK = 0x5357_4D49_4752  # "SWMIGR"
DEADLINE = 60.0  # seconds; a migration that takes longer is run by hand
_NAME = re.compile(r"(\d{4})_\w+\.sql")


# "Not now": also what Postgres says while it starts (57P03), stops (57P01), or has too many connections (53300).
_UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped_migrations(folder: Traversable | None = None) -> list[Migration]:
    """The migrations of this version, in order. Raises SetupError when their numbers are not 1, 2, 3…"""
    folder = folder or files("switchboard.postgres") / "migrations"
    found = []
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            found.append(Migration(int(match[1]), path.name, path.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise SetupError(f"migration {migration.name}: expected number {expected:04}")
    return found


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database up to date and return the names of what was applied now.

    Raises SetupError (Postgres too old, a changed or unknown migration, a migration that fails; the database stays
    as it was before that migration) and RecordsUnreachable.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=DEADLINE)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise SetupError(f"database_url: Postgres refuses us: {error}") from error
    except _UNREACHABLE as error:
        raise RecordsUnreachable(f"Postgres does not answer: {error}") from error
    try:
        major = connection.get_server_version().major
        if major < OLDEST_POSTGRES:
            raise SetupError(
                f"Postgres {major} is too old; {OLDEST_POSTGRES} or newer is needed (setting database_url)"
            )
        await connection.execute("select pg_advisory_lock($1)", ADVISORY_LOCK)
        return await _apply(connection, shipped_migrations() if migrations is None else migrations)
    except _UNREACHABLE as error:
        raise RecordsUnreachable(f"Postgres stopped answering during migration: {error}") from error
    finally:
        connection.terminate()


async def _apply(connection: asyncpg.Connection[asyncpg.Record], migrations: Sequence[Migration]) -> list[str]:
    await connection.execute(
        "create table if not exists schema_migrations (number integer primary key, name text not null,"
        " checksum text not null, applied_at timestamptz not null default now())"
    )
    applied = {row["number"]: row for row in await connection.fetch("select * from schema_migrations")}
    if unknown := sorted(applied.keys() - {migration.number for migration in migrations}):
        raise SetupError(
            f"the database has migration {applied[unknown[0]]['name']}, which this version does not know: "
            "it belongs to a newer switchboard"
        )
    done = []
    for migration in migrations:
        if row := applied.get(migration.number):
            if row["checksum"] != migration.checksum:
                raise SetupError(f"migration {migration.name} was changed after it had been applied")
            continue
        try:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.checksum,
                )
        except asyncpg.PostgresError as error:
            raise SetupError(f"migration {migration.name}: {error}") from error
        log.info("migration_applied", name=migration.name)
        done.append(migration.name)
    return done
