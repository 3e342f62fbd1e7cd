"""Typed settings from a TOML file and `SWITCHBOARD_*` environment variables.

The environment beats the file. README.md, "Settings", documents each; a test holds the table against this module.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, IPvAnyAddress, PostgresDsn, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from switchboard.domain.notification import is_mail_address
from switchboard.errors import SettingsError

DEFAULT_FILE = Path("switchboard.toml")
ENVIRONMENT_PREFIX = "SWITCHBOARD_"
FILE_VARIABLE = "SWITCHBOARD_SETTINGS"  # names another settings file

# Variables of our prefix that are no settings: that above, trunks' and calendars' passwords, lookups' tokens, webhooks'
# secrets, and what tests are told.
OTHER_VARIABLES = re.compile(
    r"SWITCHBOARD_(SETTINGS|(TRUNK|CALENDAR)_\w+_PASSWORD|LOOKUP_\w+_TOKEN|WEBHOOK_\w+_SECRET|TEST_\w+)"
)

Port = Annotated[int, Field(ge=1024, le=65535)]


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class MailSecurity(StrEnum):
    """How the way to the mail server is guarded."""

    TLS = "tls"  # from the first byte on
    STARTTLS = "starttls"  # or not at all
    NONE = "none"


class LogForm(StrEnum):
    """How a log line looks."""

    TEXT = "text"
    JSON = "json"


class Settings(BaseSettings):
    """Everything one machine's switchboard can be told. Organisation data is not here but in `ivr/`."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True)

    state: Path = Field(Path(".state"), description="State folder: secrets, database, ledger, logs, recordings.")
    cache: Path | None = Field(
        None,
        description="Folder of what can be made again: the private Asterisk, rendered prompts. "
        "Default: `cache` in the state folder.",
    )
    ivr: Path = Field(Path("ivr"), description="Configuration folder: the organisation's people, hours, facts, flows.")
    prompts: Path = Field(
        Path("prompts"), description="Folder of what is said: texts per language and the organisation's own recordings."
    )
    bind: IPvAnyAddress = Field(
        "127.0.0.1",
        validate_default=True,
        description="Address SIP and RTP listen on. `0.0.0.0` opens them to your network: anybody who reaches the "
        "machine can call the organisation's numbers and try to register as a desk phone. "
        "ARI, AMI, AGI and Postgres stay on loopback.",
    )
    sip_port: Port = Field(5060, description="UDP and TCP port of SIP.")
    rtp_first_port: Port = Field(20000, description="First UDP port of RTP.")
    rtp_last_port: Port = Field(20999, description="Last UDP port of RTP; two ports a call leg.")
    ari_port: Port = Field(8088, description="TCP port of Asterisk's REST interface, on loopback.")
    ami_port: Port = Field(5038, description="TCP port of Asterisk's manager interface, on loopback.")
    agi_port: Port = Field(4573, description="TCP port on which FastAGI is answered, on loopback.")
    postgres_port: Port = Field(54320, description="TCP port of the embedded Postgres, on loopback.")
    console_port: Port = Field(8080, description="TCP port of the console and its API.")
    console_bind: IPvAnyAddress = Field(
        "127.0.0.1",
        validate_default=True,
        description="Address the console listens on. Beyond loopback it wants `console_certificate`.",
    )
    console_certificate: Path | None = Field(
        None, description="TLS certificate of the console, with its chain, as PEM. Default: no TLS."
    )
    console_key: Path | None = Field(
        None, description="Private key of that certificate, as PEM. Default: it is in the same file."
    )
    console_without_tls: bool = Field(
        False,
        description="Let the console listen beyond loopback without TLS, for a proxy that brings it: "
        "anybody in between could read tokens.",
    )
    database_url: PostgresDsn | None = Field(
        None,
        description="Use this Postgres (>= 15) instead of the embedded one: `postgresql://user:password@host/name`.",
    )
    asterisk: Path | None = Field(
        None,
        description="Asterisk program to run. Default: the machine's own if >= 22.10.1, else a private copy.",
    )
    mirror: str | None = Field(
        None,
        description="Debian mirror to fetch the private Asterisk from. Default: the machine's own apt sources.",
    )
    account: str | None = Field(
        None,
        description="When started as root: the existing account Postgres and Asterisk run as. "
        "Default: the first that exists of `switchboard`, `asterisk`, `nobody`.",
    )
    spam_url: str | None = Field(
        None,
        description="Address of a service that scores callers from 0 to 100, `https://…/{number}`; "
        "screening.yaml says what becomes of whom. Default: nobody is asked.",
    )
    spam_token: SecretStr | None = Field(None, description="What that service knows us by: sent as a bearer token.")
    messages_keep_original: bool = Field(
        True,
        description="Keep messages on disk as they were recorded (WAV, 16 bits) beside the copy in Postgres, which is "
        "half as large and sounds as a telephone does. `false`: the file goes once Postgres has it.",
    )
    messages_free_mb: int = Field(
        200,
        ge=1,
        description="Megabytes that must be free on the disk before a caller is asked for a message; with fewer, "
        "callers are told so and given to reception.",
    )
    smtp_host: str | None = Field(None, description="Mail server that takes our mail about messages. Default: none.")
    smtp_port: int = Field(587, ge=1, le=65535, description='Its TCP port: 587, with `smtp_security = "tls"` 465.')
    smtp_security: MailSecurity = Field(
        MailSecurity.STARTTLS,
        description="How the way to it is guarded: starttls, tls, or none (no password then, but on this machine).",
    )
    smtp_user: str | None = Field(None, description="Our account there, if it wants one.")
    smtp_password: SecretStr | None = Field(None, description="Its password.")
    mail_from: str | None = Field(
        None, description="Address our mail is from. The server tells refusals to it, too: read it."
    )
    public_url: str | None = Field(
        None, description="Address of the web console as people reach it, for links in mail."
    )
    transcription_model: Path | None = Field(
        None,
        description="Folder of a Whisper model as faster-whisper has it, to write down messages (the extra "
        "`transcription`). Default: nobody writes them down.",
    )
    transcription_threads: int = Field(1, ge=1, le=64, description="Processor cores that writing down may use.")
    log_level: LogLevel = Field(LogLevel.INFO, description="How much is logged: debug, info, warning, error.")
    log_form: LogForm = Field(LogForm.TEXT, description="How a log line looks: text or json.")

    @field_validator(
        "transcription_model", "state", "cache", "ivr", "prompts", "asterisk", "console_certificate", "console_key"
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("spam_url")
    @classmethod
    def _spam_address(cls, url: str | None) -> str | None:
        if url is not None and (
            urlsplit(url).scheme not in ("http", "https") or "{number}" not in url.split("/", 3)[-1]
        ):
            raise ValueError("an address such as https://spam.example.net/score/{number}")
        return url

    @field_validator("public_url")
    @classmethod
    def _public_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("an address such as https://switchboard.example.net")
        return url

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Settings:
        if self.smtp_host is None:
            return self
        if not is_mail_address(self.mail_from or ""):
            raise ValueError("mail_from: with smtp_host, an address such as switchboard@example.net")
        is_near = self.smtp_host in ("localhost", "127.0.0.1", "::1")
        if self.smtp_password is not None and self.smtp_security is MailSecurity.NONE and not is_near:
            raise ValueError("smtp_security: a password goes over the network only with starttls or tls")
        return self

    @model_validator(mode="after")
    def _rtp_range(self) -> Settings:
        if self.rtp_last_port <= self.rtp_first_port:
            raise ValueError("rtp_last_port: must be greater than rtp_first_port")
        if self.rtp_first_port <= self.sip_port <= self.rtp_last_port:
            raise ValueError("sip_port: must lie outside the RTP ports")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Settings:
        taken: dict[int, str] = {}
        for name in ("sip_port", "ari_port", "ami_port", "agi_port", "postgres_port", "console_port"):
            port = getattr(self, name)
            if port in taken:
                raise ValueError(f"{name}: {port} is {taken[port]} already")
            taken[port] = name
        return self

    @model_validator(mode="after")
    def _console_is_private(self) -> Settings:
        if self.console_key is not None and self.console_certificate is None:
            raise ValueError("console_key: needs console_certificate, whose key it is")
        if not (self.console_bind.is_loopback or self.console_certificate or self.console_without_tls):
            raise ValueError(
                f"console_bind: {self.console_bind} is not loopback: set console_certificate, "
                "or console_without_tls where a proxy brings TLS"
            )
        return self

    @property
    def console_url(self) -> str:
        """Where the console is, for somebody on this machine."""
        bind = str(self.console_bind)
        if self.console_bind.is_unspecified:
            bind = "::1" if self.console_bind.version == 6 else "127.0.0.1"
        host = f"[{bind}]" if ":" in bind else bind
        return f"{'https' if self.console_certificate else 'http'}://{host}:{self.console_port}"

    @property
    def cache_folder(self) -> Path:
        """Where the private Asterisk and rendered prompts are kept."""
        return self.cache or self.state / "cache"

    @property
    def name(self) -> str:
        """A short name of this state folder, to tell switchboards on one machine apart."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:8]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then what `load` read from the file."""
        return env_settings, init_settings


def load(file: Path | None = None) -> Settings:
    """Read the settings.

    `file` defaults to the one that SWITCHBOARD_SETTINGS names, else to `switchboard.toml` in the working folder,
    which may be absent. Raises SettingsError, in one line that names the setting and where it came from.
    """
    values: dict[str, Any] = {}
    if file is None and (named := os.environ.get(FILE_VARIABLE)):
        file = Path(named)
    path = file or DEFAULT_FILE
    _refuse_unknown_variables()
    if file is not None or path.exists():
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(str(path), f"cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(str(path), f"is not valid TOML: {error}") from error
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _first_problem(error, path) from error


def _refuse_unknown_variables() -> None:
    """A misspelt variable would be as good as none, and nobody would know."""
    known = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for variable in os.environ:
        name = variable.upper()
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known and not OTHER_VARIABLES.fullmatch(name):
            raise SettingsError(variable, f"no such setting{_nearest(name, known)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _first_problem(error: ValidationError, path: Path) -> SettingsError:
    problem = error.errors()[0]
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        setting, _, message = message.partition(": ")
        return SettingsError(setting, message)
    setting = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        near = _nearest(setting, Settings.model_fields) or f"; known are {', '.join(Settings.model_fields)}"
        return SettingsError(setting, f"no such setting (in {path}){near}")
    return SettingsError(
        setting, f"{message} (got {problem['input']!r}; set in {path} or as SWITCHBOARD_{setting.upper()})"
    )
