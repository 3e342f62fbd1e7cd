"""Worker processes and what they are given to speak."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchboard.errors import SetupError
from switchboard.ports import Utterance
from switchboard.speech.voices import Speaker, Voice

START_SECONDS = 30.0  # loading a model on a busy machine
JOB_SECONDS = 10.0  # and for each character more:
SECONDS_PER_CHARACTER = 0.05  # ten times what piper takes on one slow core
JOBS_WORTH_A_WORKER = 6  # fewer don't pay for loading the model once more
MOST_WORKERS = 4
DEATHS_IN_A_ROW = 3  # then the voice is broken, not the text


@dataclass(frozen=True, slots=True)
class Job:
    """An utterance to be spoken by one voice."""

    utterance: Utterance
    key: str
    folder: Path
    voice: Voice
    recording: Path | None  # for the voice RECORDING
    refused: tuple[str, ...]  # better voices that refused it, to be noted

    def line(self) -> bytes:
        """As the worker reads it."""
        job = {
            "key": self.key,
            "text": self.utterance.text,
            "language": self.utterance.language,
            "folder": str(self.folder),
            "by": self.voice.speaker,
            "version": self.voice.version,
            "recording": str(self.recording),
            "refused": self.refused,
        }
        return json.dumps(job).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job."""

    job: Job
    problem: str | None = None  # None: spoken
    lasting: bool = True  # the voice cannot speak this text; else it crashed or was too slow, and may try again


class _Lost(Exception):
    """The worker died or is stuck."""


def speak_all(jobs: Sequence[Job], on_answer: Callable[[Answer], None]) -> list[Answer]:
    """Have all jobs done, each by its voice, all voices at once. Raises SetupError if nothing can be written.

    `on_answer` is called from several threads, one at a time. All workers have ended on return, however it returns.
    """
    by_voice: dict[Voice, list[Job]] = defaultdict(list)
    for job in jobs:
        # All recordings are one crew's work, though each file is a voice of its own.
        by_voice[Voice(Speaker.RECORDING, "") if job.recording else job.voice].append(job)
    crews = [_Crew(voice, its, on_answer) for voice, its in by_voice.items()]
    if not crews:
        return []
    with ThreadPoolExecutor(sum(crew.size for crew in crews)) as threads:
        futures = [threads.submit(crew.work) for crew in crews for _ in range(crew.size)]
        try:
            return [answer for future in futures for answer in future.result()]
        except BaseException:
            for crew in crews:
                crew.stop()
            raise


class _Crew:
    """The workers of one voice and their common queue. Each of its threads drives one worker."""

    _reporting = threading.Lock()

    def __init__(self, voice: Voice, jobs: Sequence[Job], on_answer: Callable[[Answer], None]) -> None:
        self._voice = voice
        self._on_answer = on_answer
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in sorted(jobs, key=lambda job: -len(job.utterance.text)):  # the longest first: they end together
            self._jobs.put(job)
        several = min(len(os.sched_getaffinity(0)), MOST_WORKERS, -(-len(jobs) // JOBS_WORTH_A_WORKER))
        self.size = several if voice.speaker is Speaker.PIPER else 1
        self._stopped = threading.Event()
        self._workers: set[_Worker] = set()

    def work(self) -> list[Answer]:
        """Drive one worker until no job is left."""
        answers: list[Answer] = []
        worker: _Worker | None = None
        deaths = 0
        try:
            while not self._stopped.is_set():
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                try:
                    if deaths >= DEATHS_IN_A_ROW:
                        raise _Lost("the voice does not work")
                    worker = worker or self._hire()
                    answer = _understand(job, worker.ask(job))
                    deaths = 0
                except _Lost as lost:
                    answer = Answer(job, str(lost), lasting=False)
                    deaths += 1
                    if worker:
                        worker.end()
                    worker = None
                answers.append(answer)
                with self._reporting:
                    self._on_answer(answer)
        finally:
            if worker:
                worker.end()
        return answers

    def _hire(self) -> _Worker:
        worker = _Worker(self._voice)
        self._workers.add(worker)
        return worker

    def stop(self) -> None:
        """Break off."""
        self._stopped.set()
        for worker in list(self._workers):
            worker.end()


def _understand(job: Job, answer: dict[str, Any]) -> Answer:
    if "failed" in answer:
        raise SetupError(answer["failed"])
    return Answer(job, answer.get("refused"), answer.get("lasting", True))


class _Worker:
    """One process of worker.py."""

    def __init__(self, voice: Voice) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "switchboard.speech.worker", voice.speaker, *voice.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            process_group=0,  # so that it ends together with a program it started
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._allowance = START_SECONDS  # spent once, on the first job

    def ask(self, job: Job) -> dict[str, Any]:
        """Have one job done. Raises _Lost."""
        process = self._process
        assert process.stdin and process.stdout
        deadline = time.monotonic() + self._allowance + JOB_SECONDS + SECONDS_PER_CHARACTER * len(job.utterance.text)
        self._allowance = 0
        line = b""
        try:
            process.stdin.write(job.line())
            while not line.endswith(b"\n"):
                if not select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                    raise _Lost("took too long")
                part = process.stdout.read(65536)
                if not part:
                    raise _Lost(f"its process ended with status {process.wait(5)}")
                line += part
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise _Lost(f"its process is gone: {error}") from error
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Kill it, if it still lives, and wait until it is gone."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
