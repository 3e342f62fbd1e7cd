"""Who is noted for what, and why; and whose switchboard may be changed."""

from __future__ import annotations

import io
import os
import pwd
from pathlib import Path

import pytest
import typer

from switchboard.commands import acting
from switchboard.errors import SetupError
from switchboard.settings import Settings


def test_the_account_acts_unless_somebody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert acting.who_acts(None) == pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setenv("SUDO_USER", "mari")
    assert acting.who_acts(None) == "mari"
    assert acting.who_acts(" Mari  Tamm ") == "Mari Tamm"


@pytest.mark.parametrize("why", ["", " \n", "x" * 501, "\x1b[2J", "a\u202eb"])
def test_a_reason_is_a_line_that_can_be_read(why: str) -> None:
    with pytest.raises(typer.BadParameter, match="1 to 500 printable characters"):
        acting.reason(why)


def test_without_a_terminal_the_reason_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(typer.BadParameter, match="say why"):
        acting.reason(None)
    assert acting.reason("summer\nhours") == "summer hours"


def test_at_a_terminal_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda question: f"{question}? Because.")
    assert acting.reason(None) == "Why? Because."


def test_another_accounts_switchboard_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert acting.own_place(Settings(state=tmp_path)).folders.state == tmp_path
    owner = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(SetupError, match=rf"belongs to {owner}: do this as {owner} \(sudo -u {owner} …\)"):
        acting.own_place(Settings(state=tmp_path))
