"""Who changed what, from where: a line of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Change:
    """One change. When it was is noted by the database, with the change itself."""

    who: str  # "API token reception", an account of the machine
    what: str  # "presence.set"
    subject: str  # of whom or what: a person's id, a token's name
    detail: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    token: UUID | None = None
    address: str = ""  # the network address it came from; empty: from the machine itself
