"""An Asterisk with the sample organisation and nothing else alive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.asterisk_fixture import PrivateAsterisk
from tests.sample_organisation import SampleConfiguration, make_recordings, sample_organisation


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample organisation's prompts."""
    folder = tmp_path_factory.mktemp("recordings")
    make_recordings(folder)
    return folder


@pytest_asyncio.fixture(scope="package")
async def running_asterisk(recordings: Path) -> AsyncIterator[PrivateAsterisk]:
    """One Asterisk for all tests that don't harm it."""
    async with PrivateAsterisk(SampleConfiguration(sample_organisation()), prompts=recordings) as asterisk:
        yield asterisk


@pytest_asyncio.fixture
async def asterisk(running_asterisk: PrivateAsterisk) -> AsyncIterator[PrivateAsterisk]:
    """It, checked to be left without channels and bridges by each test."""
    yield running_asterisk
    await running_asterisk.no_channels()
