"""What every folder of tests may use.

Tests marked `thorough` take long: they run when tests/faults or the mark itself is asked for (`make faults`), the rest
with `make test`, too.

Side by side (`make test`), whole classes and files go to whichever process is free: first those that only calculate,
then folder by folder (each shares an Asterisk) those that wait for real telephones, the longest first, so that at the
end no process waits for another. Folders that start whole switchboards go to one process each: many starts at once
leave nobody's audio in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from xdist.scheduler import LoadScopeScheduling

from tests.phones import Phones, sip_phones
from tests.scratch import use_scratch

# Folders whose tests wait, in the order in which they are run, and how long a test takes about, in seconds.
WAITING = {
    "tests/machine": 4.0,
    "tests/records": 0.3,
    "tests/contract": 2.0,
    "tests/dialplan": 2.0,
    "tests/faults": 20.0,
    "tests/asterisk": 4.0,
}


STARTING = ("tests/faults", "tests/machine")  # whole switchboards


class FoldersTogether(LoadScopeScheduling):
    """pytest-xdist's `loadscope`, but those folders as one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((each for each in STARTING if nodeid.startswith(f"{each}/")), nodeid.rsplit("::", 1)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FoldersTogether:
    return FoldersTogether(config, log)


def pytest_configure(config: pytest.Config) -> None:
    use_scratch()
    config.addinivalue_line("markers", "thorough: takes long, and runs only with `make faults`")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _leave_out_thorough(config, items)
    if hasattr(config, "workerinput"):
        _order_for_processes(items)


def _leave_out_thorough(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any("faults" in argument for argument in config.args) or "thorough" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _order_for_processes(items: list[pytest.Item]) -> None:
    sizes = Counter(map(_scope, items))
    folders = list(WAITING)

    def place(item: pytest.Item) -> tuple[int, float, str]:
        scope = _scope(item)
        folder = next((each for each in folders if scope.startswith(f"{each}/")), "")
        return (folders.index(folder) + 1, -sizes[scope] * WAITING[folder], scope) if folder else (0, 0.0, "")

    items.sort(key=place)  # stable: those that only calculate stay in their order


def _scope(item: pytest.Item) -> str:
    """What goes to one process, as pytest-xdist's `loadscope` has it: a class, or a file's functions."""
    return item.nodeid.rsplit("::", 1)[0]


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
