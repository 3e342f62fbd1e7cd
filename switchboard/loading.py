"""A version read and made ready in a process of its own, so that calls do not notice.

Reading YAML, templates and the heads of recordings is Python's work and would hold the interpreter's lock: in a thread
it delayed the calls' event loop by 17 ms (99th percentile; 24 ms at worst), in a process by 3 ms, of which nearly all
is taking over the result. The process gives way to everything else (nice).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from switchboard import logs
from switchboard.asterisk.prompt_store import PromptStore
from switchboard.asterisk.reloading import running_program
from switchboard.asterisk.rendering import render
from switchboard.errors import ConfigurationError, SwitchboardError
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.flows.versions import load_version
from switchboard.folders import Folders
from switchboard.machine.secrets import make_secrets
from switchboard.settings import Settings

WITHIN = 30.0  # seconds; the example organisation takes half of one, most of it to start the process
KEPT_IDLE = 30.0  # seconds the process is kept for the next
_START = "import os; os.nice(10); from switchboard.loading import main; main()"
_LENGTH = struct.Struct("!Q")  # before each question and each answer: its length in bytes
_NAMED = 3  # how many missing prompts a refusal names


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be loaded: a kept version, or, without a name, the folders that the settings name."""

    version: str | None
    settings: Settings
    folders: Folders
    with_asterisk: bool  # to go live: Asterisk's configuration is rendered, too, and every prompt must be spoken


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version ready to serve."""

    configuration: Configuration
    prompts: PromptStore
    asterisk: Mapping[str, str]  # Asterisk's files, if they were wanted


class Loader:
    """The process that loads; started when it is needed, ended when it has not been for a while."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._busy = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def load(self, wanted: Wanted) -> Loaded:
        """Load it there. Raises ConfigurationError, in words that stand alone, if it can't be served."""
        async with self._busy:
            if self._idle is not None:
                self._idle.cancel()
            answer = await self._answer(wanted)
            self._idle = asyncio.get_running_loop().call_later(KEPT_IDLE, self._end)
        with _without_collection():
            result = pickle.loads(answer)  # noqa: S301 (our own process wrote it)
        if isinstance(result, str):
            raise ConfigurationError(result.splitlines())
        assert isinstance(result, Loaded)
        return result

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        self._end()
        if process is not None:
            await process.wait()

    async def _answer(self, wanted: Wanted) -> bytes:
        is_answered = False
        try:
            async with asyncio.timeout(WITHIN):
                answer = await self._ask(pickle.dumps(wanted))
            is_answered = True
            return answer
        except TimeoutError:
            raise ConfigurationError([f"version {wanted.version}: was not loaded within {WITHIN:g} s"]) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ConfigurationError(
                [f"version {wanted.version}: loading it failed; the controller's log says why"]
            ) from None
        finally:
            if not is_answered:
                self._end()  # what it may still say is no answer to the next question

    async def _ask(self, question: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _START, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        writer.write(_LENGTH.pack(len(question)) + question)
        await writer.drain()
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def load_here(wanted: Wanted, configuration: Configuration | None = None) -> Loaded:
    """Load it (unless that is done) in this process. Raises ConfigurationError, or SetupError or AsteriskError."""
    if configuration is None and wanted.version is not None:
        configuration = load_version(wanted.folders.versions, wanted.version)
    elif configuration is None:
        configuration = load_configuration(wanted.settings.ivr, wanted.settings.prompts)
    files: Mapping[str, str] = {}
    if wanted.with_asterisk:
        secrets = make_secrets(wanted.folders.secrets, configuration.organisation.phones)
        program = running_program(wanted.folders)
        files = render(configuration, wanted.settings, wanted.folders, secrets, program)
    prompts = PromptStore(wanted.folders.prompts, configuration.utterances, configuration.organisation.recorded)
    return Loaded(replace(configuration, lines={}), prompts, files)  # lines are for problems, and there were none


def main() -> None:
    """The process: reads what is wanted, writes what came of it, or a problem, until standard input ends."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is written is no part of the answer
    while length := sys.stdin.buffer.read(_LENGTH.size):
        wanted: Wanted = pickle.loads(sys.stdin.buffer.read(*_LENGTH.unpack(length)))  # noqa: S301 (our own wrote it)
        logs.configure(wanted.settings)
        answer = pickle.dumps(_outcome(wanted), pickle.HIGHEST_PROTOCOL)
        output.write(_LENGTH.pack(len(answer)) + answer)
        output.flush()


def _outcome(wanted: Wanted) -> Loaded | str:
    try:
        loaded = load_here(wanted)
    except SwitchboardError as error:
        return str(error)
    # A call that goes on in a version of before is better served with a gap than not at all.
    return (_unspoken(loaded.prompts) if wanted.with_asterisk else "") or loaded


def _unspoken(prompts: PromptStore) -> str:
    missing = sorted(prompts.unreadable, key=lambda each: (each.language, each.text))
    if not missing:
        return ""
    named = ", ".join(f"“{each.text[:60]}” ({each.language})" for each in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"not spoken yet: {named}{more}; `switchboard prompts render` speaks what is missing"


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Many objects made at once are no garbage: looking through them would only take time from calls."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
