"""Where everything is kept: the layout of the state folder and the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """Paths only; nothing is made here.

    `state` belongs to whoever started the switchboard. `served` is the part that Asterisk and Postgres must reach,
    so it lies elsewhere when they run as an account that cannot enter `state` (see machine/account.py);
    else both are one.
    """

    state: Path
    served: Path
    cache: Path

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def run(self) -> Path:
        """Process ids and the controller's socket."""
        return self.state / "run"

    @property
    def running(self) -> Path:
        """What `up` says of itself while it runs: JSON with processes, addresses, versions."""
        return self.run / "switchboard.json"

    @property
    def controller_socket(self) -> Path:
        return self.run / "controller.sock"

    @property
    def versions(self) -> Path:
        """Kept versions of the configuration, and which of them is live (flows/versions.py)."""
        return self.state / "versions"

    @property
    def asterisk(self) -> Path:
        return self.served / "asterisk"

    @property
    def asterisk_config(self) -> Path:
        return self.asterisk / "etc"

    @property
    def asterisk_spool(self) -> Path:
        return self.asterisk / "spool"

    @property
    def messages(self) -> Path:
        """Where the safety net and ARI record (Asterisk's `spool/recording`)."""
        return self.asterisk_spool / "recording"

    @property
    def kept_messages(self) -> Path:
        """Messages that the controller took: complete, under their ids. On the same disk as the recordings."""
        return self.asterisk_spool / "messages"

    @property
    def call_audio(self) -> Path:
        """Where Asterisk records conversations, as bare samples; they wait here for the controller."""
        return self.asterisk_spool / "monitor"

    @property
    def recordings(self) -> Path:
        """Recorded conversations, `<recording's id>.wav`."""
        return self.state / "recordings"

    @property
    def cel(self) -> Path:
        """Asterisk's channel event log, the second witness of every call."""
        return self.asterisk / "log" / "cel-custom" / "switchboard.csv"

    @property
    def postgres(self) -> Path:
        return self.served / "postgres"

    @property
    def prompts(self) -> Path:
        """Rendered prompts: `<content key>.wav` (8 kHz) and `.wav16` (16 kHz)."""
        return self.cache / "prompts"

    @property
    def programs(self) -> Path:
        """The private Asterisk, and copies of Postgres where needed."""
        return self.cache / "programs"
