"""`switchboard config`: what it prints and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from switchboard.asterisk.rendering import FileState
from switchboard.commands import config
from switchboard.errors import SetupError

OLD = "; Made from x\n[a]\npassword = first\nsame = 1\n"
NEW = "; Made from x\n[a]\npassword = second\nsame = 1\nmore = 2\n"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    states = [FileState(Path("/etc/a.conf"), NEW, OLD), FileState(Path("/etc/b.conf"), OLD, OLD)]
    states.append(FileState(Path("/etc/c.conf"), OLD))
    monkeypatch.setattr(config, "_states", lambda: states)
    app = typer.Typer()
    config.register(app)
    return app


def test_files_are_listed_with_their_condition(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["config"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["differs  /etc/a.conf", "current  /etc/b.conf", "missing  /etc/c.conf"]


def test_one_file_is_shown_without_its_passwords_unless_asked(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["config", "show", "a.conf"]).stdout == NEW.replace("second", "***")
    assert CliRunner().invoke(app, ["config", "show", "a.conf", "--secrets"]).stdout == NEW
    missing = CliRunner().invoke(app, ["config", "show", "d.conf"])
    assert missing.exit_code == 2
    assert "a.conf, b.conf, c.conf" in missing.stderr


def test_a_difference_is_shown_and_told_by_exit_status_1(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["config", "diff"])
    assert result.exit_code == 1
    assert "+more = 2" in result.stdout
    assert "+password = *** (another)" in result.stdout
    assert "first" not in result.stdout + result.stderr
    assert "second" not in result.stdout + result.stderr
    assert "b.conf" not in result.stdout
    assert "/etc/c.conf (not there)" in result.stdout


def test_no_difference_is_0_and_trouble_is_2(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_states", lambda: [FileState(Path("/etc/b.conf"), OLD, OLD)])
    assert CliRunner().invoke(app, ["config", "diff"]).exit_code == 0

    def nothing() -> list[FileState]:
        raise SetupError("nothing was started yet")

    monkeypatch.setattr(config, "_states", nothing)
    result = CliRunner().invoke(app, ["config", "diff"])
    assert result.exit_code == 2
    assert "nothing was started yet" in result.stderr
