"""What the pages stand on, beside what the API does; switchboard/commands/console.py wires it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from switchboard.console.live_calls import Calls, LiveCalls
from switchboard.console.office import ConsoleOffice
from switchboard.console.wrong_secrets import WrongSecrets
from switchboard.domain.account import Account, Role
from switchboard.domain.audit import Change


class Accounts(Protocol):
    """Who may sign in. Everything raises RecordsUnreachable; a change and its line in the audit log are one."""

    async def accounts(self) -> Sequence[Account]:
        """Every account, by name."""

    async def account(self, identifier: UUID) -> Account | None:
        """The account of an id."""

    async def named(self, name: str) -> tuple[Account, str] | None:
        """The account of a name, and its password's hash."""

    async def add(
        self, identifier: UUID, name: str, role: Role, password_hash: str, change: Change, *, first: bool = False
    ) -> bool:
        """Make one with a one-time password. False if there is one of that name, or, for the `first`, any at all."""

    async def set_password(
        self, identifier: UUID, password_hash: str, at: datetime, change: Change, *, must_change: bool
    ) -> bool:
        """Another password: sessions that began before `at` are over. False if there is no such account."""

    async def set_role(self, identifier: UUID, role: Role, change: Change) -> bool:
        """Another role. False if there is no such account, or it is the last that can manage accounts."""

    async def set_disabled(self, identifier: UUID, change: Change, *, disabled: bool) -> bool:
        """Let it sign in no more, or again. False as `set_role`."""

    async def note(self, change: Change) -> None:
        """A line of the audit log alone."""

    async def audit_log(self, before: int | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """Its newest lines before a line's id."""


@dataclass(frozen=True, slots=True)
class SiteOffice(ConsoleOffice):
    """Everything a page may need."""

    accounts: Accounts
    calls: Calls
    live_calls: LiveCalls
    hashed: Callable[[str], Awaitable[str]]  # a password as it is kept
    is_right: Callable[[str, str | None], Awaitable[bool]]  # whether that is the password; as slow where there is none
    wrong_passwords: WrongSecrets  # counted by address and by name
    controller_status: Callable[[], Awaitable[Mapping[str, Any] | None]]  # None: it does not answer
    session_key: str
    over_tls: bool  # whether browsers reach us by TLS, our own or a proxy's
