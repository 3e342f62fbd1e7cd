"""What every folder of tests may use."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.phones import Phones, sip_phones


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
