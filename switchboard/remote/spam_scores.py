"""Who knows of nuisance callers: a score per number, asked over HTTP before a call is answered."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote

import aiohttp
import orjson
import structlog

from switchboard.domain.phone_numbers import masked

log = structlog.get_logger(__name__)

DEADLINE = 0.3  # seconds, for everything: a caller hears ringing meanwhile
MOST_BYTES = 16 * 1024  # of an answer
FAILURES, PAUSE = 3, 30.0  # after so many in a row nobody is asked for so many seconds
NUMBER = "{number}"  # in the address


class HttpSpamScores:
    """Implements ports.SpamScores: GET of `url`, in which `{number}` is the caller's number, percent-encoded.

    The answer is JSON, a number from 0 to 100 or `{"score": 87}`; 404 is 0. Redirects are not followed.
    """

    def __init__(self, url: str, token: str = "", *, deadline: float = DEADLINE) -> None:
        self._url, self._deadline = url, deadline
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._paused_until = 0.0
        self.problem: str | None = None

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def score(self, number: str) -> float | None:
        """See ports.SpamScores."""
        if time.monotonic() < self._paused_until:
            return None
        try:
            async with asyncio.timeout(self._deadline):
                found = await self._asked(self._url.replace(NUMBER, quote(number, safe="")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._failed(str(error) or type(error).__name__, number)
            return None
        self._failures, self.problem = 0, None
        return found

    async def _asked(self, url: str) -> float:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers)
        async with self._session.get(url, allow_redirects=False) as answer:
            if answer.status == 404:
                return 0.0
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            content = b""
            while len(content) <= MOST_BYTES and (piece := await answer.content.read(MOST_BYTES)):
                content += piece
            if len(content) > MOST_BYTES:
                raise ValueError(f"an answer of more than {MOST_BYTES} bytes")
            told = orjson.loads(content)
        score = told.get("score") if isinstance(told, dict) else told
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 100:
            raise ValueError("no score from 0 to 100 in the answer")
        return float(score)

    def _failed(self, problem: str, number: str) -> None:
        self._failures += 1
        if self.problem is None:
            log.warning("spam_score_not_told", number=masked(number), error=problem)
        self.problem = problem
        if self._failures >= FAILURES:
            self._failures, self._paused_until = 0, time.monotonic() + PAUSE
