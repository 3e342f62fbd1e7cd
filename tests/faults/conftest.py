"""What is broken here, and on what: a whole switchboard of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio

from tests.switchboard_fixture import RunningSwitchboard


@pytest_asyncio.fixture
async def switchboard() -> AsyncIterator[RunningSwitchboard]:
    """One that answers calls, and is left without a process."""
    async with RunningSwitchboard() as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what each phone heard and what the controller logged."""
    report = yield
    arguments: dict[str, Any] = getattr(item, "funcargs", {})
    switchboard, phones = arguments.get("switchboard"), arguments.get("phones")
    if report.when == "call" and report.failed and isinstance(switchboard, RunningSwitchboard):
        calls = [call for phone in phones.all() for call in phone.calls] if phones else []
        heard = "\n".join(f"{call}: {switchboard.told(call)}" for call in calls)
        report.sections.append(("what the phones heard", heard))
        report.sections.append(("what ran", switchboard.logged()))
    return report
