"""What is broken here, and on what: a whole switchboard of each test's own.

Tests marked `thorough` run only when this folder is asked for by name (`make faults`), the rest with `make test`, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio

from tests.switchboard_fixture import RunningSwitchboard


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: a fault that only `make faults` causes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any("faults" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


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
