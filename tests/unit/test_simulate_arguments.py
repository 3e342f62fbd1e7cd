"""The arguments of `switchboard simulate`: the short script of keys, phones, times, and what is said of mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchboard.commands.simulated_caller import Asked, Mistakes, Wanted, understand
from switchboard.domain.dialling import DialOutcome
from switchboard.flows.configuration import Configuration
from switchboard.flows.load import load_configuration
from switchboard.testing.script import Action, Deed, Moment, read_action, read_keys, read_phones, read_script, written
from tests.flows.playing import EXAMPLE, PROMPTS

NOW = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)  # a Tuesday, ten o'clock in Tallinn


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load_configuration(EXAMPLE, PROMPTS)


def wanted(configuration: Configuration, **asked: object) -> Wanted:
    return understand(Asked(**{"keys": "", "caller": "5551234", **asked}), configuration, now=NOW)  # type: ignore[arg-type]


def mistake(configuration: Configuration, **asked: object) -> str:
    with pytest.raises(Mistakes) as refused:
        wanted(configuration, **asked)
    (line,) = refused.value.lines
    return line


def test_keys_in_short() -> None:
    assert read_keys("2 . 12 w5 h r h t #") == [
        Action(Deed.PRESS, "2"),
        Action(Deed.STAY_SILENT),
        Action(Deed.PRESS, "12"),
        Action(Deed.HANG_UP, moment=Moment.AFTER, delay=timedelta(seconds=5)),
        Action(Deed.HANG_UP, moment=Moment.RINGING),
        Action(Deed.PRESS, "#", moment=Moment.TALKING),
    ]
    assert read_keys("  ") == []


@pytest.mark.parametrize("text", ["2 . 12", "w5 h r h", "t # w0.5 3"])
def test_keys_are_written_as_they_are_read(text: str) -> None:
    assert " ".join(map(written, read_keys(text))) == text


def test_a_line_without_a_short_form_is_written_in_full() -> None:
    assert written(read_action("press 2 during Welcome to")) == "press 2 during welcome to"
    assert written(read_action("hang up during bye")) == "hang up during bye"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2 x", "`x` is nothing a caller does"),
        ("w h", "`w` is nothing a caller does"),
        ("w5", "`w5` at the end says when, and nothing says what"),
        ("w5 r h", "`r` follows another word that says when"),
        ("w5 .", "`.` is for a question"),
    ],
)
def test_keys_that_cannot_be_meant(configuration: Configuration, text: str, told: str) -> None:
    assert mistake(configuration, keys=text).startswith(f"--keys: {told}")


def test_phones_in_short() -> None:
    phones = read_phones("101=busy, 100=answers after 9s, talks 2s,102=no_answer")
    assert [(e, phone.outcome) for e, phone in phones.items()] == [
        ("101", DialOutcome.BUSY),
        ("100", DialOutcome.ANSWERED),
        ("102", DialOutcome.NO_ANSWER),
    ]
    assert phones["100"].talks == timedelta(seconds=2)


def test_a_script_in_a_file(tmp_path: Path, configuration: Configuration) -> None:
    text = "# a caller in a hurry\npress 1\n\nphone 101: busy\nhang up after 3s\n"
    actions, phones = read_script(text)
    assert [action.deed for action in actions] == [Deed.PRESS, Deed.HANG_UP]
    assert phones["101"].outcome is DialOutcome.BUSY
    (tmp_path / "script").write_text(text, "utf-8")
    read = wanted(configuration, keys=None, script=tmp_path / "script").setup
    assert read.actions == actions
    assert read.phones["101"] == phones["101"]
    (tmp_path / "script").write_text("press 1\npres 2\n", "utf-8")
    line = mistake(configuration, keys=None, script=tmp_path / "script")
    assert line == f"--script {tmp_path}/script: line 2: not an action of a caller: 'pres 2'"
    assert "cannot be read: No such file" in mistake(configuration, keys=None, script=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", NOW),
        ("16:30", datetime(2026, 3, 3, 14, 30, tzinfo=UTC)),
        ("9:05", datetime(2026, 3, 3, 7, 5, tzinfo=UTC)),
        ("tomorrow 10:00", datetime(2026, 3, 4, 8, tzinfo=UTC)),
        ("tue 10:00", datetime(2026, 3, 3, 8, tzinfo=UTC)),
        ("Monday 10:00", datetime(2026, 3, 9, 8, tzinfo=UTC)),
        ("2026-12-24 10:00", datetime(2026, 12, 24, 8, tzinfo=UTC)),
        ("2026-07-01T10:00", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-07-01T10:00+00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_times_are_the_organisations(configuration: Configuration, text: str, instant: datetime) -> None:
    assert wanted(configuration, at=text).setup.at == instant


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"to": "6001001"},
            "--to 6001001: no such number — expected 6001000 (Main number), 6002000 (Sales line), "
            "6003000 (Messages from outside); did you mean `6001000`?",
        ),
        (
            {"at": "teatime"},
            "--at teatime: no time — expected `now`, `10:00` (today), `tomorrow 10:00`, `tue 10:00` or "
            "`2026-12-24 10:00`",
        ),
        ({"at": "2026-12-24"}, "--at 2026-12-24: a day without a time — expected `2026-12-24 10:00`"),
        (
            {"at": "2026-03-29 03:30"},
            "--at 2026-03-29 03:30: the clocks in Europe/Tallinn skip that time — expected one before or after the "
            "change",
        ),
        ({"caller": "mum"}, "--from mum: no number — expected digits such as +37255501234, or `withheld`"),
        ({"language": "fi"}, "--language fi: no such language of the organisation — expected en, et, lv, ru, sq, sv"),
        (
            {"phones": "101=asleep"},
            "--phones: `101=asleep` — expected one of answers, answers after 4s, answers and refuses, answers and "
            "sends to voicemail, answers and says nothing, busy, declines, no answer, unavailable, failed",
        ),
        (
            {"keys": None, "needs_script": True},
            '--json: nobody can be asked — expected --keys or --script (--keys "": silence)',
        ),
    ],
)
def test_a_mistake_is_one_line_that_says_what_was_expected(
    configuration: Configuration, asked: dict[str, object], told: str
) -> None:
    assert mistake(configuration, **asked) == told


def test_an_unknown_phone_is_told_with_those_that_exist(configuration: Configuration) -> None:
    line = mistake(configuration, phones="mary=busy")
    assert line.startswith("--phones mary: no such phone — expected an extension: 100 Reception, ")
    assert line.endswith("did you mean `mari`?")


def test_all_mistakes_are_told_at_once(configuration: Configuration) -> None:
    with pytest.raises(Mistakes) as refused:
        wanted(configuration, to="1", at="never", keys="!", phones="9=busy")
    assert [line.split()[0].rstrip(":") for line in refused.value.lines] == ["--to", "--at", "--keys", "--phones"]


def test_whoever_calls_whatever_number(configuration: Configuration) -> None:
    assert wanted(configuration).setup.number == next(iter(configuration.organisation.numbers))
    assert wanted(configuration, to="600 2000").setup.number == "6002000"
    assert wanted(configuration, caller="withheld").setup.caller == ""
    assert wanted(configuration, caller="+371 (22) 33-44").setup.caller == "+371223344"


def test_phones_answer_unless_told_otherwise(configuration: Configuration) -> None:
    read = wanted(configuration, phones="mari=busy, reception=no answer")
    assert {e: phone.outcome for e, phone in read.setup.phones.items()} == {
        **dict.fromkeys(configuration.organisation.phones, DialOutcome.ANSWERED),
        "101": DialOutcome.BUSY,
        "100": DialOutcome.NO_ANSWER,
    }
    assert read.heading[-1] == "Phones: 100: no answer; 101: busy; all others: answers after 4 s."
    everybody = wanted(configuration, phones="all=declines")
    assert {phone.outcome for phone in everybody.setup.phones.values()} == {DialOutcome.DECLINED}
