"""Long lists in pages: a cursor tells where the next one begins, whatever was added or removed meanwhile."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from switchboard.console.problem import Fault, Problem

Item = TypeVar("Item")


class PageQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: str = Field("", max_length=200, description="`next_cursor` of the page before; without one, the first.")


def page(items: Iterable[Item], key: Callable[[Item], str], query: PageQuery) -> tuple[list[Item], str | None]:
    """The items of that page in the order of their keys, which are unique, and the cursor of the next one."""
    after = place_in(query.cursor) if query.cursor else ""
    rest = sorted((each for each in items if key(each) > after), key=key)
    shown = rest[: query.limit]
    return shown, cursor_of(key(shown[-1])) if len(rest) > len(shown) else None


def cursor_of(key: str) -> str:
    """Where the page that ends with this key is gone on with."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def place_in(cursor: str) -> str:
    """The key that a page ended with. Raises Problem for a cursor that is none of ours."""
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        if key and cursor_of(key) == cursor:
            return key
    except (ValueError, binascii.Error):
        pass
    detail = "is no cursor of ours: send `next_cursor` of the page before"
    raise Problem(HTTPStatus.BAD_REQUEST, f"cursor: {detail}", errors=[Fault(pointer="cursor", detail=detail)])
