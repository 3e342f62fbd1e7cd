"""Rendering: every text that can be said gets its recording, once, before anybody calls.

Planned and driven here, spoken in worker processes (worker.py). A prompt goes to the best voice of its chain; if that
voice refuses, crashes or takes too long, to the next.
"""

from __future__ import annotations

import os
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from switchboard.domain.language import Language
from switchboard.domain.spoken import BEEP, PAUSE, content_key
from switchboard.errors import SetupError
from switchboard.flows.recordings import Recording, Recordings, ids_of
from switchboard.folders import Folders
from switchboard.ports import Utterance
from switchboard.speech.crew import Answer, Job, speak_all
from switchboard.speech.rendered import RATES, Rendered, State, read, state_of
from switchboard.speech.voices import Speaker, Voice, Voices, find_voices

PAUSE_SECONDS = 0.25
BEEP_SECONDS = 0.25
BEEP_FREQUENCY = 1000  # Hz
BEEP_PEAK = 8000  # of 32767
BEEP_FADE = 0.01  # seconds

Progress = Callable[[int, int, str], None]  # prompts done, of how many, what was spoken last


@dataclass(frozen=True, slots=True)
class Prompt:
    """An utterance, who could speak it, and what is there of it."""

    utterance: Utterance
    key: str  # of its files
    ids: tuple[str, ...]
    chain: tuple[Voice, ...]
    recording: Recording | None
    outdated: tuple[Path, ...]  # recordings of it that say another text, hence are not used
    rendered: Rendered | None

    @property
    def content_key(self) -> str:
        """What a recording of the organisation's own may be named, instead of a prompt id."""
        return content_key(self.utterance.text, self.utterance.language)

    @property
    def state(self) -> State:
        return state_of(self.rendered, self.chain)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A voice that could not speak an utterance."""

    utterance: Utterance
    voice: Voice
    reason: str


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a rendering did."""

    total: int  # utterances asked for
    rendered: Mapping[str, int]  # Speaker -> how many it spoke now
    refusals: Sequence[Refusal]
    kept: Sequence[Utterance]  # nobody could speak them anew: what was there remains
    seconds: float


@dataclass(slots=True)
class _Work:
    rendered: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    unspoken: list[Prompt] = field(default_factory=list)


def survey(
    utterances: Iterable[Utterance],
    folders: Folders,
    prompts_folder: Path,
    *,
    texts: Mapping[str, Mapping[Language, str]] | None = None,
    voices: Voices | None = None,
) -> list[Prompt]:
    """Each utterance with its chain of voices and what is rendered; sorted by language and text.

    `texts`, of the Organisation, says which prompt ids an utterance has: recordings are found by them. `voices` are
    this machine's unless given. Raises ConfigurationError where the recordings' manifest is wrong.
    """
    voices = voices or find_voices()
    recordings = Recordings(prompts_folder)
    ids = ids_of(texts or {})
    found = []
    for utterance in sorted(set(utterances), key=lambda each: (each.language, each.text)):
        names = ids.get(utterance, ())
        recording = recordings.of(utterance, names)
        key = content_key(utterance.text, utterance.language, recording.fingerprint if recording else "")
        own = (Voice(Speaker.RECORDING, recording.fingerprint),) if recording else ()
        found.append(
            Prompt(
                utterance=utterance,
                key=key,
                ids=names,
                chain=(*own, *voices.speaking(utterance.language)),
                recording=recording,
                outdated=recordings.outdated(utterance, names),
                rendered=read(folders.prompts, key),
            )
        )
    return found


def render_missing(
    utterances: Iterable[Utterance],
    folders: Folders,
    prompts_folder: Path,
    progress: Progress | None = None,
    *,
    texts: Mapping[str, Mapping[Language, str]] | None = None,
    voices: Voices | None = None,
    force: bool = False,
) -> RenderReport:
    """Render what is missing or stale (with `force`, everything) into `folders.prompts`.

    Blocks: a second for espeak-ng's languages, about 0.05 s for each second of English on two cores. Arguments as
    for `survey`. Raises SetupError if the folder can't be written, or if somebody can't be spoken to at all.
    """
    started = time.monotonic()
    _prepare(folders.prompts)
    prompts = survey(utterances, folders, prompts_folder, texts=texts, voices=voices)
    work = _Work()
    wanted = [prompt for prompt in prompts if force or prompt.state is not State.FRESH]
    _render(wanted, folders.prompts, work, progress or (lambda _done, _total, _what: None))
    dumb = [prompt for prompt in work.unspoken if prompt.rendered is None]
    if dumb:
        raise SetupError(_nobody_speaks(dumb, work.refusals))
    return RenderReport(
        total=len(prompts),
        rendered=work.rendered,
        refusals=work.refusals,
        kept=[prompt.utterance for prompt in work.unspoken],
        seconds=time.monotonic() - started,
    )


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, rate in RATES.items():
            for name, samples in ((PAUSE, _silence(rate)), (BEEP, _beep(rate))):
                file = folder / f"{name}.{ending}"
                if not file.exists():
                    _write_sound(file, rate, samples)
    except OSError as error:
        raise SetupError(f"cannot write prompts to {folder}: {error.strerror}") from error


def _silence(rate: int) -> NDArray[np.int16]:
    return np.zeros(round(PAUSE_SECONDS * rate), np.int16)


def _beep(rate: int) -> NDArray[np.int16]:
    at = np.arange(round(BEEP_SECONDS * rate)) / rate
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / BEEP_FADE)  # without it, it clicks
    return (BEEP_PEAK * fade * np.sin(2 * np.pi * BEEP_FREQUENCY * at)).astype(np.int16)


def _write_sound(file: Path, rate: int, samples: NDArray[np.int16]) -> None:
    half = file.with_name(f".{file.name}.{os.getpid()}")
    with wave.open(str(half), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.astype("<i2").tobytes())
    half.chmod(0o644)
    half.replace(file)


def _render(wanted: Sequence[Prompt], folder: Path, work: _Work, progress: Progress) -> None:
    """In rounds: each prompt at the next voice of its chain, until spoken or the chain ends."""
    done = 0

    def on_answer(answer: Answer) -> None:
        nonlocal done
        if answer.problem is None:
            done += 1
            progress(done, len(wanted), answer.job.utterance.text)

    prompts = {prompt.key: prompt for prompt in wanted}
    chains = {prompt.key: list(prompt.chain) for prompt in wanted}
    refused: dict[str, tuple[str, ...]] = {}
    pending = list(prompts)
    while pending:
        jobs = [_job(prompts[key], chains[key].pop(0), refused.get(key, ()), folder) for key in pending if chains[key]]
        work.unspoken += [prompts[key] for key in set(pending) - {job.key for job in jobs}]
        pending = []
        for answer in speak_all(jobs, on_answer):
            job = answer.job
            if answer.problem is None:
                work.rendered[job.voice.speaker] += 1
                continue
            work.refusals.append(Refusal(job.utterance, job.voice, answer.problem))
            pending.append(job.key)
            if answer.lasting:
                refused[job.key] = (*job.refused, job.voice.name)


def _job(prompt: Prompt, voice: Voice, refused: tuple[str, ...], folder: Path) -> Job:
    own = prompt.recording if voice.speaker is Speaker.RECORDING else None
    return Job(prompt.utterance, prompt.key, folder, voice, own.file if own else None, refused)


def _nobody_speaks(dumb: Sequence[Prompt], refusals: Sequence[Refusal]) -> str:
    utterance = dumb[0].utterance
    reasons = [f"{each.voice.speaker}: {each.reason}" for each in refusals if each.utterance == utterance]
    more = f" (and {len(dumb) - 1} more texts)" if len(dumb) > 1 else ""
    return (
        f"no voice can speak {_short(utterance.text)!r} in language {utterance.language!r}{more}: "
        f"{'; '.join(reasons) or 'no voice is installed'}. Record it as prompts/recordings/{utterance.language}/"
        f"{(dumb[0].ids or (dumb[0].content_key,))[0]}.wav, change the text, or install piper-tts or espeak-ng"
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
