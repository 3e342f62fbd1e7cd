"""Versions of the configuration in Postgres: for the record, and to bring back what the disk has no longer.

Files are kept by their content, each once, so a version costs what is new in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
import orjson

from switchboard.domain.publication import Publication, PublicationKind
from switchboard.errors import ConfigurationError, SetupError
from switchboard.flows.content import FileDigest, Manifest, digest_of, files_of, version_of
from switchboard.postgres.connected_queries import ConnectedQueries
from switchboard.postgres.rows import plain_uuid

FILE_DEADLINE = 60.0  # seconds, for one file's content
LOCK_WITHIN = 1.0  # seconds: so long Postgres may take to notice that one who held it was killed
ADVISORY_LOCK = 0x5357_5055_424C  # "SWPUBL"


class PostgresVersions(ConnectedQueries):
    """Versions, their files, and when which of them was published."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, "versions", "versions cannot be read or kept")

    async def lock(self) -> None:
        """Be the only one who publishes with this database, until the connection ends.

        Raises SetupError if somebody else is.
        """
        deadline = time.monotonic() + LOCK_WITHIN
        while not (await self.fetch("try_lock", ADVISORY_LOCK))[0][0]:
            if time.monotonic() > deadline:
                raise SetupError(
                    "another machine that uses this database is publishing; when it has ended, `switchboard versions` "
                    "tells what is live"
                )
            await asyncio.sleep(0.05)

    async def keep(self, version: str, ivr: Path, prompts: Path) -> None:
        """Keep the version whose kept copy these folders are: whole, or nothing of it. Nothing if it is here already.

        Raises ConfigurationError if the folders do not hold that version.
        """
        if await self.manifest(version) is not None:
            return
        paths = files_of(ivr, prompts)
        manifest = await asyncio.to_thread(lambda: {name: digest_of(path) for name, path in paths.items()})
        if version_of(manifest) != version:
            raise ConfigurationError([f"version {version}: its copy beside {ivr} is damaged"])
        async with self.within(FILE_DEADLINE * 10) as connection, connection.transaction():
            hashes = {digest.sha256: paths[name] for name, digest in manifest.items()}
            known = {row["sha256"] for row in await self.fetch("known_files", list(hashes))}
            for sha256 in sorted(hashes.keys() - known):
                content = await asyncio.to_thread(hashes[sha256].read_bytes)
                await self.fetch("keep_file", sha256, content, deadline=FILE_DEADLINE)
            await self.fetch("keep_version", version, _as_json(manifest))

    async def manifest(self, version: str) -> Manifest | None:
        """The version's files; None if it is not here."""
        rows = await self.fetch("manifest", version)
        return _manifest(rows[0]["manifest"]) if rows else None

    async def file(self, digest: FileDigest) -> bytes:
        """The content. Raises ConfigurationError if it is not here."""
        rows = await self.fetch("file", digest.sha256, deadline=FILE_DEADLINE)
        if not rows:
            raise ConfigurationError([f"the database lacks the content {digest.sha256} of a kept version"])
        return bytes(rows[0]["content"])

    async def beginning(self, prefix: str) -> Sequence[str]:
        """Up to two versions that begin so (hex digits): more than one is not unique."""
        return [row["version"] for row in await self.fetch("versions_beginning", prefix)]

    async def note(self, publication: Publication) -> None:
        """Note a publication whose version is kept; once, however often it is told."""
        each = publication
        await self.fetch(
            "note_publication", each.id, each.at, each.version, each.was, each.who, each.why, each.kind.value
        )

    async def publications(self, limit: int = 50) -> Sequence[Publication]:
        """The newest publications, newest first."""
        return [_publication(row) for row in await self.fetch("publications", limit)]

    async def last_publication(self, version: str) -> Publication | None:
        """How the version became live last; None if it never did."""
        rows = await self.fetch("last_publication", version)
        return _publication(rows[0]) if rows else None


def _as_json(manifest: Manifest) -> str:
    return orjson.dumps(
        {name: {"sha256": digest.sha256, "size": digest.size} for name, digest in manifest.items()}
    ).decode()


def _manifest(text: str) -> Manifest:
    values: Mapping[str, Mapping[str, object]] = orjson.loads(text)
    return {name: FileDigest(int(str(each["size"])), str(each["sha256"])) for name, each in values.items()}


def _publication(row: asyncpg.Record) -> Publication:
    return Publication(
        id=plain_uuid(row["id"]),
        at=row["at"],
        version=row["version"],
        was=row["was"],
        who=row["who"],
        why=row["why"],
        kind=PublicationKind(row["kind"]),
    )
