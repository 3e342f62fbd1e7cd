"""Versions of the configuration on disk: complete copies, named by their content, and which of them is live.

<versions>/0f3a…/ivr/…                          the files that content.py lists; never changed after
<versions>/0f3a…/prompts/{texts,recordings}/…
<versions>/live                                 the live version's name
<versions>/.new-…, .old-…, .file-…              in the making or being removed (version_copy.py)
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from switchboard.errors import ConfigurationError, SetupError
from switchboard.flows.configuration import Configuration
from switchboard.flows.content import IVR, PROMPTS, content_version
from switchboard.flows.load import load_configuration
from switchboard.flows.version_copy import copied, remove, sync_folder

KEPT = 10  # versions that are kept, whoever uses them
LIVE = "live"
_NAME = re.compile(r"[0-9a-f]{16}")
_LEFT = re.compile(r"\.(?:new|old|file)-(\d+)-\w+")


def keep_version(versions: Path, ivr: Path, prompts: Path) -> str:
    """Keep a copy of the two folders as they are; the version. Raises as `copied` of version_copy.py."""
    with copied(versions, ivr, prompts) as copy:
        return copy.keep()


def version_folders(versions: Path, version: str) -> tuple[Path, Path]:
    """The folders `ivr` and `prompts` of a version. Raises ConfigurationError if it is not kept here."""
    folder = versions / version
    if not _NAME.fullmatch(version) or not folder.is_dir():
        raise ConfigurationError([f"version {version} is not kept in {versions}"])
    return folder / IVR, folder / PROMPTS


def load_version(versions: Path, version: str) -> Configuration:
    """The configuration of a kept version. Raises ConfigurationError if it is not kept, damaged, or not understood."""
    ivr, prompts = version_folders(versions, version)
    if content_version(ivr, prompts) != version:
        raise ConfigurationError(
            [f"version {version}: its copy in {versions} is damaged; `switchboard rollback {version}` brings it back"]
        )
    return load_configuration(ivr, prompts, version=version)


def live_version(versions: Path) -> str | None:
    """The version that is live; None before the first. Raises ConfigurationError if it can't be told."""
    try:
        version = (versions / LIVE).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{versions / LIVE}: cannot be read: {error}"]) from error
    if not _NAME.fullmatch(version):
        raise ConfigurationError([f"{versions / LIVE}: is damaged: it does not name a version"])
    return version


def set_live(versions: Path, version: str) -> None:
    """Make a kept version the live one, at once and lastingly. Raises ConfigurationError if it is not kept."""
    version_folders(versions, version)
    write_whole(versions / LIVE, f"{version}\n")
    os.utime(versions / version)  # `kept_versions` goes by when each was live last


def load_live(versions: Path) -> tuple[Configuration | None, str]:
    """What is to be served, and "" or what is wrong with the live version.

    Where that can't be read, it is the version that was live last of those that can. None and "" before the first
    version is live; None and a problem if no kept version can be read.
    """
    try:
        live = live_version(versions)
        return (load_version(versions, live) if live else None), ""
    except ConfigurationError as error:
        problem = str(error)
    for version in kept_versions(versions):
        with contextlib.suppress(ConfigurationError):
            return load_version(versions, version), problem
    return None, problem


def kept_versions(versions: Path) -> list[str]:
    """Every version that is kept, the one that was live last first."""
    found = []
    for path in versions.glob("[0-9a-f]*"):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            if _NAME.fullmatch(path.name):
                found.append((path.stat().st_mtime_ns, path.name))
    return [name for _, name in sorted(found, reverse=True)]


def prune(versions: Path, in_use: Collection[str] = (), *, keep: int = KEPT) -> list[str]:
    """Remove all but the last `keep` versions, the live one, and those `in_use`; the versions removed.

    Call it while `publishing`.
    """
    stay = {live_version(versions), *in_use}
    removed = [version for version in kept_versions(versions)[keep:] if version not in stay]
    for version in removed:
        remove(versions / version)
    return removed


@contextlib.contextmanager
def publishing(versions: Path) -> Iterator[None]:
    """Hold the folder for one who changes what is live, and clear away what a killed one left.

    Raises SetupError if somebody else holds it.
    """
    try:
        versions.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(versions / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(f"cannot keep versions in {versions}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(handle, 20).decode() or "?"
            raise SetupError(
                f"another publication is going on (process {other}); when it has ended, `switchboard versions` tells "
                "what is live"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        _clear(versions)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def write_whole(path: Path, text: str) -> None:
    """Replace a file at once: whoever reads it, whenever the power fails, finds the old text or the new one.

    Raises SetupError.
    """
    try:
        handle, beside = tempfile.mkstemp(prefix=f".file-{os.getpid()}-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(beside).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror or error}") from error


def _clear(versions: Path) -> None:
    """Remove what processes left that have ended since."""
    for path in versions.iterdir():
        match = _LEFT.fullmatch(path.name)
        if match is None or _runs(int(match[1])):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
