"""What people set of their presence, on disk before it is confirmed to them. Empty again once Postgres has it all."""

from __future__ import annotations

from pathlib import Path

from switchboard.domain.presence import Presence, presence_of
from switchboard.postgres.journal import Journal


class PresenceJournal(Journal[Presence]):
    """One setting a frame."""

    def __init__(self, path: Path) -> None:
        """Raises SetupError if the file cannot be kept there."""
        super().__init__(path, "people's presence", presence_of)
