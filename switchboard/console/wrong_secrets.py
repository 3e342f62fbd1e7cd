"""How often an address sent a wrong token or password: who tries many is refused before the database is asked."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

ALLOWED = 10  # wrong ones of an address within WITHIN
WITHIN = 60.0  # seconds
ADDRESSES = 10_000  # remembered at most, those that were wrong last


class WrongSecrets:
    """Counts them by address. `now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, address: str) -> None:
        """A wrong one came from there."""
        times = self._wrong.setdefault(address, deque(maxlen=ALLOWED))
        times.append(self._now())
        self._wrong.move_to_end(address)
        if len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)

    def wait(self, address: str) -> float:
        """Seconds until that address may try again; 0: now."""
        times = self._wrong.get(address)
        if times is None or len(times) < ALLOWED:
            return 0.0
        return max(0.0, times[0] + WITHIN - self._now())
