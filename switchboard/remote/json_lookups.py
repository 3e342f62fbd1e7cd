"""Asks other systems about callers, over HTTP: within a deadline, from the addresses of the configuration alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import aiohttp
import orjson
import structlog

from switchboard.domain.lookups import Lookup, LookupAnswer, LookupOutcome

log = structlog.get_logger(__name__)

MOST_BYTES = 64 * 1024  # of an answer
AT_ONCE = 50  # questions; beyond, they wait within their own deadline


def token_variable(lookup: str) -> str:
    """The environment variable that holds the token of a lookup."""
    return f"SWITCHBOARD_LOOKUP_{lookup.upper()}_TOKEN"


class JsonLookups:
    """Implements ports.Lookups. Redirects are not followed; a token goes out as a bearer token."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, lookup: Lookup, number: str, dialled: str) -> LookupAnswer:
        """See ports.Lookups."""
        try:
            async with asyncio.timeout(lookup.within.total_seconds()):
                return await self._asked(lookup, number, dialled)
        except TimeoutError:
            answer = LookupAnswer(LookupOutcome.TIMEOUT, why=f"no answer in {lookup.within.total_seconds():g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            answer = LookupAnswer(LookupOutcome.FAILED, why=(str(error) or type(error).__name__)[:200])
        log.warning("lookup_without_answer", lookup=lookup.id, outcome=answer.outcome.value, error=answer.why)
        return answer

    async def _asked(self, lookup: Lookup, number: str, dialled: str) -> LookupAnswer:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))
        token = self._environment.get(token_variable(lookup.id), "")
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        body = {"number": number, "dialled": dialled} if lookup.is_post else None
        method = "POST" if lookup.is_post else "GET"
        address = lookup.address(number, dialled)
        async with self._session.request(method, address, headers=headers, json=body, allow_redirects=False) as answer:
            if answer.status in (204, 404):
                return LookupAnswer(LookupOutcome.NOT_FOUND)
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            content = b""
            while len(content) <= MOST_BYTES and (piece := await answer.content.read(MOST_BYTES)):
                content += piece
        if len(content) > MOST_BYTES:
            raise ValueError(f"an answer of more than {MOST_BYTES} bytes")
        told = orjson.loads(content)
        return LookupAnswer(LookupOutcome.NOT_FOUND if told is None else LookupOutcome.FOUND, told)
