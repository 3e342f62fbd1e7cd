"""Swaps in rotas without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from switchboard.domain.rota import Swap


class InMemorySwaps:
    """Implements ports.SwapBook over a few swaps."""

    def __init__(self, swaps: Mapping[str, Sequence[Swap]]) -> None:
        """`swaps` by the rota's id."""
        self._swaps = swaps

    def of(self, rota: str) -> Sequence[Swap]:
        """See ports.SwapBook."""
        return self._swaps.get(rota, ())
