"""A running Asterisk takes another configuration: the files that differ are written, the parts that read them reload.

All or nothing: if a part refuses, or has not loaded what was written, the files from before are put back and loaded
again. No call is cut: Asterisk's reloads leave channels, registrations and transports alone (tests/asterisk/
test_reload.py tries it). Source: `module reload` of Asterisk 22.10, over ARI, which waits until it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from switchboard.asterisk import ari_operations as operations
from switchboard.asterisk.ari_operations import Operation
from switchboard.asterisk.rendering import FINGERPRINTS, Reader, fingerprint_in, write_file
from switchboard.errors import AsteriskError, LegGone
from switchboard.folders import Folders

LOADED_WITHIN = 5.0  # seconds between a reload's answer and Asterisk showing what it loaded
LOOK_AGAIN = 0.02  # seconds between looks

# Which part of Asterisk reads a file again, in the order they are reloaded: phones before the dialplan that rings them.
# A file that is not here is read at Asterisk's start only.
PARTS = {
    "acl.conf": "acl",
    "pjsip.conf": "res_pjsip.so",
    "rtp.conf": "res_rtp_asterisk.so",
    "udptl.conf": "udptl",
    "musiconhold.conf": "res_musiconhold.so",
    "indications.conf": "indications",
    "features.conf": "features",
    "res_parking.conf": "res_parking.so",
    "custom.conf": "pbx_config.so",
    "extensions.conf": "pbx_config.so",
    "cdr.conf": "cdr",
    "cel.conf": "cel",
    "cel_custom.conf": "cel_custom.so",
    "logger.conf": "logger",
    "manager.conf": "manager",
    "ari.conf": "res_ari.so",
}

log = structlog.get_logger()


class Ari(Protocol):
    """What is asked of Asterisk over ARI."""

    async def request_http(self, operation: Operation, /, **values: object) -> object: ...


class Ami(Protocol):
    """What is asked of Asterisk over AMI: ARI has no functions without a channel."""

    async def global_value(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of it: names of files."""

    files: tuple[str, ...] = ()  # in force now
    at_next_start: tuple[str, ...] = ()  # written, but Asterisk reads them only when it starts


@dataclass(slots=True)
class _Change:
    """Files being replaced, and what was there."""

    folder: Path
    gid: int | None
    before: dict[str, bytes | None] = field(default_factory=dict)  # None: there was none

    def write(self, files: Mapping[str, str]) -> None:
        """Replace what differs, and remove what is not rendered any more."""
        stale = {path.name for path in self.folder.glob("*.conf")} - files.keys()
        for name in (*files, *sorted(stale)):
            path = self.folder / name
            there = path.read_bytes() if path.exists() else None
            if name in stale:
                self.before[name] = there
                path.unlink()
            elif there != files[name].encode():
                self.before[name] = there
                write_file(path, files[name].encode(), self.gid)

    def undo(self) -> None:
        """Put back what was there."""
        for name, content in self.before.items():
            if content is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                write_file(self.folder / name, content, self.gid)


class Reloading:
    """Brings rendered files to the running Asterisk. One change at a time: the caller sees to that."""

    def __init__(self, ari: Ari, ami: Ami, folders: Folders, reader: Reader | None) -> None:
        """`reader`: the account Asterisk runs as, when that is not ours."""
        self._ari, self._ami = ari, ami
        self._folder = folders.asterisk_config
        self._gid = reader.gid if reader else None
        self._doubtful: set[str] = set()  # parts that may have loaded what was taken back

    @property
    def is_doubtful(self) -> bool:
        """A change was taken back, but Asterisk could not be told; `settle` tells it."""
        return bool(self._doubtful)

    async def apply(self, files: Mapping[str, str], phones: Collection[str]) -> Reloaded:
        """Make the rendered files Asterisk's configuration; `phones` are the accounts it then has.

        Raises AsteriskError, and leaves everything as before, if Asterisk refuses or does not answer.
        """
        change = _Change(self._folder, self._gid)
        is_done = False
        try:
            await asyncio.to_thread(change.write, files)
            outdated = {name for name in FINGERPRINTS if await self._loaded(name) != fingerprint_in(files[name])}
            names = change.before.keys() | outdated
            await self._reload(_parts(names) | self._doubtful)
            await self._confirm(files, phones)
            is_done = True
        except LegGone as error:  # ARI's 404 and 409, here: no such part, or it refused
            raise AsteriskError(f"Asterisk refuses its configuration: {error}") from error
        except OSError as error:
            raise AsteriskError(f"{error.filename}: cannot be written: {error.strerror}") from error
        finally:
            if not is_done:
                await self._take_back(change)
        self._doubtful.clear()
        return Reloaded(
            tuple(name for name in PARTS if name in names),
            tuple(sorted(name for name in names if name not in PARTS)),
        )

    async def settle(self) -> None:
        """Have Asterisk load again what it may have wrong. Raises AsteriskError."""
        try:
            await self._reload(self._doubtful)
        except LegGone as error:
            raise AsteriskError(f"Asterisk refuses its configuration: {error}") from error
        self._doubtful.clear()

    async def _take_back(self, change: _Change) -> None:
        if not change.before:
            return
        self._doubtful |= _parts(change.before)
        try:
            await asyncio.to_thread(change.undo)
            await self.settle()
        except (AsteriskError, OSError) as error:
            log.error("asterisk_not_taken_back", files=sorted(change.before), error=str(error))

    async def _reload(self, parts: Collection[str]) -> None:
        for part in dict.fromkeys(PARTS.values()):
            if part in parts:
                await self._ari.request_http(operations.RELOAD_MODULE, moduleName=part)

    async def _confirm(self, files: Mapping[str, str], phones: Collection[str]) -> None:
        """Wait until Asterisk shows that it has loaded these files. An unreadable one it keeps out without a word."""
        deadline = asyncio.get_running_loop().time() + LOADED_WITHIN
        while True:
            missing = [name for name in FINGERPRINTS if await self._loaded(name) != fingerprint_in(files[name])]
            missing += [f"phone {each}" for each in sorted(phones) if not await self._has_phone(each)]
            if not missing:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AsteriskError(f"Asterisk did not load {', '.join(missing)}; its messages.log says why")
            await asyncio.sleep(LOOK_AGAIN)

    async def _loaded(self, name: str) -> str:
        """The fingerprint of the file that Asterisk has loaded; "" if it has none."""
        return await self._ami.global_value(FINGERPRINTS[name][0])

    async def _has_phone(self, extension: str) -> bool:
        return await self._ami.global_value(f"PJSIP_ENDPOINT({extension},aors)") == extension


def _parts(names: Collection[str]) -> set[str]:
    return {PARTS[name] for name in names if name in PARTS}


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """The Asterisk that was started with the configuration on disk."""

    modules: Path
    data: Path


def running_program(folders: Folders) -> RunningProgram:
    """It, by its asterisk.conf: which program another start would choose does not matter. Raises AsteriskError."""
    file = folders.asterisk_config / "asterisk.conf"
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        raise AsteriskError(f"{file}: cannot be read: {error.strerror}; was Asterisk started from here?") from error
    values = {name.strip(): value.strip() for name, is_set, value in (line.partition("=") for line in lines) if is_set}
    try:
        return RunningProgram(Path(values["astmoddir"]), Path(values["astdatadir"]))
    except KeyError as error:
        raise AsteriskError(f"{file}: says no {error.args[0]}; it is none of ours") from None
