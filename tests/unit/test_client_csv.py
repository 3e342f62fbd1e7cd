"""The client list as a file: what people's spreadsheets write is read, what is wrong is told where it stands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.client_csv import Known, read_clients, write_clients
from switchboard.domain.clients import Client, Standing, class_of
from switchboard.domain.language import Language

KNOWN = Known("EE", ["dealer", "retail"], ["mari", "jaan"], ["en", "et"])
HEADING = "code,name,number,class,manager,language,vip,note,standing,owed,since"
LARDER = Client(
    "C-1", "Põhja Köök OÜ", ("+37255501234", "+3726001234"), "dealer", "mari", Language("et"), True, "asks for Mari",
    Standing.OVERDUE, Decimal("1250.00"), date(2026, 3, 1),
)  # fmt: skip


def read(text: str | bytes, encoding: str = "") -> list[Client]:
    found = read_clients(text if isinstance(text, bytes) else text.encode(), KNOWN, encoding)
    assert not found.mistakes, list(map(str, found.mistakes))
    return list(found.clients)


def mistakes(text: str | bytes) -> list[str]:
    found = read_clients(text if isinstance(text, bytes) else text.encode(), KNOWN)
    assert not found.clients, "whole or nothing"
    return list(map(str, found.mistakes))


LINE = "C-1,Põhja Köök OÜ,5550 1234 | 600 1234,dealer,mari,et,yes,asks for Mari,overdue,1250,2026-03-01"
IN_ESTONIA = (
    "code;name;number;number;class;manager;language;vip;note;standing;owed;since\r\n"
    'C-1;"Põhja Köök OÜ";37255501234;+372 600 1234;dealer;mari;et;YES;asks  for Mari;Overdue;"1 250,00";01.03.2026\r\n'
)


@pytest.mark.parametrize(
    "written",
    [
        f"{HEADING}\n{LINE}\n".encode(),
        f"{HEADING}\r\n{LINE}".encode("utf-8-sig"),
        f"\n{HEADING}\n\n{LINE}\n,,\n".encode(),
        HEADING.replace(",", "\t").encode("utf-16") + f"\n{LINE}".replace(",", "\t").encode("utf-16")[2:],
        IN_ESTONIA.encode("utf-8-sig"),
        ("sep=;\r\n" + IN_ESTONIA).encode(),
        f"{HEADING.upper()}\n{LINE}".replace("5550 1234 | 600 1234", '"5550 1234\n6001234"').encode(),
    ],
    ids=["plain", "mark", "empty lines", "utf-16 tabs", "excel in estonia", "sep", "a cell of two lines"],
)  # fmt: skip
def test_what_spreadsheets_write(written: bytes) -> None:
    assert read(written) == [LARDER]


def test_another_encoding_is_said() -> None:
    text = "name,number,class\nKöök,55501234,dealer\n"
    assert read(text.encode("windows-1257"), "windows-1257")[0].name == "Köök"
    (told,) = mistakes(text.encode("windows-1257"))
    assert told.startswith("2:1: the file's letters cannot be read — expected UTF-8")


def test_what_is_left_out_has_its_usual_meaning() -> None:
    (client,) = read("name,number,class\nSomebody,55501234,retail\n")
    assert client == Client("+37255501234", "Somebody", ("+37255501234",), "retail")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty"),
        ("name,phone,class\n", "1:2: no column `phone` — expected one of code, name, number"),
        ("name,name,number,class\n", "1:2: the column `name` stands twice"),
        ("name,number\n", "1:1: the column `class` is missing"),
        (f"{HEADING}\n,,,,,,,,,,\nC-1,,55501234,dealer\n", "3:2: a name is empty — expected 1 to 200"),
        (f"{HEADING}\nC-1,A,55501234,deeler\n", "2:4: no class `deeler` — expected one of dealer, retail"),
        (f"{HEADING}\nC-1,A,55501234,\n", "2:4: no class — expected one of dealer, retail"),
        (f"{HEADING}\nC-1,A,555,dealer\n", "2:3: `555` is no number — expected a number such as"),
        (f"{HEADING}\nC-1,A,,dealer\n", "2:3: no number — expected at least one"),
        (f"{HEADING}\nC-1,A,55501234,dealer,maria\n", "2:5: no manager `maria` — expected one of mari, jaan"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,fi\n", "2:6: no language `fi` — expected one of en, et"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,perhaps\n", "2:7: vip is `perhaps` — expected yes or no"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,{'x' * 501}\n", "2:8: a note of 501 characters"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,\x1b[31m\n", "2:8: a note cannot be shown"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,late\n", "2:9: no standing `late` — expected one of ok, overdue"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,overdue,a lot\n", "2:10: `a lot` is no amount"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,overdue,-5\n", "2:10: `-5` is no amount"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,overdue,,31.02.2026\n", "2:11: `31.02.2026` is no date"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,,50\n", "2:10: the standing is ok, and yet there is a debt"),
        (f"{HEADING}\nC 1,A,55501234,dealer\n", "2:1: `C 1` is no code"),
        (f"{HEADING}\nC-1,A,55501234,dealer,,,,,,,,,\n", "2:12: more cells than columns"),
        (f"{HEADING}\nC-1,A,55501234,dealer\nC-1,B,55501235,dealer\n", "3:1: the code `C-1` stands in line 2 already"),
        (f"{HEADING}\nC-1,A,55501234,dealer\nC-2,B,+37255501234,dealer\n", "3:3: +37255501234 stands in line 2"),
        (f'{HEADING}\nC-1,"A,55501234,dealer\n', "2:1: no CSV from here on"),
        (f"{HEADING}\nC-1,A,{'|'.join(f'555012{n}' for n in range(10, 35))},dealer\n", "2:3: 25 numbers — expected at"),
    ],
)
def test_what_is_wrong_is_told_at_its_line_and_column(text: str, told: str) -> None:
    assert any(each.startswith(told) for each in mistakes(text)), mistakes(text)


def test_every_mistake_is_told_and_nothing_is_taken() -> None:
    text = f"{HEADING}\nC-1,A,55501234,dealer\nC-2,,x,nothing\nC-3,B,55501235,dealer\nC-4,,y,z\n"
    assert [each.split(":")[:2] for each in mistakes(text)] == [
        ["3", "3"], ["3", "2"], ["3", "4"], ["5", "3"], ["5", "2"], ["5", "4"],
    ]  # fmt: skip


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "'", "\t", "'="])
def test_no_cell_is_a_formula(begins: str) -> None:
    client = Client("C-1", f"{begins}cmd|' /C calc'!A0".strip(), ("+37255501234",), "dealer")
    written = write_clients([client])
    cells = written.splitlines()[1].split(",")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in cells)
    assert "'+37255501234" in cells
    assert read(written) == [client]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.booleans(), st.sampled_from(Standing)), max_size=8),
    st.sampled_from(",;\t"),
)  # fmt: skip
def test_what_was_written_is_read(rows: list[tuple[str, str, bool, Standing]], delimiter: str) -> None:
    clients = [
        Client(code.replace("|", "/") + str(n), name, (f"+3725550{n:04}",), "retail", vip=vip, standing=standing)
        for n, (code, name, vip, standing) in enumerate(rows)
    ]
    assert read(write_clients(clients, delimiter=delimiter)) == clients


@pytest.mark.parametrize(
    ("client_class", "number", "told"),
    [("dealer", "+3725", "dealer"), ("gone", "+3725", "unknown"), (None, "+3725", "new"), (None, "", "unknown")],
)
def test_the_class_of_a_caller(client_class: str | None, number: str, told: str) -> None:
    client = Client("C", "A", ("+3725",), client_class) if client_class else None
    assert class_of(client, number, {"dealer", "new"}, "new") == told
