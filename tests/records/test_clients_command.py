"""`switchboard clients`, as an administrator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from switchboard.commands.clients import register
from switchboard.errors import RecordsUnreachable, SetupError
from tests.flows.playing import EXAMPLE, PROMPTS

LIST = (
    "code,name,number,class,manager,language,vip,note,standing,owed,since\n"
    "C-1,Põhja Köök OÜ,5550 1234 | 600 1234,dealer,mari,et,yes,asks for Mari,overdue,1250,2026-03-01\n"
    "S-7,Riga shop,+371 2233 4455,own_outlet,,lv,,,,,\n"
)


@pytest.fixture
def folder(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", dsn)
    monkeypatch.setenv("SWITCHBOARD_IVR", str(EXAMPLE))
    monkeypatch.setenv("SWITCHBOARD_PROMPTS", str(PROMPTS))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text(LIST, "utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["clients", *arguments], catch_exceptions=False)


def imported(text: str, folder: Path, *options: str) -> Result:
    (folder / "other.csv").write_text(text, "utf-8")
    return run("import", "other.csv", *options)


def test_a_list_goes_in_and_comes_out_as_it_was(folder: Path) -> None:
    assert run().stdout == "No clients. `switchboard clients import FILE.csv` takes a list.\n"
    assert run("import", "list.csv", "--dry-run").stdout.startswith("2 would be added, 0 would be changed")
    assert json.loads(run("--json").stdout) == []
    assert run("import", "list.csv").stdout == "2 added, 0 changed, 0 are as they were\n"
    exported = run("export").stdout
    assert "C-1,Põhja Köök OÜ,'+37255501234 | +3726001234,dealer,mari,et,yes,asks for Mari,overdue,1250.00" in exported
    assert imported(exported, folder, "--replace").stdout == "0 added, 0 changed, 2 are as they were, 0 forgotten\n"
    for_excel = run("export", "--excel").stdout_bytes
    assert for_excel.startswith(b"\xef\xbb\xbfcode;name;")
    (folder / "excel.csv").write_bytes(for_excel)
    assert run("import", "excel.csv").stdout == "0 added, 0 changed, 2 are as they were\n"


def test_clients_are_shown(folder: Path) -> None:
    run("import", "list.csv")
    for who in ("C-1", "55501234", "+372 600 1234"):
        assert "name      Põhja Köök OÜ\n" in run("show", who).stdout
    told = json.loads(run("show", "C-1", "--json").stdout)
    assert (told["owed"], told["since"], told["numbers"]) == ("1250.00", "2026-03-01", ["+37255501234", "+3726001234"])
    assert run("show", "C-9").exit_code == 2
    listed = run().stdout
    assert "Põhja Köök OÜ (VIP)" in listed and "overdue 1250.00" in listed
    assert "and 1 more" in run("--limit", "1").stdout


def test_mistakes_are_all_told_and_nothing_is_taken(folder: Path) -> None:
    came = imported(LIST + "C-3,,123,deeler\n", folder)
    assert came.exit_code == 1
    assert came.stderr.splitlines() == [
        "other.csv:4:3: `123` is no number — expected a number such as `+372 5550 1234`",
        "other.csv:4:2: a name is empty — expected 1 to 200 printable characters",
        "other.csv:4:4: no class `deeler` — expected one of dealer, key, own_outlet, retail, regional, new",
        "Nothing was changed: 3 mistakes.",
    ]
    assert json.loads(run("--json").stdout) == []
    run("import", "list.csv")
    came = imported("code,name,number,class\nC-9,Thief,5550 1234,retail\n", folder)
    assert came.stderr.startswith(
        "other.csv:2:3: +37255501234 is Põhja Köök OÜ's (C-1) — expected a number of no other"
    )
    assert imported("name,number,class\n", folder, "--replace").exit_code == 1
    assert len(json.loads(run("--json").stdout)) == 2


def test_one_client_is_added_changed_and_forgotten(folder: Path) -> None:
    assert run("set", "5550 1234", "--name", "Harbour", "--class", "key").stdout == "+37255501234 Harbour: added\n"
    changed = run("set", "55501234", "--note", "=1+1", "--standing", "over_limit", "--owed", "99,5", "--vip")
    assert changed.stdout == "+37255501234 Harbour: changed\n"
    told = json.loads(run("show", "55501234", "--json").stdout)
    assert (told["note"], told["standing"], told["owed"], told["vip"]) == ("=1+1", "over_limit", "99.50", True)
    run("set", "55501234", "--standing", "ok")
    assert json.loads(run("show", "55501234", "--json").stdout)["owed"] is None
    assert run("set", "55501234", "--vip").stdout.endswith("is so already\n")
    assert run("remove", "55501234").stdout == "+37255501234 Harbour: forgotten\n"
    assert run("remove", "55501234").exit_code == 2


def test_what_is_wrong_with_one_client_names_the_option(folder: Path) -> None:
    refused = run("set", "55501234", "--name", "Harbour", "--class", "kye", "--manager", "nobody")
    assert refused.exit_code == 1
    assert [line.partition(" — ")[0] for line in refused.stderr.splitlines()[:2]] == [
        "--class: no class `kye`",
        "--manager: no manager `nobody`",
    ]


def test_no_file_and_no_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        run("import", "missing.csv")
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(RecordsUnreachable, match="clients cannot be read"):
        run()
