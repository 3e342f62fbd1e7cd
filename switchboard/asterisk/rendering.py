"""Making Asterisk's configuration from the templates in `dialplan/` and `asterisk-config/` and the organisation's YAML.

`render` is pure: values in, file name -> text out. `render_all` writes what changed. A template can only interpolate
what passed a function of escaping.py; anything else stops the rendering, so no name in the YAML can change the
meaning of a configuration file.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from switchboard.asterisk import hold_music, signal_tones
from switchboard.asterisk.dialplan_reach import leaks
from switchboard.asterisk.escaping import Escaped, comment
from switchboard.asterisk.rendering_values import RenderingInput, organisation_music, template_values, trunk_variable
from switchboard.domain.organisation import Organisation
from switchboard.errors import ConfigurationError, SetupError
from switchboard.folders import Folders
from switchboard.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE_FOLDERS = ("asterisk-config", "dialplan")  # where somebody who works on Asterisk looks
YAML_OF = {
    "extensions.conf": "organisation.yaml, people.yaml and the prompts",
    "pjsip.conf": "organisation.yaml, people.yaml, the settings and the secrets",
    "indications.conf": "organisation.yaml (country)",
}
# What Asterisk is asked for the fingerprint of a file it has loaded (a global variable, a function), and the files that
# the fingerprint is of.
FINGERPRINTS = {
    "extensions.conf": ("SWITCHBOARD_RENDERED", ("custom.conf", "extensions.conf")),
    "pjsip.conf": ("PJSIP_AOR(rendered,voicemail_extension)", ("pjsip.conf",)),
}
_FINGERPRINT = re.compile(r"(?m)^(?:SWITCHBOARD_RENDERED|voicemail_extension) = ([0-9a-f]{16})$")
_NO_FINGERPRINT = "0" * 16  # stands in the file while its fingerprint is taken


class Configuration(Protocol):
    """The part of a loaded configuration that Asterisk's is made from (flows.load.Configuration has it)."""

    @property
    def organisation(self) -> Organisation: ...


class AsteriskProgram(Protocol):
    """An Asterisk that is installed somewhere."""

    @property
    def modules(self) -> Path:
        """Folder of its modules (astmoddir)."""

    @property
    def data(self) -> Path:
        """Folder of its data: documentation, rest-api (astdatadir)."""


class Reader(Protocol):
    """The account Asterisk runs as, when that is not ours."""

    @property
    def gid(self) -> int: ...


class Secrets(Protocol):
    """Passwords."""

    @property
    def ari(self) -> str: ...
    @property
    def ami(self) -> str: ...
    @property
    def phones(self) -> Mapping[str, str]: ...


def render(
    configuration: Configuration,
    settings: Settings,
    folders: Folders,
    secrets: Secrets,
    program: AsteriskProgram,
    *,
    trunk_passwords: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Every file's text by its name.

    Raises ConfigurationError with every name, number or address that cannot stand in Asterisk's configuration, or
    with every way by which callers could reach a line outside (the administrator's own dialplan may open one), and
    SetupError if a folder's path can't, or a template is missing.
    """
    values = template_values(
        RenderingInput(
            organisation=configuration.organisation,
            settings=settings,
            folders=folders,
            modules=program.modules,
            data=program.data,
            ari_password=secrets.ari,
            ami_password=secrets.ami,
            phone_passwords=secrets.phones,
            trunk_passwords=trunk_passwords
            if trunk_passwords is not None
            else read_trunk_passwords(configuration, folders),
        )
    )
    environment = Environment(
        loader=FileSystemLoader([REPOSITORY / folder for folder in TEMPLATE_FOLDERS]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (not HTML; `_only_escaped` refuses what was not escaped for Asterisk)
        finalize=_only_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    files: dict[str, str] = {}
    for template in template_files():
        name = template.name.removesuffix(".j2")
        header = _header(template, name, settings)
        files[name] = environment.get_template(template.name).render(
            values, header=header, fingerprint=Escaped(_NO_FINGERPRINT)
        )
    if found := leaks(files):
        raise ConfigurationError([f"dialplan: a caller could reach a line outside by {leak}" for leak in found])
    for name, (_, parts) in FINGERPRINTS.items():
        digest = hashlib.sha256("".join(files[part] for part in parts).encode())
        files[name] = files[name].replace(_NO_FINGERPRINT, digest.hexdigest()[: len(_NO_FINGERPRINT)])
    return files


def fingerprint_in(text: str) -> str:
    """The fingerprint that stands in a rendered file."""
    found = _FINGERPRINT.search(text)
    return found[1] if found else ""


def template_files() -> list[Path]:
    """All templates, in the order their rendered files are listed. Raises SetupError if there are none."""
    found = [path for folder in TEMPLATE_FOLDERS for path in sorted((REPOSITORY / folder).glob("*.conf.j2"))]
    if not found:
        raise SetupError(f"no templates in {' or '.join(TEMPLATE_FOLDERS)} under {REPOSITORY}; run from a whole clone")
    return found


def render_all(
    configuration: Configuration,
    settings: Settings,
    folders: Folders,
    secrets: Secrets,
    program: AsteriskProgram,
    *,
    reader: Reader | None = None,
    trunk_passwords: Mapping[str, str] | None = None,
) -> list[Path]:
    """Render, and write each file that differs from what is on disk; return those.

    A file is replaced whole or not at all, is mode 600 (640 and of the `reader`'s group, if Asterisk runs as another
    account), and its folder is made if need be. Files that no template makes any more are removed.
    """
    files = render(configuration, settings, folders, secrets, program, trunk_passwords=trunk_passwords)
    gid = reader.gid if reader else None
    changed = [
        path for name, text in files.items() if write_file(path := folders.asterisk_config / name, text.encode(), gid)
    ]
    for stale in folders.asterisk_config.glob("*.conf"):
        if stale.name not in files:
            stale.unlink()
            changed.append(stale)
    for name, content in signal_tones.make_wavs().items():
        write_file(folders.asterisk / "tones" / name, content, gid)
    music = music_folder(folders)
    for each in organisation_music(configuration.organisation):
        (music / each).mkdir(parents=True, exist_ok=True)
    if not music.is_dir() or not any(each.is_file() for each in music.iterdir()):  # else theirs, or ours from before
        write_file(music / "hold.wav", hold_music.make_wav(), gid)
    return changed


def music_folder(folders: Folders) -> Path:
    """Where the music on hold lies."""
    return folders.asterisk / "music"


def read_trunk_passwords(configuration: Configuration, folders: Folders) -> dict[str, str]:
    """Trunks' passwords: `SWITCHBOARD_TRUNK_<ID>_PASSWORD`, else the first line of `<state>/trunks/<id>`.

    A trunk without username needs none; a missing one is "", which `render` refuses.
    """
    passwords: dict[str, str] = {}
    for trunk in configuration.organisation.trunks:
        if not trunk.username:
            continue
        variable = trunk_variable(trunk)
        file = folders.state / "trunks" / trunk.id
        if variable in os.environ:
            passwords[trunk.id] = os.environ[variable]
        elif file.is_file():
            passwords[trunk.id] = file.read_text("utf-8").partition("\n")[0].strip()
    return passwords


@dataclass(frozen=True, slots=True)
class FileState:
    """One rendered file, against what is on disk."""

    path: Path
    text: str
    on_disk: str | None = field(default=None)  # None: not there, or not ours to read

    @property
    def is_same(self) -> bool:
        return self.text == self.on_disk


def compare(files: Mapping[str, str], folders: Folders) -> list[FileState]:
    """Each rendered file beside what is on disk."""
    states = []
    for name, text in files.items():
        path = folders.asterisk_config / name
        try:
            states.append(FileState(path, text, path.read_text("utf-8")))
        except (FileNotFoundError, PermissionError):
            states.append(FileState(path, text))
    return states


def _header(template: Path, name: str, settings: Settings) -> Escaped:
    source = comment(f"{template.parent.name}/{template.name}")
    yaml = comment(YAML_OF.get(name, "the settings"))
    return Escaped(f"; Made from {source} and {yaml} ({comment(str(settings.ivr))}). Edit those, not this.")


def _only_escaped(value: object) -> object:
    """Jinja2's `finalize`: the last look at everything a template interpolates."""
    if isinstance(value, Escaped) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"a template interpolates {value!r}, which was not escaped for Asterisk (escaping.py)")


def write_file(path: Path, content: bytes, gid: int | None) -> bool:
    """Replace a file whole, unless it is so already; whether it was replaced. `gid`: of the account that reads it."""
    mode = 0o640 if gid is not None else 0o600
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.read_bytes() == content and path.stat().st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        pass
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(content)
            os.fchmod(handle, mode)
            if gid is not None:
                os.fchown(handle, -1, gid)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True
