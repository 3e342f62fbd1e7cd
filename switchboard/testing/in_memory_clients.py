"""Clients without a database."""

from __future__ import annotations

from collections.abc import Iterable

from switchboard.domain.clients import Client


class InMemoryClients:
    """Implements ports.ClientDirectory over a few clients."""

    def __init__(self, clients: Iterable[Client] = ()) -> None:
        self._by_number = {number: client for client in clients for number in client.numbers}

    def of(self, number: str) -> Client | None:
        """See ports.ClientDirectory."""
        return self._by_number.get(number)


class EveryCallerIs:
    """Implements ports.ClientDirectory: whoever calls is this client, or nobody's."""

    def __init__(self, client: Client | None) -> None:
        self._client = client

    def of(self, number: str) -> Client | None:
        """See ports.ClientDirectory."""
        return self._client
