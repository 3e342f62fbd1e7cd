"""The house holds: imports go downward, names stay where they belong, the table of stories tells what is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "switchboard"

# From the top down; those on one line never import each other.
LAYERS = [
    {"__main__", "app", "commands", "logs", "changeover", "control_socket", "loading", "serving"}
    | {"appointment_post", "message_post"},
    {"console", "asterisk", "postgres", "mail", "remote", "speech", "machine", "testing"},
    {"calendars"},
    {"flows"},
    {"services"},
    {"ports", "appointment_ports", "settings", "folders"},
    {"domain"},
    {"errors"},
]
TOGETHER = LAYERS[0] | {"ports", "appointment_ports", "settings", "folders"}  # may import each other
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
PURE = {"asyncio", "asyncpg", "aiohttp", "sqlalchemy", "panoramisk", "picows", "uvloop", "subprocess", "socket"}
WORDS_OF_ASTERISK = re.compile(r"(?:^|_)(?:channel|stasis|bridge)s?(?:$|_)")
WORDS_ALLOWED_IN = {
    "app.py": "wires the Asterisk-backed Call, and notes what Asterisk calls it",
    "domain/cel.py": "reads Asterisk's channel event log",
    "speech/wav_file.py": "channels of a sound",
}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "base", "core", "common", "misc"}
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERY_SOURCE = pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))


def part_of(source: Path) -> str:
    """The part of the house a file belongs to."""
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(source: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, those inside functions too."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}:{node.lineno}: relative import"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


@EVERY_SOURCE
def test_imports_go_downward(source: Path) -> None:
    own = part_of(source)
    if own == "__init__":
        return
    for line, module in imported(source):
        parts = module.split(".")
        if parts[0] != "switchboard" or len(parts) < 2 or parts[1] == own or parts[1] not in LEVEL:
            continue
        other = parts[1]
        beside = LEVEL[own] == LEVEL[other] and {own, other} <= TOGETHER
        assert LEVEL[own] < LEVEL[other] or beside, f"{source}:{line}: {own} imports {other}"


def test_every_part_has_a_place() -> None:
    parts = {part_of(source) for source in SOURCES} - {"__init__"}
    assert parts <= set(LEVEL), f"place these in LAYERS: {parts - set(LEVEL)}"


@EVERY_SOURCE
def test_the_domain_is_pure(source: Path) -> None:
    if part_of(source) == "domain":
        assert not {module.split(".")[0] for _, module in imported(source)} & PURE
        assert not any(
            isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(source.read_text("utf-8")))
        )


def test_steps_know_nothing_of_each_other() -> None:
    for source in (PACKAGE / "flows" / "steps").glob("*.py"):
        if source.stem != "__init__":
            modules = {module for _, module in imported(source)}
            assert not any(module.startswith("switchboard.flows.steps") for module in modules), source


def test_steps_ask_the_time_where_exploration_sees_it() -> None:
    for source in (PACKAGE / "flows" / "steps").glob("*.py"):
        text = source.read_text("utf-8")
        assert "recorder.now" not in text and ".clock" not in text, f"{source}: ask `conversation.now()`"


@EVERY_SOURCE
def test_asterisks_words_stay_with_asterisk(source: Path) -> None:
    if part_of(source) == "asterisk" or str(source.relative_to(PACKAGE)) in WORDS_ALLOWED_IN:
        return
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        for name in names_in(node):
            line = getattr(node, "lineno", 0)
            assert not WORDS_OF_ASTERISK.search(name.casefold()), f"{source}:{line}: `{name}` belongs under asterisk/"


def names_in(node: ast.AST) -> Iterator[str]:
    """The identifiers a node brings."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg


@EVERY_SOURCE
def test_names_say_something(source: Path) -> None:
    assert not {part.removesuffix(".py") for part in source.relative_to(PACKAGE).parts} & NAMES_THAT_SAY_NOTHING


@EVERY_SOURCE
def test_one_place_catches_everything(source: Path) -> None:
    if part_of(source) not in {"services", "flows", "domain"}:
        return
    wide = [
        node.lineno
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    is_root = source == PACKAGE / "services" / "answer_call.py"
    assert len(wide) == (1 if is_root else 0), f"{source}: {wide}"


HEADING = "| caller's story | service | rule | step | test |"
COLUMNS = ("service", "rule", "step", "test")
FOLDERS = {
    "service": PACKAGE / "services",
    "rule": PACKAGE / "domain",
    "step": PACKAGE / "flows" / "steps",
    "test": PROJECT / "tests",
}
NO_STORY_OF_THEIR_OWN = {"office", "record_call"}  # what all services stand on


def stories() -> list[dict[str, list[str]]]:
    """README's table of stories: for each row, the paths of each column."""
    readme = (PROJECT / "README.md").read_text("utf-8")
    assert HEADING in readme, f"README.md lacks the table headed {HEADING}"
    rows = []
    for line in readme.partition(HEADING)[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 5, line
        rows.append({name: re.findall(r"`([^`]+)`", cell) for name, cell in zip(COLUMNS, cells[1:], strict=True)})
    return rows


def test_the_table_of_stories_names_what_is_there() -> None:
    missing = [
        f"{column}: {path}"
        for row in stories()
        for column, paths in row.items()
        for path in paths
        if not (FOLDERS[column] / path).exists()
    ]
    assert not missing
    assert all(row["test"] for row in stories()), "every story has a test"


@pytest.mark.parametrize("column", ["service", "step"])
def test_every_service_and_step_has_a_story(column: str) -> None:
    told = {path for row in stories() for path in row[column]}
    there = {path.name for path in FOLDERS[column].glob("*.py") if path.stem != "__init__"}
    assert there - {f"{name}.py" for name in NO_STORY_OF_THEIR_OWN} <= told
