"""Who speaks what: own recordings, staleness, what a synthesiser may be given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from switchboard.domain.language import ENGLISH, Language
from switchboard.domain.spoken import content_key
from switchboard.errors import ConfigurationError
from switchboard.flows.recordings import Recordings, accept, ids_of
from switchboard.ports import Utterance
from switchboard.speech.rendered import PROCESSING, RATES, Rendered, State, read, state_of
from switchboard.speech.sound import NotSound
from switchboard.speech.voices import Speaker, Voice, Voices
from switchboard.speech.worker import sayable

RECORDING = Voice(Speaker.RECORDING, "0123456789ab")
PIPER = Voice(Speaker.PIPER, "1.8.0, joe 1.0.0")
ESPEAK = Voice(Speaker.ESPEAK_NG, "of piper-tts 1.8.0")
HELLO = Utterance("Hello.", ENGLISH)


def rendered(voice: Voice, *, refused: tuple[str, ...] = (), processing: int = PROCESSING) -> Rendered:
    return Rendered(voice.speaker, voice.version, 1.0, -20.0, -3.0, refused, processing, {})


def recorded(prompts: Path, name: str, language: str = "en") -> Path:
    file = prompts / "recordings" / language / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"sound")
    return file


@pytest.mark.parametrize(
    ("what", "chain", "state"),
    [
        (None, (PIPER, ESPEAK), State.MISSING),
        (rendered(PIPER), (PIPER, ESPEAK), State.FRESH),
        (rendered(PIPER), (RECORDING, PIPER, ESPEAK), State.STALE),  # a recording appeared
        (rendered(RECORDING), (PIPER, ESPEAK), State.STALE),  # it was taken away
        (rendered(RECORDING), (Voice(Speaker.RECORDING, "other"), PIPER), State.STALE),  # it was recorded anew
        (rendered(PIPER), (Voice(Speaker.PIPER, "1.9.0, joe 1.0.0"), ESPEAK), State.STALE),  # a newer voice
        (rendered(ESPEAK), (PIPER, ESPEAK), State.STALE),  # a better voice appeared
        (rendered(ESPEAK, refused=(PIPER.name,)), (PIPER, ESPEAK), State.FRESH),  # the better one can't
        (rendered(PIPER, processing=PROCESSING - 1), (PIPER,), State.STALE),
        (rendered(PIPER), (), State.FRESH),  # no voice left here: what is there remains
    ],
)
def test_state(what: Rendered | None, chain: tuple[Voice, ...], state: State) -> None:
    assert state_of(what, chain) is state


def test_english_goes_to_piper_and_all_others_to_espeak_ng() -> None:
    voices = Voices(PIPER, (ESPEAK,))
    assert voices.speaking(ENGLISH) == (PIPER, ESPEAK)
    assert voices.speaking(Language("lv")) == (ESPEAK,)
    assert Voices(None, (ESPEAK,)).speaking(ENGLISH) == (ESPEAK,)


def test_recording_is_found_by_prompt_id_and_by_content_key(tmp_path: Path) -> None:
    assert Recordings(tmp_path).of(HELLO, ("welcome",)) is None
    by_key = recorded(tmp_path, content_key("Hello.", ENGLISH))
    found = Recordings(tmp_path).of(HELLO)
    assert found and found.file == by_key
    by_id = recorded(tmp_path, "welcome")
    found = Recordings(tmp_path).of(HELLO, ("welcome",))
    assert found and found.file == by_id


def test_recording_of_another_language_is_not_used(tmp_path: Path) -> None:
    recorded(tmp_path, "welcome", "sv")
    assert Recordings(tmp_path).of(HELLO, ("welcome",)) is None


def test_changed_recording_has_another_fingerprint(tmp_path: Path) -> None:
    file = recorded(tmp_path, "welcome")
    first = Recordings(tmp_path).of(HELLO, ("welcome",))
    file.write_bytes(b"better sound")
    second = Recordings(tmp_path).of(HELLO, ("welcome",))
    assert first and second and first.fingerprint != second.fingerprint


def test_recording_of_an_older_text_is_noticed_and_not_used(tmp_path: Path) -> None:
    file = recorded(tmp_path, "welcome")
    assert accept(tmp_path, {"welcome": {ENGLISH: "Hello."}, "goodbye": {ENGLISH: "Bye."}}) == 1
    recordings = Recordings(tmp_path)
    assert recordings.of(HELLO, ("welcome",)) is not None
    assert recordings.outdated(HELLO, ("welcome",)) == ()
    changed = Utterance("Hello and welcome.", ENGLISH)
    assert recordings.of(changed, ("welcome",)) is None
    assert recordings.outdated(changed, ("welcome",)) == (file,)


def test_line_breaks_in_a_text_don_t_outdate_its_recording(tmp_path: Path) -> None:
    recorded(tmp_path, "welcome")
    accept(tmp_path, {"welcome": {ENGLISH: "Hello\nthere."}})
    assert Recordings(tmp_path).of(Utterance("Hello there.", ENGLISH), ("welcome",)) is not None


def test_name_that_is_a_path_finds_nothing(tmp_path: Path) -> None:
    file = recorded(tmp_path, "secret", "sv")
    recorded(tmp_path, "other", "en")
    for name in ("../sv/secret", str(file.with_suffix(""))):
        assert Recordings(tmp_path).file_of(name, ENGLISH).exists()
        assert Recordings(tmp_path).of(HELLO, (name,)) is None


@pytest.mark.parametrize("text", ["- a list", "en: text", "en: {welcome: 5}", "en: {", "\x00"])
def test_wrong_manifest_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "recordings.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"recordings\.yaml"):
        Recordings(tmp_path)


def test_one_text_may_have_several_ids() -> None:
    assert ids_of({"a": {ENGLISH: "Hello."}, "b": {ENGLISH: "Hello."}})[HELLO] == ("a", "b")


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    """A folder with one prompt, `key`, whole."""
    sizes = {}
    for ending in RATES:
        (tmp_path / f"key.{ending}").write_bytes(b"sound")
        sizes[ending] = 5
    note = {"by": "piper", "version": "1", "seconds": 1.0, "level": -20.0, "peak": -3.0}
    (tmp_path / "key.json").write_text(json.dumps(note | {"refused": [], "processing": PROCESSING, "sizes": sizes}))
    return tmp_path


def test_prompt_is_there_whole_or_not_at_all(prompt: Path) -> None:
    assert read(prompt, "key") is not None
    (prompt / "key.wav16").write_bytes(b"soun")
    assert read(prompt, "key") is None
    (prompt / "key.wav16").unlink()
    assert read(prompt, "key") is None


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b"\xff", b'{"by": "piper"}'])
def test_broken_note_counts_as_missing(prompt: Path, note: bytes) -> None:
    (prompt / "key.json").write_bytes(note)
    assert read(prompt, "key") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello\n  there.\r\n", "Hello there."),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("[[h@l'oU]] there", "[ [h@l'oU]] there"),
        ("<speak>Hi</speak>", "<speak>Hi</speak>"),
        ("Tere \ud800 õhtust", "Tere õhtust"),
    ],
)
def test_text_given_to_a_synthesiser_is_plain(text: str, said: str) -> None:
    assert sayable(text) == said


@pytest.mark.parametrize("text", ["", " \n", "...", "--", "\x00"])
def test_text_without_a_letter_or_digit_is_refused(text: str) -> None:
    with pytest.raises(NotSound):
        sayable(text)
