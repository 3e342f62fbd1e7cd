"""What a configuration consists of: the files that can change what callers hear, and the version their content makes.

Every YAML file below `ivr/`, so that a file that another includes counts wherever it lies; the templates of mail; the
prompts' texts; the organisation's own recordings and their manifest. Files and folders whose names begin with a dot are
nobody's: editors and systems leave them.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION_LENGTH = 16  # hex digits
IVR, PROMPTS = "ivr", "prompts"  # how the two folders are called in a version, whatever they are called outside
YAML = (".yaml", ".yml")  # `.yml` is refused by who reads flows: it must come along to be refused
RECORDINGS = (".wav",)
MAIL, TEMPLATES = "mail", (".j2",)


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What a file's content is."""

    size: int  # bytes
    sha256: str  # hex digits


Manifest = Mapping[str, FileDigest]  # by name, such as "ivr/flows/main.yaml"


def files_of(ivr: Path, prompts: Path) -> dict[str, Path]:
    """Where each file of a configuration lies, by its name, in the names' order. Folders that can't be read have none.

    A link to a folder is followed, unless it leads back to where it stands.
    """
    found = {f"{IVR}/{name}": path for name, path in _walk(ivr, YAML)}
    found |= {f"{IVR}/{MAIL}/{name}": path for name, path in _walk(ivr / MAIL, TEMPLATES)}
    found |= {f"{PROMPTS}/texts/{name}": path for name, path in _walk(prompts / "texts", YAML) if "/" not in name}
    found |= {f"{PROMPTS}/recordings/{name}": path for name, path in _walk(prompts / "recordings", RECORDINGS)}
    if (manifest := prompts / "recordings.yaml").exists():
        found[f"{PROMPTS}/recordings.yaml"] = manifest
    return dict(sorted(found.items()))


def content_version(ivr: Path, prompts: Path) -> str:
    """The configuration's version: a hash over the names and contents of all its files.

    A file that can't be read does not count: who reads it says so.
    """
    digests = {}
    for name, path in files_of(ivr, prompts).items():
        try:
            digests[name] = digest_of(path)
        except OSError:
            continue
    return version_of(digests)


def version_of(manifest: Manifest) -> str:
    """The version that these files make: 16 hex digits of SHA-256 over `<hash> <size> <name>` of each."""
    lines = (f"{digest.sha256} {digest.size} {name}\n" for name, digest in sorted(manifest.items()))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:VERSION_LENGTH]


def digest_of(path: Path) -> FileDigest:
    """The file's digest, read piece by piece. Raises OSError, also for what is no file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("is not a file")  # a named pipe would never end
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileDigest(file.tell(), digest.hexdigest())


def _walk(folder: Path, endings: tuple[str, ...], inside: frozenset[Path] = frozenset()) -> Iterator[tuple[str, Path]]:
    """(name below the folder, path) of what ends so."""
    try:
        resolved = folder.resolve(strict=True)
        paths = sorted(folder.iterdir())
    except (OSError, RuntimeError):
        return
    if resolved in inside:
        return
    for path in paths:
        if path.name.startswith("."):
            continue
        if _is_folder(path):
            for name, below in _walk(path, endings, inside | {resolved}):
                yield f"{path.name}/{name}", below
        elif path.suffix in endings:
            yield path.name, path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nobody may look at it: whoever reads it as a file says so
        return False
