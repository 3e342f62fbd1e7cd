"""The whole of the tests: `python -m tests.whole`.

Four processes share two processors, so that waiting for real ringing and real silence costs little. But a telephone
needs a processor whenever the next 20 ms of sound are due, and in such company it does not always get one. So a test
with telephones that fails in company is tried once more, alone, and that is its verdict. It is named at the end all the
same: there is something in it, or in us, that has too little patience. Any other test that fails has failed, and if
many telephones fail, something is broken.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

SIDE_BY_SIDE = ("--numprocesses", "4", "--dist", "loadscope", "--no-loadscope-reorder")
WITH_TELEPHONES = ("tests/asterisk/", "tests/contract/", "tests/dialplan/", "tests/faults/", "tests/machine/")
MOST = 5  # tests that may be tried again
SOME_FAILED = 1  # pytest's exit code


def may_try_again(failed: Collection[str]) -> bool:
    """Whether the tests with these node ids failed perhaps for want of a processor."""
    return 0 < len(failed) <= MOST and all(each.startswith(WITH_TELEPHONES) for each in failed)


def _pytest(cache: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and which tests failed."""
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]
    code = subprocess.run(command, check=False).returncode
    failed = cache / "v" / "cache" / "lastfailed"
    return code, sorted(json.loads(failed.read_text("utf-8"))) if failed.exists() else []


def _run() -> int:
    with tempfile.TemporaryDirectory() as folder:
        code, failed = _pytest(Path(folder) / "together", *SIDE_BY_SIDE, *sys.argv[1:])
        if code != SOME_FAILED or not may_try_again(failed):
            return code
        print(f"\nTried again alone, for they failed in company: {', '.join(failed)}", flush=True)
        code, still = _pytest(Path(folder) / "alone", "--numprocesses", "0", *failed)
        for each in failed:
            print(f"{'FAILED, alone as well' if each in still else 'PASSED alone, FAILED in company'}: {each}")
        return code


if __name__ == "__main__":
    sys.exit(_run())
