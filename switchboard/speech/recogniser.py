"""Writes down what is said in a recording: in a process of its own, limited in time and threads, behind all else.

A process a recording: its memory is free afterwards, and whatever becomes of it, calls do not notice. Nothing is
fetched: the model lies in a folder that the setting `transcription_model` names.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from switchboard.domain.transcript import Transcript

PROGRAM = (sys.executable, "-m", "switchboard.speech.recognition")
LIBRARY = "faster_whisper"
KILLED_AFTER = 5.0  # seconds after the program should have ended by itself


class ProcessRecogniser:
    """Implements ports.Recogniser with `program`, which reads a WAV file and writes JSON: `text`, `confidence`."""

    def __init__(self, model: Path, threads: int, *, program: Sequence[str] = PROGRAM) -> None:
        self._model, self._threads, self._program = model, threads, program

    async def written_down(self, wav: bytes, language: str, seconds: float) -> Transcript | str:
        """See ports.Recogniser."""
        arguments = (str(self._model), language, str(self._threads), str(seconds))
        offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(self._threads)}
        process = await asyncio.create_subprocess_exec(
            *self._program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **offline},
        )
        try:
            async with asyncio.timeout(seconds + KILLED_AFTER):
                told, problems = await process.communicate(wav)
        except TimeoutError:
            return f"not done within {seconds:g} s"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            last = problems.decode("utf-8", "replace").strip().splitlines()[-1:]
            return f"the recogniser ended with status {process.returncode}: {''.join(last)[:300]}"
        return _transcript(told)


def is_installed() -> bool:
    """Is the extra `transcription` there?"""
    return importlib.util.find_spec(LIBRARY) is not None


def _transcript(told: bytes) -> Transcript | str:
    try:
        found = orjson.loads(told)
        return Transcript(str(found["text"]).strip(), min(1.0, max(0.0, float(found["confidence"]))))
    except (ValueError, KeyError, TypeError) as error:
        return f"the recogniser's answer is not understood: {error!r}"
