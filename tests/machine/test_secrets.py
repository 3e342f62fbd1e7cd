"""Secrets: made once, kept, for their owner only."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.errors import SetupError
from switchboard.machine.secrets import PHONE_LENGTH, PHONE_LETTERS, make_secrets, read_secrets


def test_they_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    made = make_secrets(file, ["100", "101"])
    assert file.stat().st_mode & 0o777 == 0o600
    assert make_secrets(file, ["100", "101"]) == made == read_secrets(file)
    assert len({made.ari, made.ami, made.postgres, *made.phones.values()}) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_a_new_phone_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    before = make_secrets(file, ["100"])
    after = make_secrets(file, ["102"])
    assert after.phones.keys() == {"100", "102"}
    assert after.phones["100"] == before.phones["100"]
    assert (after.ari, after.ami, after.postgres) == (before.ari, before.ami, before.postgres)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    make_secrets(file)
    file.chmod(0o644)
    make_secrets(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_phones_password_can_be_typed(tmp_path: Path) -> None:
    password = make_secrets(tmp_path / "secrets.json", ["100"]).phones["100"]
    assert len(password) == PHONE_LENGTH and set(password) <= set(PHONE_LETTERS)
    assert not set("01loi") & set(PHONE_LETTERS)


@pytest.mark.parametrize("text", ["{", "[]", '{"ari": "only"}'])
def test_a_damaged_file_is_refused_not_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(text)
    with pytest.raises(SetupError, match=r"secrets.json is damaged"):
        make_secrets(file, ["100"])
    assert file.read_text() == text


def test_none_yet_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nothing was started from this state folder yet"):
        read_secrets(tmp_path / "secrets.json")


def test_they_are_not_shown_by_accident(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets.json", ["100"])
    assert made.ari not in repr(made) and made.phones["100"] not in repr(made)
