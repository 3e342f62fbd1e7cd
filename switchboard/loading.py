"""A version read and made ready in a process of its own, so that calls do not notice.

Reading YAML, templates and the heads of recordings is Python's work and would hold the interpreter's lock: in a thread
it delayed the calls' event loop by 17 ms (99th percentile; 24 ms at worst), as a process by 3 ms, of which nearly all
is taking over the result. The process is started for each version and gives way to everything else (nice).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
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

WITHIN = 30.0  # seconds; the example organisation takes half of one, most of it to start Python
_START = "import os; os.nice(10); from switchboard.loading import main; main()"
_NAMED = 3  # how many missing prompts a refusal names


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be loaded: a kept version, or, without a name, the folders that the settings name."""

    version: str | None
    settings: Settings
    folders: Folders
    with_asterisk: bool  # whether Asterisk's configuration is rendered, too


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version ready to serve."""

    configuration: Configuration
    prompts: PromptStore
    asterisk: Mapping[str, str]  # Asterisk's files, if they were wanted


async def load_aside(wanted: Wanted) -> Loaded:
    """Load it in another process. Raises ConfigurationError, in words that stand alone, if it can't be served."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _START, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(WITHIN):
            answer, _ = await process.communicate(pickle.dumps(wanted))
    except TimeoutError:
        raise ConfigurationError([f"version {wanted.version}: was not loaded within {WITHIN:g} s"]) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise ConfigurationError([f"version {wanted.version}: loading it failed; the controller's log says why"])
    with _without_collection():
        result = pickle.loads(answer)  # noqa: S301 (our own process wrote it)
    if isinstance(result, str):
        raise ConfigurationError(result.splitlines())
    assert isinstance(result, Loaded)
    return result


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
    prompts = PromptStore(wanted.folders.prompts, configuration.utterances)
    return Loaded(replace(configuration, lines={}), prompts, files)  # lines are for problems, and there were none


def main() -> None:
    """The process: reads what is wanted from standard input, writes what came of it, or a problem, to the output."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is written is no part of the answer
    wanted: Wanted = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own process wrote it)
    logs.configure(wanted.settings)
    answer: Loaded | str
    try:
        answer = load_here(wanted)
        if unspoken := _unspoken(answer.prompts):
            answer = unspoken
    except SwitchboardError as error:
        answer = str(error)
    with output:
        pickle.dump(answer, output, pickle.HIGHEST_PROTOCOL)


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
