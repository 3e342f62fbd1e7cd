"""Random secrets, made at the first run and kept: who may command Asterisk, Postgres and each desk phone."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from switchboard.errors import SetupError

# No look-alikes (0 o, 1 l i): a phone's password is typed by hand, on a phone. 14 of 31 are 69 bits.
PHONE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
PHONE_LENGTH = 14


@dataclass(frozen=True, slots=True)
class Secrets:
    """All secrets of one state folder. Never logged: its repr shows none."""

    ari: str
    ami: str
    postgres: str
    phones: Mapping[str, str]
    """Password by extension; extensions that went away keep theirs, should they return."""

    def __repr__(self) -> str:
        return f"Secrets(phones={sorted(self.phones)})"


def read_secrets(file: Path) -> Secrets:
    """The secrets made before. Raises SetupError if there are none or the file is damaged."""
    try:
        return Secrets(**json.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        raise SetupError(f"{file} is not there: nothing was started from this state folder yet") from None
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise SetupError(f"{file} is damaged: {error}") from error


def make_secrets(file: Path, phones: Iterable[str] = ()) -> Secrets:
    """The secrets, made if missing, with a password for each of the phones (extensions).

    The file is only ever replaced whole, and only its owner can read it.
    """
    known = read_secrets(file) if file.exists() else None
    missing = [extension for extension in phones if known is None or extension not in known.phones]
    if known is not None and not missing:
        file.chmod(0o600)
        return known
    made = Secrets(
        ari=known.ari if known else secrets.token_urlsafe(24),
        ami=known.ami if known else secrets.token_urlsafe(24),
        postgres=known.postgres if known else secrets.token_urlsafe(24),
        phones={**(known.phones if known else {}), **{extension: _phone_password() for extension in missing}},
    )
    _write(file, made)
    return made


def _phone_password() -> str:
    return "".join(secrets.choice(PHONE_LETTERS) for _ in range(PHONE_LENGTH))


def _write(file: Path, made: Secrets) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)  # mode 600 from the start
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        json.dump(asdict(made), output, indent=1)
        output.flush()
        os.fsync(output.fileno())
    Path(name).replace(file)
