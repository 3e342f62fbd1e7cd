"""A process that speaks: one JSON job a line on standard input, one JSON answer a line on standard output.

    python -m switchboard.speech.worker recording
    python -m switchboard.speech.worker piper
    python -m switchboard.speech.worker espeak-ng library FOLDER
    python -m switchboard.speech.worker espeak-ng program COMMAND…

Synthesisers are large C programs fed with anybody's text: here they can crash, leak and take their time without
harm to calls. It ends when its input ends, so it never outlives who started it.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from switchboard.speech.rendered import PROCESSING, RATES
from switchboard.speech.sound import NotSound, Sound, active_level, peak_level, prompt_of
from switchboard.speech.voices import Speaker
from switchboard.speech.wav_file import read_wav, write_wav

Job = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Work until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a C library prints must not look like an answer
    try:
        speak = _speaker(arguments)
    except (ImportError, OSError, ValueError) as error:
        broken = f"it does not start: {error}"
        speak = None
    for line in sys.stdin.buffer:
        job = json.loads(line)
        answer = _answer(job, speak) if speak else {"key": job["key"], "refused": broken, "lasting": False}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _speaker(arguments: list[str]) -> Callable[[Job], Sound]:
    match arguments:
        case [Speaker.RECORDING]:
            return lambda job: read_wav(Path(job["recording"]))
        case [Speaker.PIPER]:
            from switchboard.speech.piper_voice import Piper

            return _saying(Piper().say)
        case [Speaker.ESPEAK_NG, "library", folder]:
            from switchboard.speech.espeak_voice import EspeakLibrary

            return _saying(EspeakLibrary(Path(folder)).say)
        case [Speaker.ESPEAK_NG, "program", *command]:
            from switchboard.speech.espeak_voice import EspeakProgram

            return _saying(EspeakProgram(command).say)
    raise ValueError(f"no such voice: {arguments}")


def _saying(say: Callable[[str, str], Sound]) -> Callable[[Job], Sound]:
    return lambda job: say(sayable(job["text"]), job["language"])


def sayable(text: str) -> str:
    """The text as a synthesiser may have it: no control characters, nothing piper takes for phonemes ([[…]]).

    Raises NotSound if nothing speakable remains.
    """
    clean = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    clean = " ".join(clean.replace("[[", "[ [").split())
    if not any(sign.isalnum() for sign in clean):
        raise NotSound("no letter and no digit in it")
    return clean


def _answer(job: Job, speak: Callable[[Job], Sound]) -> Job:
    folder, key = Path(job["folder"]), job["key"]
    try:
        sound = speak(job)
        prompts = {ending: prompt_of(sound, rate) for ending, rate in RATES.items()}
        # Who spoke it is forgotten while the two files change, else the old note would vouch for new sound.
        (folder / f"{key}.json").unlink(missing_ok=True)
        sizes = {ending: write_wav(prompt, folder / f"{key}.{ending}") for ending, prompt in prompts.items()}
        narrow = prompts["wav"]
        note = {
            "text": job["text"],
            "language": job["language"],
            "by": job["by"],
            "version": job["version"],
            "seconds": round(narrow.seconds, 3),
            "level": round(active_level(narrow.samples, narrow.rate), 1),
            "peak": round(peak_level(narrow.samples), 1),
            "refused": job["refused"],
            "processing": PROCESSING,
            "sizes": sizes,
        }
        _write(folder / f"{key}.json", json.dumps(note, indent=1).encode())
    except NotSound as error:
        return {"key": key, "refused": str(error)}
    except OSError as error:
        return {"key": key, "failed": f"cannot write {folder}: {error.strerror}"}
    return {"key": key}


def _write(path: Path, data: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(data)
    half.chmod(0o644)
    half.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
