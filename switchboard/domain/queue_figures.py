"""How well a queue served its callers: service level, abandoned calls, waits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOO_SOON = 5.0  # seconds: who hangs up within these was not kept waiting, and is no abandoned call


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Callers of one queue, each counted once, as they left it the last time. Waits in seconds, ascending."""

    queue: str
    answered_after: Sequence[float] = ()
    abandoned_after: Sequence[float] = ()
    by_key: int = 0  # chose another way
    timed_out: int = 0
    not_admitted: int = 0  # the queue was full, or nobody on duty

    @property
    def answered(self) -> int:
        """Callers whom an agent talked to."""
        return len(self.answered_after)

    @property
    def abandoned(self) -> int:
        """Callers who hung up after having waited."""
        return len(self.abandoned_after) - bisect_right(self.abandoned_after, TOO_SOON)

    @property
    def median_wait(self) -> float | None:
        """Of those answered; None if nobody was."""
        return self.answered_after[len(self.answered_after) // 2] if self.answered_after else None

    @property
    def longest_wait(self) -> float | None:
        """Of those answered or gone."""
        return max((*self.answered_after[-1:], *self.abandoned_after[-1:]), default=None)

    def service_level(self, within: float) -> float | None:
        """The share of callers answered within so many seconds, of those answered, gone or timed out; None of nobody.

        Who chose another way, or hung up at once, counts for nothing.
        """
        offered = self.answered + self.abandoned + self.timed_out
        return bisect_right(self.answered_after, within) / offered if offered else None


def figures_of(row: Mapping[str, Any]) -> QueueFigures:
    """From a row of the query `waits_since`."""
    return QueueFigures(
        str(row["queue"]),
        tuple(row["answered_after"]),
        tuple(row["abandoned_after"]),
        int(row["by_key"]),
        int(row["timed_out"]),
        int(row["not_admitted"]),
    )
