"""Speaks what the test organisation says, before its stories run side by side: `python -m tests.speak`.

Otherwise each process would speak for a minute of its own, and nobody else's audio would come in time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from switchboard.flows.load import load_configuration
from tests.asterisk.office import IVR, prompts_with_a_recording, speak

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        prompts = prompts_with_a_recording(Path(folder))
        speak(load_configuration(IVR, prompts), prompts)
