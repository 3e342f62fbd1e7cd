"""Which tests are tried again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tests.whole
from tests.whole import MOST, may_try_again

TELEPHONE = "tests/asterisk/test_menu.py::test_a_key"


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        ([TELEPHONE], True),
        ([f"{TELEPHONE}_{number}" for number in range(MOST)], True),
        ([f"{TELEPHONE}_{number}" for number in range(MOST + 1)], False),  # something is broken
        ([TELEPHONE, "tests/unit/test_hours.py::test_a_shift"], False),  # no telephone, no excuse
        ([], False),
    ],
)
def test_only_a_few_with_telephones_are(failed: list[str], again: bool) -> None:
    assert may_try_again(failed) is again


ONCE = """
from pathlib import Path

def test_it():
    been = Path(__file__).with_name("been")
    was_there = been.exists()
    been.touch()
    assert was_there
"""


@pytest.mark.parametrize(
    ("place", "text", "code", "said"),
    [
        ("tests/asterisk", ONCE, 0, "PASSED alone, FAILED in company: tests/asterisk/test_one.py::test_it"),
        ("tests/asterisk", "def test_it():\n    assert False\n", 1, "FAILED, alone as well: tests/asterisk"),
        ("tests/unit", ONCE, 1, "1 failed"),
    ],
)
def test_the_verdict_is_what_happens_alone(tmp_path: Path, place: str, text: str, code: int, said: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "test_one.py").write_text(text, "utf-8")
    command = [sys.executable, tests.whole.__file__, "--numprocesses=0", f"--rootdir={tmp_path}", "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout
    assert said in done.stdout
