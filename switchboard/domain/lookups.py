"""What another system knows of a caller: a question over HTTP, and what its answer comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

NUMBER, DIALLED = "{number}", "{dialled}"  # filled in, percent-encoded
MOST_PARTS = 10  # of a path


class LookupOutcome(StrEnum):
    """How asking came out. A closed set: the `lookup` step routes each."""

    FOUND = "found"  # status 200 and JSON
    NOT_FOUND = "not_found"  # 404, 204, JSON's null; or no number to ask for
    TIMEOUT = "timeout"  # no answer within the time
    FAILED = "failed"  # anything else


@dataclass(frozen=True, slots=True)
class Lookup:
    """A system that can be asked. Its token is a secret and never in the YAML."""

    id: str  # a word: "crm"
    url: str  # with NUMBER in its path or query
    within: timedelta
    is_post: bool = False  # the numbers go into a JSON body, too

    def address(self, number: str, dialled: str) -> str:
        """Where to ask about a number. Whatever the number is, it stays within its place."""
        return self.url.replace(NUMBER, quote(number, safe="")).replace(DIALLED, quote(dialled, safe=""))


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """What came of it."""

    outcome: LookupOutcome
    content: Any = None  # JSON
    why: str = ""  # where it failed


@dataclass(frozen=True, slots=True)
class Looked:
    """What a flow gets of an answer."""

    outcome: LookupOutcome
    values: Mapping[str, Any] = field(default_factory=dict)  # by path, as they came; None where there is none
    why: str = ""


def is_lookup_address(url: str) -> bool:
    """May a system be asked there? Its host is fixed; only what follows may hold numbers."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    rest = f"{parts.path}?{parts.query}"
    is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not parts.fragment
    plain = rest.replace(NUMBER, "").replace(DIALLED, "")
    return is_whole and url.isprintable() and not set("{}@ ") & set(parts.netloc) and not set("{} ") & set(plain)


def value_at(content: Any, path: str) -> Any:
    """What stands at `customer.segment` or `orders.0.state`; None if nothing does."""
    if isinstance(content, Mapping) and path in content:
        return content[path]
    for part in path.split("."):
        if isinstance(content, Mapping):
            content = content.get(part)
        elif isinstance(content, Sequence) and not isinstance(content, str) and part.isdecimal():
            content = content[int(part)] if int(part) < len(content) else None
        else:
            return None
    return content
