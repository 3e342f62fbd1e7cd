"""A calendar on a CalDAV server (RFC 4791), with sync tokens (RFC 6578) where it has them, else by ctags and etags.

The library blocks, so each calendar has a thread of its own: a server that hangs keeps nobody waiting but its own
calendar. Every request has a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from caldav.davclient import DAVClient
from caldav.lib.error import AuthorizationError, DAVError

from switchboard.calendars.remote_calendar import CalendarObject, Changes
from switchboard.errors import CalendarUnreachable

REQUEST_DEADLINE = 10  # seconds without an answer
DEADLINE = 60.0  # seconds for what one question needs, several requests maybe
AT_ONCE = 100  # objects a request
MOST_ROUNDS = 1_000  # of a server that tells changes piece by piece
BY_TOKEN, BY_CTAG = "sync:", "ctag:"

_PROPERTIES = (
    '<?xml version="1.0"?><propfind xmlns="DAV:" xmlns:s="http://calendarserver.org/ns/"><prop>{}</prop></propfind>'
)
_SYNC = (
    '<?xml version="1.0"?><sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level>'
    "<prop><getetag/></prop></sync-collection>"
)
_MULTIGET = (
    '<?xml version="1.0"?><C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/>'
    "<C:calendar-data/></prop>{}</C:calendar-multiget>"
)

T = TypeVar("T")


class CaldavCalendar:
    """Implements RemoteCalendar. `url` is the calendar's own address."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url.rstrip("/") + "/"
        parts = urlsplit(self._url)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}", unquote(parts.path)
        self._client = DAVClient(
            url=self._url,
            username=username,
            password=password,
            timeout=REQUEST_DEADLINE,
            enable_rfc6764=False,
            headers={"User-Agent": "switchboard"},
        )
        self._client.session.trust_env = False  # no password but ours, and no proxy
        self._thread = ThreadPoolExecutor(1, "caldav")

    async def close(self) -> None:
        """Let the connection go; a request under way ends by its own deadline."""
        self._thread.submit(self._client.close)
        self._thread.shutdown(wait=False)

    def href(self, name: str) -> str:
        """See RemoteCalendar."""
        return self._path + name

    async def changes(self, token: str, known: Mapping[str, str]) -> Changes:
        """See RemoteCalendar."""
        return await self._asked(lambda: self._changes(token, known))

    async def get(self, href: str) -> CalendarObject | None:
        """See RemoteCalendar."""
        return await self._asked(lambda: next(iter(self._fetched([href])), None))

    async def put(self, href: str, text: bytes, etag: str | None) -> str | None:
        """See RemoteCalendar."""
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}

        def put() -> str | None:
            answer = self._client.put(self._address(href), text.decode(), headers)
            if answer.status in (404, 409, 412):  # 404: gone while it was to be there
                return None
            _accept(answer, 200, 201, 204)
            return _etag(answer) or self._etag_now(href)

        return await self._asked(put)

    async def delete(self, href: str, etag: str) -> bool:
        """See RemoteCalendar."""

        def delete() -> bool:
            answer = self._client.delete(self._address(href), {"If-Match": etag})
            if answer.status == 412:
                return False
            _accept(answer, 200, 204, 404, 410)
            return True

        return await self._asked(delete)

    async def _asked(self, question: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(DEADLINE):
                return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except AuthorizationError as error:
            raise CalendarUnreachable("the server refuses the username or its password") from error
        except (DAVError, OSError, TimeoutError, ValueError, LookupError, SyntaxError, RuntimeError) as error:
            raise CalendarUnreachable(_told(error)) from error

    # -- in the calendar's thread

    def _changes(self, token: str, known: Mapping[str, str]) -> Changes:
        if token.startswith(BY_CTAG):
            return self._changes_by_ctag(token.removeprefix(BY_CTAG), known)
        if token and (changes := self._changes_by_token(token.removeprefix(BY_TOKEN))) is not None:
            return changes
        if (changes := self._changes_by_token("")) is not None:
            return changes
        return self._changes_by_ctag("", {})

    def _changes_by_token(self, token: str) -> Changes | None:
        """None where the server knows no such tokens, or not this one any more."""
        is_all, etags, gone = not token, dict[str, str](), set[str]()
        for _ in range(MOST_ROUNDS):
            try:
                answer = self._client.report(self._url, _SYNC.format(escape(token)), depth=0)
            except AuthorizationError:  # 403, too: a token that is not valid any more (RFC 6578, 3.2)
                if token:
                    return None
                raise
            if answer.status == 404:
                raise ValueError("there is no calendar at this address")
            if answer.status in (400, 403, 405, 409, 410, 412, 415, 422, 501):
                return None
            _accept(answer, 207)
            told = answer.parse_sync_collection()
            if not told.sync_token:
                return None
            etags.update({each.href: each.etag or "" for each in told.changed if self._is_object(each.href)})
            gone.update(map(str, told.deleted))
            if not told.truncated or told.sync_token == token:
                token = told.sync_token
                break
            token = told.sync_token
        objects = tuple(self._fetched(etags))
        vanished = etags.keys() - {each.href for each in objects}
        if is_all:
            return Changes(BY_TOKEN + token, objects, is_all=True)
        return Changes(BY_TOKEN + token, objects, frozenset((gone - etags.keys()) | vanished))

    def _changes_by_ctag(self, ctag: str, known: Mapping[str, str]) -> Changes:
        answer = self._client.propfind(self._url, _PROPERTIES.format("<s:getctag/>"), depth=0)
        _accept(answer, 207)
        now = next((str(value) for value in _values(answer, "getctag")), "")
        if ctag and now == ctag:
            return Changes(BY_CTAG + now)
        answer = self._client.propfind(self._url, _PROPERTIES.format("<getetag/>"), depth=1)
        _accept(answer, 207)
        etags = {
            each.href: str(next((value for name, value in each.properties.items() if name.endswith("getetag")), ""))
            for each in answer.parse_propfind()
            if self._is_object(each.href)
        }
        if not known:
            return Changes(BY_CTAG + now, tuple(self._fetched(etags)), is_all=True)
        changed = [href for href, etag in etags.items() if not etag or known.get(href) != etag]
        return Changes(BY_CTAG + now, tuple(self._fetched(changed)), frozenset(known.keys() - etags.keys()))

    def _fetched(self, hrefs: Iterable[str]) -> Iterator[CalendarObject]:
        wanted_all = list(hrefs)
        for first in range(0, len(wanted_all), AT_ONCE):
            some = wanted_all[first : first + AT_ONCE]
            wanted = "".join(f"<href>{escape(_quoted(href))}</href>" for href in some)
            answer = self._client.report(self._url, _MULTIGET.format(wanted), depth=None)
            _accept(answer, 207)
            for each in answer.parse_calendar_query():
                if each.calendar_data and each.etag:
                    yield CalendarObject(each.href, each.etag, each.calendar_data.encode())

    def _etag_now(self, href: str) -> str | None:
        """Of servers that do not tell it when something is written."""
        return next((each.etag for each in self._fetched([href])), None)

    def _is_object(self, href: str) -> bool:
        return href.rstrip("/") != self._path.rstrip("/") and not href.endswith("/")

    def _address(self, href: str) -> str:
        return self._origin + _quoted(href)


def _quoted(href: str) -> str:
    return quote(href, safe="/%@:+~!$&'()*,;=")


def _etag(answer: Any) -> str:
    return str(answer.headers.get("ETag") or "")


def _values(answer: Any, name: str) -> Iterator[object]:
    for each in answer.parse_propfind():
        yield from (value for key, value in each.properties.items() if key.endswith(name) and value)


def _accept(answer: Any, *statuses: int) -> None:
    if answer.status not in statuses:
        reason = "there is no calendar at this address" if answer.status == 404 else f"status {answer.status}"
        raise ValueError(reason)


def _told(error: BaseException) -> str:
    """One line without any password."""
    if isinstance(error, TimeoutError):
        return f"no answer in {DEADLINE:g} s"
    if isinstance(error, OSError):
        return f"the server cannot be reached ({type(error).__name__})"
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return (text or type(error).__name__)[:300]
