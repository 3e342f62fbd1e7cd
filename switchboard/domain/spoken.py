"""What is said, and the name of its recording.

A recording is found by content: change a word and it is another recording, say the same sentence in two flows and it
is one. So a changed text can never be heard in its old wording. Where the organisation recorded a text itself, that
recording's content counts too: a call goes on hearing the one it began with.
"""

from __future__ import annotations

import hashlib

from switchboard.domain.language import Language

PAUSE = "pause"  # the name of a recording of silence, 0.25 s, to be played between sentences
BEEP = "beep"  # the name of a recording of a tone, 0.25 s at 1000 Hz: after it the caller is recorded
KEY_LENGTH = 20  # hex digits; 80 bits, far beyond chance for any number of prompts


def content_key(text: str, language: Language, recording: str = "") -> str:
    """The recording's name, without folder and ending: 20 hex digits of SHA-256 over language, text, and the
    fingerprint of the organisation's own recording of it, if there is one.
    """
    said = f"{language}\n{text}" + (f"\0{recording}" if recording else "")
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_LENGTH]
