"""What every folder of tests may use.

Tests marked `thorough` take long: they run when tests/faults or the mark itself is asked for (`make faults`), the rest
with `make test`, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.phones import Phones, sip_phones


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: takes long, and runs only with `make faults`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any("faults" in argument for argument in config.args) or "thorough" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest_asyncio.fixture(scope="session")
async def sip_stack() -> AsyncIterator[Phones]:
    """The process's one SIP stack."""
    async with sip_phones() as phones:
        yield phones


@pytest_asyncio.fixture
async def phones(sip_stack: Phones) -> AsyncIterator[Phones]:
    """SIP phones; those a test made are closed after it."""
    yield sip_stack
    await sip_stack.close_all()
