"""espeak-ng: a hundred languages, robotic, a few milliseconds a sentence.

It comes as a library inside the piper-tts package, which uses it for phonemes and exports its C interface
(espeak-ng's speak_lib.h) whole; so nothing need be installed. A program `espeak-ng` is the other way in.
"""

from __future__ import annotations

import ctypes
import io
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from switchboard.speech.sound import NotSound, Sound

WORDS_PER_MINUTE = 150  # its default, 175, is fast for a telephone
VOICES = {"en": "en-us"}  # for the others the language is the voice's name

AUDIO_OUTPUT_SYNCHRONOUS = 2
DO_NOT_EXIT = 0x8000
CHARS_UTF8 = 1  # without flags for SSML or [[phonemes]]: the text is only text
RATE_PARAMETER = 1
POSITION_IS_CHARACTER = 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakLibrary:
    """espeak-ng in this process. One of it only: the library keeps global state."""

    def __init__(self, package: Path) -> None:
        """`package` is the folder of the piper package. Raises NotSound if it holds no espeak-ng."""
        try:
            self._library = ctypes.CDLL(str(next(package.glob("espeakbridge*.so"))))
            self._rate = self._library.espeak_Initialize(
                AUDIO_OUTPUT_SYNCHRONOUS, 0, str(package).encode(), DO_NOT_EXIT
            )
        except (StopIteration, OSError, AttributeError) as error:
            raise NotSound(f"piper-tts brings no usable espeak-ng: {error!r}") from error
        if self._rate <= 0:
            raise NotSound("espeak-ng finds no data in piper-tts")
        self._pcm = bytearray()
        self._callback = _Callback(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        return 0

    def say(self, text: str, language: str) -> Sound:
        """Speak the text. Raises NotSound where it has no such voice."""
        self._pcm.clear()
        if self._library.espeak_SetVoiceByName(VOICES.get(language, language).encode()):
            raise NotSound(f"espeak-ng has no voice for {language!r}")
        self._library.espeak_SetParameter(RATE_PARAMETER, WORDS_PER_MINUTE, 0)
        data = text.encode() + b"\0"
        if self._library.espeak_Synth(data, len(data), 0, POSITION_IS_CHARACTER, 0, CHARS_UTF8, None, None):
            raise NotSound("espeak-ng refuses the text")
        return Sound(np.frombuffer(bytes(self._pcm), "<i2").astype(np.float64) / 32768, self._rate)


class EspeakProgram:
    """espeak-ng as a program, started once for each text."""

    def __init__(self, command: Sequence[str]) -> None:
        """`command` starts it: its path, or a loader with its options and the path."""
        self._command = tuple(command)

    def say(self, text: str, language: str) -> Sound:
        """Speak the text, given on standard input so that it can't be an option. Raises NotSound."""
        voice = VOICES.get(language, language)
        if not voice.replace("-", "").isalnum():
            raise NotSound(f"espeak-ng has no voice for {language!r}")
        command = [*self._command, "-b", "1", "-s", str(WORDS_PER_MINUTE), "-v", voice, "--stdin", "--stdout"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=True)
        except subprocess.CalledProcessError as error:
            raise NotSound(f"espeak-ng: {error.stderr.decode(errors='replace').strip() or error}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotSound(f"espeak-ng: {error}") from error
        # Writing to a pipe it can't know the length, so the header's is nonsense; the samples follow its 44 bytes.
        try:
            with wave.open(io.BytesIO(done.stdout)) as file:
                rate = file.getframerate()
        except (wave.Error, EOFError) as error:
            raise NotSound(f"espeak-ng: no sound: {error}") from error
        data = done.stdout[44 : 44 + (len(done.stdout) - 44) // 2 * 2]
        return Sound(np.frombuffer(data, "<i2").astype(np.float64) / 32768, rate)
