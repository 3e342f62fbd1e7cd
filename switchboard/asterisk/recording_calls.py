"""The disk that Asterisk records conversations on."""

from __future__ import annotations

import shutil
from pathlib import Path

LEAST_FREE = 2 << 30  # bytes; with less, no recording is begun: messages and the ledger need the rest


class RecordingDisk:
    """Implements ports.RecordingSpace on a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has_room(self) -> bool:
        """See ports.RecordingSpace. A folder that is not there has none."""
        try:
            return shutil.disk_usage(self._folder).free >= LEAST_FREE
        except OSError:
            return False
