"""A service that scores callers: asked with care, never waited for, never needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from switchboard.errors import SettingsError
from switchboard.remote import spam_scores
from switchboard.remote.spam_scores import FAILURES, HttpSpamScores
from switchboard.settings import load

CALLER = "+37255501234"


class Service:
    """The service's side: answers as a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer = web.Response(text="87", content_type="application/json")
        self.delay = 0.0
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.raw_path, request.headers.get("Authorization", "")))
        if self.delay:
            await asyncio.sleep(self.delay)
        return self.answer


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    app = web.Application()
    app.router.add_get("/{path:.*}", service.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    service.url = f"http://127.0.0.1:{port}/score?n={{number}}"
    yield service
    await runner.cleanup()


@pytest_asyncio.fixture
async def scores(service: Service) -> AsyncIterator[HttpSpamScores]:
    scores = HttpSpamScores(service.url, "secret", deadline=0.25)
    yield scores
    await scores.close()


async def test_a_score_is_told(service: Service, scores: HttpSpamScores) -> None:
    assert await scores.score(CALLER) == 87
    assert service.asked == [("/score?n=%2B37255501234", "Bearer secret")]
    assert scores.problem is None


@pytest.mark.parametrize(
    ("text", "status", "score"),
    [
        ('{"score": 12.5}', 200, 12.5),
        ("0", 200, 0.0),
        ("", 404, 0.0),
        ("", 500, None),
        ("", 302, None),
        ("101", 200, None),
        ("-1", 200, None),
        ("true", 200, None),
        ("NaN", 200, None),
        ('"87"', 200, None),
        ("{", 200, None),
        ("[]", 200, None),
        ("{}", 200, None),
        ("1" + " " * 20_000, 200, None),
    ],
)
async def test_what_is_no_score_is_none(
    service: Service, scores: HttpSpamScores, text: str, status: int, score: float | None
) -> None:
    service.answer = web.Response(text=text, status=status, headers={"Location": service.url} if status == 302 else {})
    assert await scores.score(CALLER) == score
    assert (scores.problem is None) == (score is not None)


async def test_nobody_waits_beyond_the_deadline(service: Service, scores: HttpSpamScores) -> None:
    service.delay = 5.0
    since = time.monotonic()
    assert await scores.score(CALLER) is None
    assert 0.2 < time.monotonic() - since < 1.0


async def test_who_fails_again_and_again_is_left_alone_for_a_while(
    service: Service, scores: HttpSpamScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spam_scores, "PAUSE", 0.3)
    good, service.answer = service.answer, web.Response(status=500)
    for _ in range(FAILURES + 5):
        assert await scores.score(CALLER) is None
    assert len(service.asked) == FAILURES
    service.answer = good
    async with asyncio.timeout(5):
        while await scores.score(CALLER) != 87:
            await asyncio.sleep(0.02)
    assert scores.problem is None


async def test_nobody_there() -> None:
    scores = HttpSpamScores("http://127.0.0.1:1/{number}")
    assert await scores.score(CALLER) is None
    await scores.close()


@pytest.mark.parametrize("url", ["spam.example.net/{number}", "ftp://x/{number}", "https://{number}.x/", "https://x/"])
def test_an_address_that_is_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_SPAM_URL", url)
    with pytest.raises(SettingsError, match="spam_url: an address such as"):
        load()


def test_the_token_is_no_secret_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_SPAM_URL", "https://spam.example.net/score/{number}")
    monkeypatch.setenv("SWITCHBOARD_SPAM_TOKEN", "very secret")
    settings = load()
    assert "very secret" not in repr(settings) + str(settings)
