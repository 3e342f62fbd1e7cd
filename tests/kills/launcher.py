"""`switchboard up` that starts again at once what ended, however often that was: `python -m tests.kills.launcher`.

The real one pauses ever longer, to ten seconds, while a program does not last. Who kills every few seconds, and means
it, would wait for nothing else.
"""

from __future__ import annotations

from switchboard.__main__ import main
from switchboard.machine import children

if __name__ == "__main__":
    children.LONGEST_PAUSE = children.FIRST_PAUSE
    main()
