"""The client list as a spreadsheet has it: CSV, read whole or refused with every mistake at its line and column.

Columns, in any order, the names in the first line; `number` may stand several times (`number`, `number`) or hold
several numbers divided by `|`:

    code      the organisation's own name for the client; empty: its first number
    name      as told to whoever answers
    number    in any usual form; without a country's code it belongs to the organisation's country
    class     one of organisation.yaml
    manager   a person's id of people.yaml; empty: nobody
    language  one of the organisation's; empty: that of the number dialled
    vip       yes, no; empty: no
    note      for whoever answers
    standing  ok, overdue, over_limit; empty: ok
    owed      an amount such as 1250.00
    since     a date such as 2026-03-01
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from switchboard.domain.clients import Client, Standing
from switchboard.domain.language import Language
from switchboard.domain.phone_numbers import e164

COLUMNS = ("code", "name", "number", "class", "manager", "language", "vip", "note", "standing", "owed", "since")
NEEDED = ("name", "number", "class")
LONGEST_CODE, LONGEST_NAME, LONGEST_NOTE = 64, 200, 500
MOST_NUMBERS = 20  # of a client
MOST_MISTAKES = 200  # told

FORMULA = tuple("=+-@\t\r'")  # a spreadsheet takes a cell that begins so for a formula; `'` says that it is none
_CODE = re.compile(r"[^\s|]+")
_YES, _NO = ("yes", "true", "1"), ("", "no", "false", "0")
_DIVIDED = re.compile(r"[|\n]")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a file that cannot be taken."""

    line: int
    column: int  # of the table, the first is 1
    text: str
    expected: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.text} — expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the organisation's configuration has, for a list to refer to."""

    country: str
    classes: Collection[str]
    people: Collection[str]
    languages: Collection[str]


@dataclass(frozen=True, slots=True)
class ClientList:
    """A file, read. With mistakes, nothing of it may be used."""

    clients: Sequence[Client]
    lines: Mapping[str, tuple[int, int]]  # of each number: where it stands, line and column
    mistakes: Sequence[Mistake]


def read_clients(content: bytes, known: Known, encoding: str = "") -> ClientList:
    """The clients of a file as Excel, LibreOffice or a program writes it: commas, semicolons or tabs; UTF-8 or UTF-16
    by their marks, else `encoding` or UTF-8."""
    try:
        text = _decoded(content, encoding)
    except (UnicodeDecodeError, LookupError) as error:
        expected = "UTF-8 (in Excel: save as `CSV UTF-8`), or `--encoding windows-1257`"
        line = content.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else 1
        return ClientList((), {}, (Mistake(line, 1, "the file's letters cannot be read", expected),))
    return _Reader(known).read(text)


def write_clients(clients: Iterable[Client], *, delimiter: str = ",") -> str:
    """The list as CSV that `read_clients` takes back as it was. No cell is a formula, whatever a client is called."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for client in clients:
        cells = (
            client.code,
            client.name,
            " | ".join(client.numbers),
            client.client_class,
            client.manager,
            client.language or "",
            "yes" if client.vip else "no",
            client.note,
            client.standing.value,
            "" if client.owed is None else str(client.owed),
            "" if client.since is None else client.since.isoformat(),
        )
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return written.getvalue()


def _decoded(content: bytes, encoding: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig")
    return content.decode(encoding or "utf-8")


@dataclass(slots=True)
class _Reader:
    """Reads one file; whatever is wrong is noted, and reading goes on."""

    known: Known
    clients: list[Client] = field(default_factory=list)
    lines: dict[str, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)  # code -> line
    line: int = 1

    def read(self, text: str) -> ClientList:
        head, _, rest = text.partition("\n")
        first = 1
        if head.strip().lower().startswith("sep="):  # Excel's own way to say what divides the columns
            text, first = rest, 2
        for heading, line, cells in self._rows(text, first):
            if len(self.mistakes) >= MOST_MISTAKES:
                break
            self.line = line
            self._row(heading, cells)
        return ClientList(() if self.mistakes else self.clients, self.lines, self.mistakes)

    def _rows(self, text: str, first: int) -> Iterator[tuple[Sequence[str], int, list[str]]]:
        heading: list[str] = []
        begins = 0
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        try:
            for cells in reader:
                line, begins = begins + first, reader.line_num
                if not any(cell.strip() for cell in cells):
                    continue
                if heading:
                    yield heading, line, cells
                elif not self._is_heading(heading := [cell.strip().lower() for cell in cells], line):
                    return
        except csv.Error as error:
            self.mistakes.append(Mistake(begins + first, 1, f"no CSV from here on: {error}", "closed quotes"))
        if not heading:
            self.mistakes.append(Mistake(1, 1, "the file is empty", f"a first line `{','.join(COLUMNS)}`"))

    def _is_heading(self, names: Sequence[str], line: int) -> bool:
        before = len(self.mistakes)
        for column, name in enumerate(names, 1):
            if name not in COLUMNS:
                expected = f"one of {', '.join(COLUMNS)}"
                self.mistakes.append(Mistake(line, column, f"no column `{name[:40]}`", expected))
            elif name != "number" and name in names[: column - 1]:
                self.mistakes.append(Mistake(line, column, f"the column `{name}` stands twice", "each once"))
        for name in NEEDED:
            if name not in names:
                self.mistakes.append(Mistake(line, 1, f"the column `{name}` is missing", ", ".join(NEEDED)))
        return len(self.mistakes) == before

    def _row(self, heading: Sequence[str], cells: Sequence[str]) -> None:
        if len(cells) > len(heading):
            self._wrong(len(heading) + 1, "more cells than columns", f"{len(heading)}, as in the first line")
            return
        before = len(self.mistakes)
        plain = [_unquoted(cell) for cell in cells]
        found = {name: (column, cell) for column, (name, cell) in enumerate(zip(heading, plain, strict=False), 1)}
        places = [(column, cell) for column, (name, cell) in enumerate(zip(heading, plain, strict=False), 1)
                  if name == "number"]  # fmt: skip
        numbers = tuple(self._numbers(places))
        code = self._code(*found.get("code", (1, "")), numbers)
        client = Client(
            code=code,
            name=self._text(*found.get("name", (1, "")), "name", LONGEST_NAME, is_needed=True),
            numbers=numbers,
            client_class=self._word(*found.get("class", (1, "")), "class", self.known.classes),
            manager=self._word(*found.get("manager", (1, "")), "manager", self.known.people, is_needed=False),
            language=Language(word) if (word := self._language(found)) else None,
            vip=self._vip(*found.get("vip", (1, ""))),
            note=self._text(*found.get("note", (1, "")), "note", LONGEST_NOTE),
            standing=self._standing(found),
            owed=self._owed(*found.get("owed", (1, ""))),
            since=self._since(*found.get("since", (1, ""))),
        )
        if client.standing is Standing.OK and (client.owed is not None or client.since is not None):
            column = found["owed" if client.owed is not None else "since"][0]
            self._wrong(column, "the standing is ok, and yet there is a debt", "overdue or over_limit, or nothing here")
        if len(self.mistakes) == before:
            self.clients.append(client)

    def _numbers(self, places: Iterable[tuple[int, str]]) -> Iterator[str]:
        several = [(column, each.strip()) for column, cell in places for each in _DIVIDED.split(cell) if each.strip()]
        if not several:
            self._wrong(next((column for column, _ in places), 1), "no number", "at least one")
        if len(several) > MOST_NUMBERS:
            self._wrong(several[MOST_NUMBERS][0], f"{len(several)} numbers", f"at most {MOST_NUMBERS}")
            return
        own: set[str] = set()
        for column, written in several:
            number = e164(written, self.known.country)
            if not number:
                self._wrong(column, f"`{written[:40]}` is no number", "a number such as `+372 5550 1234`")
            elif number in own:
                continue
            elif number in self.lines:
                line, _ = self.lines[number]
                self._wrong(column, f"{number} stands in line {line} already", "a number of one client")
            else:
                own.add(number)
                self.lines[number] = (self.line, column)
                yield number

    def _code(self, column: int, cell: str, numbers: Sequence[str]) -> str:
        code = cell.strip() or (numbers[0] if numbers else "")
        if not code:
            return ""
        if len(code) > LONGEST_CODE or not _CODE.fullmatch(code) or not code.isprintable():
            self._wrong(
                column, f"`{code[:40]}` is no code", f"up to {LONGEST_CODE} letters, digits and signs, no space"
            )
        elif code in self.codes:
            self._wrong(column, f"the code `{code}` stands in line {self.codes[code]} already", "one line a client")
        self.codes.setdefault(code, self.line)
        return code

    def _text(self, column: int, cell: str, what: str, longest: int, *, is_needed: bool = False) -> str:
        text = " ".join(cell.split())
        if (is_needed and not text) or len(text) > longest or not text.isprintable():
            got = "is empty" if not text else f"of {len(text)} characters" if len(text) > longest else "cannot be shown"
            self._wrong(column, f"a {what} {got}", f"{'1' if is_needed else '0'} to {longest} printable characters")
        return text

    def _word(self, column: int, cell: str, what: str, known: Collection[str], *, is_needed: bool = True) -> str:
        word = cell.strip()
        if (word or is_needed) and word not in known:
            listed = ", ".join(known) if known else "nothing, as organisation.yaml has none"
            self._wrong(column, f"no {what} `{word[:40]}`" if word else f"no {what}", f"one of {listed}")
        return word

    def _language(self, found: Mapping[str, tuple[int, str]]) -> str:
        return self._word(*found.get("language", (1, "")), "language", self.known.languages, is_needed=False)

    def _vip(self, column: int, cell: str) -> bool:
        word = cell.strip().lower()
        if word not in _YES + _NO:
            self._wrong(column, f"vip is `{word[:40]}`", "yes or no")
        return word in _YES

    def _standing(self, found: Mapping[str, tuple[int, str]]) -> Standing:
        column, cell = found.get("standing", (1, ""))
        word = cell.strip().lower() or Standing.OK.value
        if word not in set(Standing):
            self._wrong(column, f"no standing `{word[:40]}`", f"one of {', '.join(Standing)}")
            return Standing.OK
        return Standing(word)

    def _owed(self, column: int, cell: str) -> Decimal | None:
        text = re.sub(r"[\s\u00a0\u202f]", "", cell)
        if not text:
            return None
        if "." not in text and text.count(",") == 1:
            text = text.replace(",", ".")
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", text, re.ASCII):
            self._wrong(column, f"`{cell.strip()[:40]}` is no amount", "one such as `1250.00`")
            return None
        return Decimal(text).quantize(Decimal("0.01"))

    def _since(self, column: int, cell: str) -> date | None:
        text = cell.strip()
        if not text:
            return None
        if dotted := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text, re.ASCII):
            text = f"{dotted[3]}-{dotted[2]:0>2}-{dotted[1]:0>2}"
        try:
            found = date.fromisoformat(text)
        except ValueError:
            self._wrong(column, f"`{cell.strip()[:40]}` is no date", "one such as `2026-03-01`")
            return None
        return found

    def _wrong(self, column: int, text: str, expected: str) -> None:
        self.mistakes.append(Mistake(self.line, column, text, expected))


def _delimiter(text: str) -> str:
    """What divides the columns: of the usual signs, the one that the first line has most often outside of quotes."""
    first = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max(",;\t", key=first.count)


def _unquoted(cell: str) -> str:
    """Without the sign that says that the cell is no formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
