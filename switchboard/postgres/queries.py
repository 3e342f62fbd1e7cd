"""Named SQL queries, kept as SQL in `queries/*.sql`.

-- name_of_the_query --
-- What it does, in a line or more.
select …
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def parse_queries(text: str) -> dict[str, str]:
    """Name to SQL. Raises ValueError when a name comes twice, or a query has no description or no SQL."""
    pieces = _HEADING.split(text)
    found: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = body.strip().splitlines()
        sql = "\n".join(line for line in lines if not line.startswith("--")).strip()
        if name in found:
            raise ValueError(f"query {name} is there twice")
        if not sql or not lines[0].startswith("-- "):
            raise ValueError(f"query {name} needs a description and SQL")
        found[name] = sql
    return found


@cache
def queries(file: str) -> dict[str, str]:
    """The queries of `queries/<file>.sql`."""
    return parse_queries((files("switchboard.postgres") / "queries" / f"{file}.sql").read_text("utf-8"))
