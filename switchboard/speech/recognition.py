"""The program that recognises: `python -m switchboard.speech.recognition MODEL LANGUAGE THREADS SECONDS < WAV`.

Its answer is JSON: `{"text": …, "confidence": 0 to 1}`. It ends by itself after SECONDS, whoever started it.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import sys

NICE = 19  # calls come first


def main() -> None:
    """Recognise what comes on standard input."""
    model_folder, language, threads, seconds = sys.argv[1:]
    signal.alarm(max(1, math.ceil(float(seconds))))
    os.nice(NICE)
    from faster_whisper import WhisperModel

    model = WhisperModel(model_folder, device="cpu", compute_type="int8", cpu_threads=int(threads), num_workers=1)
    found, _ = model.transcribe(
        io.BytesIO(sys.stdin.buffer.read()),
        language=language or None,
        beam_size=1,
        condition_on_previous_text=False,  # else a mistake is said again and again
        vad_filter=False,
    )
    segments = list(found)
    said = sum(each.end - each.start for each in segments)
    likely = sum(each.avg_logprob * (each.end - each.start) for each in segments) / said if said > 0 else -math.inf
    text = " ".join(each.text.strip() for each in segments)
    sys.stdout.write(json.dumps({"text": text, "confidence": math.exp(min(0.0, likely))}))


if __name__ == "__main__":
    main()
