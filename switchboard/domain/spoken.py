"""What is said, and the name of its recording.

A recording is found by content: change a word and it is another recording, say the same sentence in two flows and it
is one. So a changed text can never be heard in its old wording.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from switchboard.domain.language import Language

PAUSE = "pause"  # the name of a recording of silence, 0.25 s, to be played between sentences
KEY_LENGTH = 20  # hex digits; 80 bits, far beyond chance for any number of prompts


def content_key(text: str, language: Language) -> str:
    """The recording's name, without folder and ending: 20 hex digits of SHA-256 over language and text."""
    return hashlib.sha256(f"{language}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:KEY_LENGTH]


@lru_cache(maxsize=4096)
def media_of(text: str, language: Language, folder: str) -> str:
    """What Asterisk is told to play: `sound:<folder>/<key>`; Asterisk picks the file of the channel's sample rate.

    On the path of every call, hence remembered. `folder` is absolute and says nothing about whether a file is there.
    """
    return f"sound:{folder}/{content_key(text, language)}"


def pause_in(folder: str) -> str:
    """What Asterisk is told to play between two utterances: they are rendered without silence at their ends."""
    return f"sound:{folder}/{PAUSE}"
