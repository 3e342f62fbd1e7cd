"""What a page is: where it is, what a role must allow, how it answers. The site serves nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp_session import Session
from jinja2 import Environment, PackageLoader, StrictUndefined

from switchboard.console.site_office import SiteOffice
from switchboard.domain.account import Account, Permission
from switchboard.domain.audit import Change

STATIC = Path(__file__).parent / "static"
# Nothing but our own files: no inline script or style, no foreign page around ours, no form that leads elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Who(Enum):
    """Who may see a page that needs no permission."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"  # with a one-time password, too


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody asks for a page, and may."""

    request: web.Request
    office: SiteOffice
    session: Session
    account: Account | None  # None only on pages for anybody
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def me(self) -> Account:
        """Who asks."""
        assert self.account is not None
        return self.account

    def change(self, what: str, subject: str, **detail: Any) -> Change:
        """The line of the audit log."""
        who = f"account {self.account.name}" if self.account else "anybody"
        return Change(who, what, subject, detail, address=self.request.remote or "")

    async def zone(self) -> ZoneInfo:
        """The organisation's, on whose clock the pages are."""
        return ZoneInfo((await self.office.organisation()).timezone)

    def rendered(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> web.Response:
        """A page of a template, in the site's frame."""
        may = {each.value for each in Permission if self.account and self.account.may(each)}
        csrf = self.session.get("csrf", "")
        text = render(template, me=self.account, may=may, csrf=csrf, here=self.request.path, **values)
        return page_answer(text, status)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or what a form on it does."""

    method: str
    path: str
    needs: Permission | Who
    handle: Callable[[Visit], Awaitable[web.StreamResponse]]


def page_answer(text: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """HTML as an answer."""
    # Without a referrer browsers would not tell either from which site a form comes.
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    return web.Response(text=text, status=status.value, content_type="text/html", headers=headers)


def led_to(path: str) -> web.Response:
    """What was asked is done: look there (303)."""
    return web.Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": path})


def render(template: str, **values: Any) -> str:
    """The text of a template. Every value is escaped: what a caller sent is shown as text."""
    return _templates.get_template(template).render(**values)


def asset(name: str) -> str:
    """The address of one of our files, which changes with what is in it."""
    return f"/static/{_digests[name]}/{name}"


def clock_time(at: datetime | None, zone: ZoneInfo) -> str:
    """The wall clock's time."""
    return f"{at.astimezone(zone):%H:%M:%S}" if at else ""


def day_and_time(at: datetime | None, zone: ZoneInfo) -> str:
    """Day and time of the wall clock."""
    return f"{at.astimezone(zone):%a %d %b %Y, %H:%M}" if at else ""


def length(seconds: float) -> str:
    """A time that passed: 75 is "1:15"."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in STATIC.iterdir()}
_templates = Environment(
    loader=PackageLoader("switchboard.console.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(asset=asset)
_templates.filters.update(clock_time=clock_time, day_and_time=day_and_time, length_of=length)
