"""Settings: where they come from, what is refused, and that the README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from switchboard.errors import SettingsError
from switchboard.settings import LogLevel, Settings, load

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing set, by no file and no variable."""
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "settings"):
        monkeypatch.delenv(f"SWITCHBOARD_{name.upper()}", raising=False)
    return tmp_path


def test_the_readme_lists_each_setting_with_its_default_and_meaning() -> None:
    section = README.read_text("utf-8").partition("\n## Settings\n")[2] or README.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (.+) \|$", section.partition("\n## ")[0], re.MULTILINE)
    assert rows == [
        (name, "—" if field.default is None else f"`{field.default}`", field.description)
        for name, field in Settings.model_fields.items()
    ]


def test_all_has_a_default(empty_folder: Path) -> None:
    settings = load()
    assert settings.state == empty_folder / ".state"
    assert settings.cache_folder == empty_folder / ".state/cache"
    assert str(settings.bind) == "127.0.0.1"


def test_the_environment_beats_the_file(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / "switchboard.toml").write_text('sip_port = 5070\nari_port = 8089\nlog_level = "debug"\n')
    monkeypatch.setenv("SWITCHBOARD_SIP_PORT", "5080")
    settings = load()
    assert (settings.sip_port, settings.ari_port, settings.log_level) == (5080, 8089, LogLevel.DEBUG)


def test_another_file_is_named_by_argument_or_variable(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for port, name in ((5071, "switchboard.toml"), (5072, "variable.toml"), (5073, "argument.toml")):
        (empty_folder / name).write_text(f"sip_port = {port}\n")
    assert load().sip_port == 5071
    monkeypatch.setenv("SWITCHBOARD_SETTINGS", "variable.toml")
    assert load().sip_port == 5072
    assert load(Path("argument.toml")).sip_port == 5073


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sip_port = 80",
            "sip_port: Input should be greater than or equal to 1024 (got 80; set in switchboard.toml or as ",
        ),
        ('sip_port = "five"', "sip_port: Input should be a valid integer"),
        ("sipport = 5060", "sipport: no such setting (in switchboard.toml); did you mean sip_port?"),
        ("colour = 1", "colour: no such setting (in switchboard.toml); known are state, cache, ivr, prompts, bind,"),
        ('bind = "localhost"', "bind: value is not a valid IPv4 or IPv6 address"),
        ("rtp_last_port = 20000", "rtp_last_port: must be greater than rtp_first_port"),
        ("sip_port = 20500", "sip_port: must lie outside the RTP ports"),
        ('console_bind = "0.0.0.0"', "console_bind: 0.0.0.0 is not loopback: set console_certificate, or"),
        ('console_key = "key.pem"', "console_key: needs console_certificate"),
        ("ami_port = 8088", "ami_port: 8088 is ari_port already"),
        ('database_url = "mysql://h/d"', "database_url: URL scheme should be"),
        ('log_level = "loud"', "log_level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("sip_port =", "switchboard.toml: is not valid TOML: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_names_the_setting(empty_folder: Path, text: str, message: str) -> None:
    (empty_folder / "switchboard.toml").write_text(text + "\n")
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_SIP_PORT", "99999")
    with pytest.raises(SettingsError, match=r"sip_port: .*less than or equal to 65535 .*SWITCHBOARD_SIP_PORT"):
        load()


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_SIPPORT", "5070")
    with pytest.raises(
        SettingsError, match=r"SWITCHBOARD_SIPPORT: no such setting; did you mean SWITCHBOARD_SIP_PORT\?"
    ):
        load()


@pytest.mark.parametrize("variable", ["SWITCHBOARD_TRUNK_OPERATOR_PASSWORD", "SWITCHBOARD_TEST_ASTERISK"])
def test_variables_that_are_no_settings_are_let_through(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    load()


def test_a_named_file_that_is_absent_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"absent.toml: cannot be read: No such file"):
        load(Path("absent.toml"))


def test_folders_tell_switchboards_apart(tmp_path: Path) -> None:
    names = {Settings(state=tmp_path / name).name for name in "abc"}
    assert len(names) == 3
    assert Settings(state=tmp_path / "a").name in names
