"""Making a copy of a configuration: in a hidden folder beside its place, brought to the disk, and renamed.

It is there whole, or not at all, whenever the process is killed or the power fails. What a killed process left is
told by its name, `.new-<process>-…`, and removed by the next one that publishes (versions.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from switchboard.errors import ConfigurationError, SetupError
from switchboard.flows.configuration import Configuration
from switchboard.flows.content import IVR, PROMPTS, FileDigest, content_version, files_of, version_of
from switchboard.flows.load import load_configuration
from switchboard.flows.problems import Place, Problem

MOST_FILES = 10_000
LARGEST_FILE = 64 * 1024 * 1024  # bytes: an hour of telephone sound
LARGEST_VERSION = 512 * 1024 * 1024  # bytes
_PIECE = 1024 * 1024  # bytes read at once

Signs = tuple[int, int, int, int]  # what changes when somebody writes a file: inode, size, times


@dataclass(slots=True)
class Copy:
    """A copy in the making. `folder` is hidden; `keep` gives it its name."""

    versions: Path
    folder: Path
    origin: tuple[Path, Path] | None = None  # the folders it is a copy of, which problems are to name
    manifest: dict[str, FileDigest] = field(default_factory=dict)
    size: int = 0  # bytes

    @property
    def version(self) -> str:
        """The name that its content gives it."""
        return version_of(self.manifest)

    def load(self) -> Configuration:
        """The configuration it holds. Raises ConfigurationError whose places lie in the folders it is a copy of."""
        try:
            return load_configuration(self.folder / IVR, self.folder / PROMPTS, version=self.version)
        except ConfigurationError as error:
            problems = [self._renamed(each) if isinstance(each, Problem) else each for each in error.problems]
            raise ConfigurationError(problems) from None

    def as_in_origin(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems, with the files called as the administrator knows them."""
        return [self._renamed(each) for each in problems]

    def add(self, name: str, content: Iterable[bytes]) -> None:
        """Write a file, and bring it to the disk.

        Raises ConfigurationError where the copy would grow too large, SetupError where it can't be written.
        """
        path = self.folder / name
        digest, size = hashlib.sha256(), 0
        with _writing(self.versions):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for piece in content:
                    size += len(piece)
                    _refuse_too_large(name, size, self.size + size, len(self.manifest) + 1)
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o444)
        self.manifest[name] = FileDigest(size, digest.hexdigest())
        self.size += size

    def keep(self) -> str:
        """Give it its name; where that version is kept already, that copy stays, unless it is damaged."""
        target = self.versions / self.version
        with _writing(self.versions):
            for below, _, _ in os.walk(self.folder):
                sync_folder(Path(below))
            if target.exists():
                if content_version(target / IVR, target / PROMPTS) == self.version:
                    return self.version
                remove(target)
            self.folder.rename(target)
            sync_folder(self.versions)
        return self.version

    def _renamed(self, problem: Problem) -> Problem:
        pairs = zip((IVR, PROMPTS), self.origin or (), strict=False)
        names = [(f"{_shown(self.folder / name)}/", f"{_shown(origin)}/") for name, origin in pairs]

        def renamed(text: str) -> str:
            for here, there in names:
                text = text.replace(here, there)
            return text

        place = Place(renamed(problem.place.file), problem.place.line, problem.place.column)
        return replace(problem, place=place, text=renamed(problem.text), call=tuple(map(renamed, problem.call)))


@contextlib.contextmanager
def copied(versions: Path, ivr: Path, prompts: Path) -> Iterator[Copy]:
    """A copy of the two folders as they are now. Unless it is kept, nothing is left of it.

    Raises ConfigurationError if a file can't be read, lies outside the folders, changes while it is read, or is too
    large, and SetupError if the copy can't be written.
    """
    with new_copy(versions, (ivr, prompts)) as copy:
        before = _look(ivr, prompts)
        for name, (path, _) in before.items():
            copy.add(name, _read(path))
        after = _look(ivr, prompts)
        if changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
            path = (before.get(changed[0]) or after[changed[0]])[0]
            raise _refusal(path, "changed while it was read; try again when everything is saved")
        yield copy


@contextlib.contextmanager
def new_copy(versions: Path, origin: tuple[Path, Path] | None = None) -> Iterator[Copy]:
    """An empty copy, to `add` files to and `keep`. Unless it is kept, nothing is left of it. Raises SetupError."""
    with _writing(versions):
        versions.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".new-{os.getpid()}-", dir=versions))
    try:
        yield Copy(versions, folder, origin)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove(folder: Path) -> None:
    """Out of sight at once, then piece by piece."""
    hidden = Path(tempfile.mkdtemp(prefix=f".old-{os.getpid()}-", dir=folder.parent))
    folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of files to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _writing(versions: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(f"cannot keep versions in {versions}: {error.strerror or error}") from error


def _look(ivr: Path, prompts: Path) -> dict[str, tuple[Path, Signs]]:
    """Where each file lies, and what changes when somebody writes it."""
    roots = (ivr.resolve(), prompts.resolve())
    found = {}
    for name, path in files_of(ivr, prompts).items():
        try:
            str(path).encode()
            target, status = path.resolve(strict=True), path.stat()
        except UnicodeEncodeError:
            raise _refusal(path, "has a name that is not UTF-8") from None
        except (OSError, RuntimeError) as error:
            raise _refusal(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        if not any(target.is_relative_to(root) for root in roots):
            raise _refusal(path, f"leads out of the folder, to {target}; put the file itself here")
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "cannot be read: it is not a file")
        found[name] = (path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return found


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}") from error


def _refuse_too_large(name: str, size: int, total: int, files: int) -> None:
    for what, is_too_much, most in (
        (f"{name} is too large", size > LARGEST_FILE, f"at most {LARGEST_FILE >> 20} MiB a file"),
        ("the configuration is too large", total > LARGEST_VERSION, f"at most {LARGEST_VERSION >> 20} MiB"),
        ("the configuration has too many files", files > MOST_FILES, f"at most {MOST_FILES}"),
    ):
        if is_too_much:
            raise ConfigurationError([f"{what} — expected {most}"])


def _refusal(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError([f"{_shown(path)}: {problem}".encode("utf-8", "replace").decode()])


def _shown(path: Path) -> str:
    """As problems call it: as one would type it from here."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
