"""Which Debian mirror this machine itself uses, read from its apt sources in either of their two forms.

sources.list(5) describes both: one-line entries (`deb [options] uri suite component…`) and deb822 stanzas.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from switchboard.errors import SettingsError

APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
FETCHABLE = ("http://", "https://", "mirror://", "mirror+file:", "mirror+http", "ftp://", "file:", "copy:")


@dataclass(frozen=True, slots=True)
class Source:
    """One archive that apt fetches from."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names, such as `signed-by`."""


def debian_mirror(setting: str | None, *, apt: Path = APT, os_release: Path = OS_RELEASE) -> str:
    """The mirror to fetch Debian's packages from: the setting, else the machine's own.

    Raises SettingsError, on `mirror`, where the machine has none: not a Debian, or no source of its main archive.
    """
    if setting:
        return setting.rstrip("/")
    system = _os_release(os_release)
    if system.get("ID") != "debian":
        raise SettingsError(
            "mirror",
            f"this machine is {system.get('PRETTY_NAME', 'not a Debian')}, whose mirrors don't carry the Asterisk we "
            "need; set a Debian mirror (or `asterisk`, if you have one >= 22.10.1)",
        )
    codename = system.get("VERSION_CODENAME", "")
    ranked = sorted(
        ((rank, source.uri) for source in sources(apt) if (rank := _rank(source, codename)) is not None), reverse=True
    )
    if not ranked:
        raise SettingsError("mirror", f"no source of Debian's main archive in {apt}; set a Debian mirror")
    best = max(rank for rank, _ in ranked)
    return next(uri for rank, uri in ranked if rank == best).rstrip("/")


def sources(apt: Path = APT) -> Iterator[Source]:
    """Every enabled archive of binary packages in the apt folder's files."""
    yield from _one_line(apt / "sources.list")
    for file in sorted((apt / "sources.list.d").glob("*")):
        if file.suffix == ".list":
            yield from _one_line(file)
        elif file.suffix == ".sources":
            yield from _deb822(file)


def _rank(source: Source, codename: str) -> int | None:
    """How surely the source is Debian's main archive; None if it surely isn't.

    Third parties name their suites after Debian's too, but sign with keys of their own. A wrong guess does no
    harm: what is fetched must be signed by Debian.
    """
    names = {codename, "stable", "oldstable", "testing", "unstable", "sid"} - {""}
    if not names.intersection(source.suites) or "main" not in source.components:
        return None
    if not source.uri.startswith(FETCHABLE):
        return None
    key = source.options.get("signed-by", "")
    if key and "debian-archive" not in key and "BEGIN PGP" not in key:
        return None
    own_key, own_name = "debian-archive" in key, source.uri.rstrip("/").endswith("/debian")
    updates = any(suite.endswith("-updates") for suite in source.suites)
    return 4 * own_key + 2 * own_name + updates


def _one_line(file: Path) -> Iterator[Source]:
    for line in _lines(file):
        kind, _, rest = line.partition("#")[0].strip().partition(" ")
        if kind != "deb":
            continue
        options: dict[str, str] = {}
        rest = rest.strip()
        if rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            for option in shlex.split(inside):
                name, _, value = option.partition("=")
                options[name.lower()] = value
        uri, *words = rest.split()
        if words:
            yield Source(uri, (words[0],), tuple(words[1:]), options)


def _deb822(file: Path) -> Iterator[Source]:
    stanza: dict[str, str] = {}
    name = ""
    for line in (*_lines(file), ""):
        if line.startswith("#"):
            continue
        if not line.strip():
            yield from _from_stanza(stanza)
            stanza, name = {}, ""
        elif line[0].isspace():
            stanza[name] = f"{stanza.get(name, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            stanza[name] = value.strip()


def _from_stanza(stanza: Mapping[str, str]) -> Iterator[Source]:
    if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
        return
    suites, components = tuple(stanza.get("suites", "").split()), tuple(stanza.get("components", "").split())
    for uri in stanza.get("uris", "").split():
        yield Source(uri, suites, components, stanza)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _os_release(file: Path) -> dict[str, str]:
    """See os-release(5)."""
    pairs = (line.partition("=") for line in _lines(file) if "=" in line and not line.startswith("#"))
    return {name: "".join(shlex.split(value)[:1]) for name, _, value in pairs}
