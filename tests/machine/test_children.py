"""Children of the launcher: started, brought back, ended in order, never left behind."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest

from switchboard.errors import SetupError
from switchboard.machine.account import Account
from switchboard.machine.children import Child, Children, Program
from switchboard.machine.running import start_of
from tests.machine.conftest import REPOSITORY, as_root
from tests.machine.processes import descendants, running, wait_until


def shell(folder: Path, name: str, script: str, **more: object) -> Program:
    return Program(name, ("/bin/sh", "-c", script), folder, folder / f"{name}.log", **more)  # type: ignore[arg-type]


async def written(file: Path, lines: int) -> list[str]:
    """The file's lines, once there are that many."""
    async with asyncio.timeout(5):
        while not file.exists() or len(file.read_text().splitlines()) < lines:
            await asyncio.sleep(0.01)
    return file.read_text().splitlines()


async def test_a_child_that_ends_is_started_again(folder: Path) -> None:
    pids, changes = folder / "pids", []
    children = Children()
    child = await children.start(
        shell(folder, "child", f"echo $$ >> {pids}; exec sleep 60"), changed=lambda: changes.append(1)
    )
    try:
        (first,) = await written(pids, 1)
        os.kill(int(first), signal.SIGKILL)
        _, second = await written(pids, 2)
        assert child.pid == int(second) != int(first)
    finally:
        await children.stop()
    assert changes == [1]
    assert not running({int(first), int(second)})


async def test_one_that_need_not_start_is_tried_again(folder: Path) -> None:
    async def is_there(_: int) -> bool:
        return (folder / "second").exists()

    children = Children()
    script = f"test -e {folder}/first || {{ touch {folder}/first; exit 1; }}; touch {folder}/second; exec sleep 60"
    child = await children.start(shell(folder, "console", script, ready=is_there), must_start=False)
    try:
        async with asyncio.timeout(5):
            while not (folder / "second").exists():
                await asyncio.sleep(0.01)
        assert child.pid is not None
    finally:
        await children.stop()


async def test_children_are_ended_in_the_reverse_order_of_their_start(folder: Path) -> None:
    order = folder / "order"
    children = Children()
    for name in ("postgres", "asterisk", "controller"):
        script = f"trap 'echo {name} >> {order}; exit' TERM; touch {folder}/{name}; sleep 60 & wait"

        async def ready(_: int, file: Path = folder / name) -> bool:
            return file.exists()

        await children.start(shell(folder, name, script, ready=ready))
    await children.stop()
    assert order.read_text().split() == ["controller", "asterisk", "postgres"]


async def deaf(folder: Path, within: timedelta) -> Child:
    """A child that does not hear SIGTERM."""

    async def ready(_: int) -> bool:
        return (folder / "deaf").exists()

    script = f"trap '' TERM; touch {folder}/deaf; exec sleep 60"
    child = Child(shell(folder, "child", script, ready=ready, stop_within=within))
    await child.start()
    return child


async def test_a_child_that_does_not_end_in_time_is_killed(folder: Path) -> None:
    child = await deaf(folder, timedelta(milliseconds=50))
    await child.stop()
    assert child.pid is None
    assert await child.wait() == -signal.SIGKILL


async def test_a_second_ctrl_c_does_not_wait(folder: Path) -> None:
    child = await deaf(folder, timedelta(seconds=60))
    hurry = asyncio.Event()
    async with asyncio.timeout(5):
        stopping = asyncio.create_task(child.stop(hurry))
        hurry.set()
        await stopping
    assert await child.wait() == -signal.SIGKILL


async def test_a_child_that_fails_at_once_is_told_of_in_its_own_words(folder: Path) -> None:
    async def never(_: int) -> bool:
        return False

    child = Child(shell(folder, "asterisk", "echo no licence for this moon; exit 3", ready=never))
    with pytest.raises(SetupError, match=r"asterisk ended at once: no licence for this moon \(log: .*asterisk.log\)"):
        await child.start()


async def test_a_program_that_is_not_there_is_told_of(folder: Path) -> None:
    async def never(_: int) -> bool:
        return False

    program = Program("asterisk", (str(folder / "absent"),), folder, folder / "log", ready=never)
    with pytest.raises(SetupError, match="absent: No such file or directory"):
        await Child(program).start()


async def test_a_child_that_is_never_ready_is_ended(folder: Path) -> None:
    async def never(_: int) -> bool:
        return False

    program = shell(folder, "asterisk", "exec sleep 60", ready=never, ready_within=timedelta(milliseconds=100))
    child = Child(program)
    with pytest.raises(SetupError, match="asterisk is not ready after 0 s: it printed nothing"):
        await child.start()
    assert child.pid is None


@as_root
async def test_a_child_is_dropped_to_its_account_and_none_of_its_groups(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account("nobody", nobody.pw_uid, nobody.pw_gid)
    child = Child(shell(folder, "child", "id -u; id -G; umask", account=account))
    await child.start()
    assert await child.wait() == 0
    assert (folder / "child.log").read_text().split() == [str(account.uid), str(account.gid), "0077"]


LAUNCHER = """
import asyncio, os, sys
from pathlib import Path
import asyncpg
from switchboard.commands.preparation import make_place
from switchboard.machine.children import Children, Program
from switchboard.machine.postgres_server import PostgresServer
from switchboard.settings import Settings
from tests.postgres_fixture import free_port

async def main():
    folder = Path(sys.argv[1])
    place = make_place(Settings(state=folder / "state"))
    children = Children()
    server = PostgresServer(place.folders, port=free_port(), password="x", account=place.account)
    await children.start(await server.program())
    await server.make_database()
    busy = await asyncpg.connect(server.url)
    endless = asyncio.create_task(busy.fetch("select pg_sleep(60)"))
    deaf = ("/bin/sh", "-c", "trap '' TERM INT QUIT; exec sleep 60")
    await children.start(Program("controller", deaf, folder, folder / "log"))
    print("started", flush=True)
    if sys.argv[2] == "stop":
        await children.stop()
        print("stopped", flush=True)
    await endless

asyncio.run(main())
"""


def has_busy_backend(pids: Collection[int]) -> bool:
    """Whether Postgres shows one of these processes as a backend at a statement."""
    return any("SELECT" in Path(f"/proc/{pid}/cmdline").read_text() for pid in pids)


def test_kill_9_of_the_launcher_leaves_no_process(folder: Path) -> None:
    command = [sys.executable, "-c", LAUNCHER, str(folder), "run"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None and launcher.stdout.readline() == "started\n"
        below = descendants(launcher.pid)
        wait_until(lambda: has_busy_backend(below), within=5)
        launcher.kill()
        launcher.wait()
        wait_until(lambda: not running(below), within=5)


async def test_a_launcher_that_died_while_its_child_started_takes_it_along(folder: Path) -> None:
    """The child asks whose child it is after it has tied its life to it: here, already somebody else's."""
    from switchboard.machine.children import start_command

    command = start_command(("/bin/sleep", "60"), None, signal.SIGKILL)
    command[4] = "1"  # as if process 1 had forked it
    process = await asyncio.create_subprocess_exec(*command)
    assert await asyncio.wait_for(process.wait(), 5) == 1


def test_start_of_tells_a_process_from_none() -> None:
    assert start_of(os.getpid()) > 0
    assert start_of(2**22 + 1) == 0
