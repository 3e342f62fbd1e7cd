"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements ports.Clock."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """The instant, in UTC."""
        return self._instant

    def pass_time(self, length: timedelta) -> None:
        """Move forward."""
        self._instant += length

    def move_to(self, instant: datetime) -> None:
        """Move to an instant, never backward."""
        self._instant = max(self._instant, instant)
