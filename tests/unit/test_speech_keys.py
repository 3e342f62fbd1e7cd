"""How recordings are named."""

from __future__ import annotations

import hashlib

import pytest

from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.spoken import PAUSE, content_key


def test_key_is_the_start_of_sha256_over_language_and_text() -> None:
    assert content_key("Hello.", ENGLISH) == hashlib.sha256(b"en\nHello.").hexdigest()[:20]


def test_same_text_in_another_language_is_another_recording() -> None:
    assert content_key("Halo", Language("sq")) != content_key("Halo", Language("sv"))


def test_any_change_of_text_is_another_recording() -> None:
    assert len({content_key(text, ENGLISH) for text in ("Hello.", "Hello", "hello.", " Hello.")}) == 4


def test_another_recording_of_the_same_text_has_another_name() -> None:
    assert len({content_key("Hello.", ENGLISH, recording) for recording in ("", "0123456789ab", "ba9876543210")}) == 3


@pytest.mark.parametrize("text", ["--help", "../../etc/passwd", "a\x00b", "\ud800", "", "x" * 10_000, "Tere õhtust"])
def test_key_of_any_text_is_a_harmless_file_name(text: str) -> None:
    key = content_key(text, ENGLISH)
    assert len(key) == 20
    assert set(key) <= set("0123456789abcdef")


def test_no_text_can_be_mistaken_for_the_pause() -> None:
    assert not set(PAUSE) <= set("0123456789abcdef")
