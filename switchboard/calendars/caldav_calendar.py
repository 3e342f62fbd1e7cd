"""A calendar on a CalDAV server (RFC 4791), with sync tokens (RFC 6578) where it has them, else by ctags and etags.

Every request has a deadline, and is one of WebDAV's plain ones: the `caldav` library would bring a library that takes
urllib3's name for all programs of the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import aiohttp
from defusedxml.ElementTree import ParseError, fromstring
from yarl import URL

from switchboard.calendars.remote_calendar import CalendarObject, Changes
from switchboard.errors import CalendarUnreachable

REQUEST_DEADLINE = 10.0  # seconds without an answer
DEADLINE = 60.0  # seconds for what one question needs, several requests maybe
AT_ONCE = 100  # objects a request
MOST_ROUNDS = 1_000  # of a server that tells changes piece by piece
BY_TOKEN, BY_CTAG = "sync:", "ctag:"
LONGEST = 64 << 20  # bytes of an answer

_DAV, _CALDAV, _SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"

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


@dataclass(frozen=True, slots=True)
class _Told:
    """One resource of a multistatus answer (RFC 4918, 14.16)."""

    href: str  # a path, not quoted
    is_gone: bool
    is_rest_missing: bool  # RFC 6578, 3.6: there is more to ask for
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    etag: str
    body: bytes

    def told(self) -> tuple[list[_Told], str]:
        """What a multistatus answer says, and its sync token. Raises ValueError."""
        try:
            root = fromstring(self.body, forbid_dtd=True)
        except (ParseError, ValueError) as error:
            raise ValueError(f"the server's answer is no XML: {error}") from error
        return [_resource(each) for each in root.iter(f"{_DAV}response")], root.findtext(f"{_DAV}sync-token") or ""


class CaldavCalendar:
    """Implements RemoteCalendar. `url` is the calendar's own address."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url.rstrip("/") + "/"
        parts = urlsplit(self._url)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}", unquote(parts.path)
        authorization = aiohttp.encode_basic_auth(username, password)
        self._headers = {"User-Agent": "switchboard", "Authorization": authorization}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let the connection go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def address(self) -> str:
        """See RemoteCalendar."""
        return self._url

    def href(self, name: str) -> str:
        """See RemoteCalendar."""
        return self._path + name

    async def changes(self, token: str, known: Mapping[str, str]) -> Changes:
        """See RemoteCalendar."""
        async with self._told_of():
            return await self._changes(token, known)

    async def get(self, href: str) -> CalendarObject | None:
        """See RemoteCalendar."""
        async with self._told_of():
            return next(iter(await self._fetched([href])), None)

    async def put(self, href: str, text: bytes, etag: str | None) -> str | None:
        """See RemoteCalendar."""
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        async with self._told_of():
            answer = await self._request("PUT", self._address(href), text, headers)
            if answer.status in (404, 409, 412):  # 404: gone while it was to be there
                return None
            _accept(answer, 200, 201, 204)
            return answer.etag or await self._etag_now(href)

    async def delete(self, href: str, etag: str) -> bool:
        """See RemoteCalendar."""
        async with self._told_of():
            answer = await self._request("DELETE", self._address(href), b"", {"If-Match": etag})
            if answer.status == 412:
                return False
            _accept(answer, 200, 204, 404, 410)
            return True

    @asynccontextmanager
    async def _told_of(self) -> AsyncIterator[None]:
        """What goes wrong in here is told as CalendarUnreachable."""
        try:
            async with asyncio.timeout(DEADLINE):
                yield
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise CalendarUnreachable(_in_a_line(error)) from error

    async def _request(self, method: str, url: str, body: bytes | str, headers: Mapping[str, str]) -> _Answer:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=REQUEST_DEADLINE)
            # No cookies, no proxy of the environment and no other place that an answer names: our password stays here.
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout, cookie_jar=jar)
        data = body.encode() if isinstance(body, str) else body
        address = URL(url, encoded=True)
        asked = self._session.request(method, address, data=data, headers=headers, allow_redirects=False)
        async with asked as response:
            read = bytearray()
            async for chunk in response.content.iter_any():
                read += chunk
                if len(read) > LONGEST:
                    raise ValueError("the server's answer is too long")
        if response.status in (401, 403) and not (method == "REPORT" and response.status == 403):
            raise ValueError("the server refuses the username or its password")
        return _Answer(response.status, response.headers.get("ETag", ""), bytes(read))

    async def _multistatus(self, method: str, body: str, depth: str) -> _Answer:
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}
        return await self._request(method, self._url, body, headers)

    async def _changes(self, token: str, known: Mapping[str, str]) -> Changes:
        if token.startswith(BY_CTAG):
            return await self._changes_by_ctag(token.removeprefix(BY_CTAG), known)
        if token and (changes := await self._changes_by_token(token.removeprefix(BY_TOKEN))) is not None:
            return changes
        if (changes := await self._changes_by_token("")) is not None:
            return changes
        return await self._changes_by_ctag("", {})

    async def _changes_by_token(self, token: str) -> Changes | None:
        """None where the server knows no such tokens, or not this one any more."""
        is_all, etags, gone = not token, dict[str, str](), set[str]()
        for _ in range(MOST_ROUNDS):
            answer = await self._multistatus("REPORT", _SYNC.format(escape(token)), "0")
            if answer.status == 404:
                raise ValueError("there is no calendar at this address")
            if answer.status in (400, 403, 405, 409, 410, 412, 415, 422, 501):  # 403: a token that was (RFC 6578, 3.2)
                return None
            _accept(answer, 207)
            told, following = answer.told()
            if not following:
                return None
            for each in filter(lambda each: self._is_object(each.href), told):
                if each.is_gone:
                    gone.add(each.href)
                    etags.pop(each.href, None)
                else:
                    gone.discard(each.href)
                    etags[each.href] = each.properties.get(f"{_DAV}getetag", "")
            is_whole, token = following == token or not any(each.is_rest_missing for each in told), following
            if is_whole:
                break
        objects = tuple(await self._fetched(etags))
        vanished = etags.keys() - {each.href for each in objects}
        if is_all:
            return Changes(BY_TOKEN + token, objects, is_all=True)
        return Changes(BY_TOKEN + token, objects, frozenset(gone | vanished))

    async def _changes_by_ctag(self, ctag: str, known: Mapping[str, str]) -> Changes:
        answer = await self._multistatus("PROPFIND", _PROPERTIES.format("<s:getctag/>"), "0")
        _accept(answer, 207)
        now = next((each.properties.get(f"{_SERVER}getctag", "") for each in answer.told()[0]), "")
        if ctag and now == ctag:
            return Changes(BY_CTAG + now)
        answer = await self._multistatus("PROPFIND", _PROPERTIES.format("<getetag/>"), "1")
        _accept(answer, 207)
        told = [each for each in answer.told()[0] if self._is_object(each.href) and not each.is_gone]
        etags = {each.href: each.properties.get(f"{_DAV}getetag", "") for each in told}
        if not known:
            return Changes(BY_CTAG + now, tuple(await self._fetched(etags)), is_all=True)
        changed = [href for href, etag in etags.items() if not etag or known.get(href) != etag]
        return Changes(BY_CTAG + now, tuple(await self._fetched(changed)), frozenset(known.keys() - etags.keys()))

    async def _fetched(self, hrefs: Iterable[str]) -> list[CalendarObject]:
        wanted_all, found = list(hrefs), []
        for first in range(0, len(wanted_all), AT_ONCE):
            some = wanted_all[first : first + AT_ONCE]
            wanted = "".join(f"<href>{escape(_quoted(href))}</href>" for href in some)
            answer = await self._multistatus("REPORT", _MULTIGET.format(wanted), "0")
            _accept(answer, 207)
            for each in answer.told()[0]:
                text, etag = (each.properties.get(name) for name in (f"{_CALDAV}calendar-data", f"{_DAV}getetag"))
                if text and etag:
                    found.append(CalendarObject(each.href, etag, text.encode()))
        return found

    async def _etag_now(self, href: str) -> str | None:
        """Of servers that do not tell it when something is written."""
        return next((each.etag for each in await self._fetched([href])), None)

    def _is_object(self, href: str) -> bool:
        return href.rstrip("/") != self._path.rstrip("/") and not href.endswith("/")

    def _address(self, href: str) -> str:
        return self._origin + _quoted(href)


def _quoted(href: str) -> str:
    return quote(href, safe="/%@:+~!$&'()*,;=")


def _resource(element: Element) -> _Told:
    """A `response` element: a status of its own, or properties, those that are there with status 200."""
    path = unquote(urlsplit((element.findtext(f"{_DAV}href") or "").strip()).path)
    status = _status(element)
    properties = {
        each.tag: each.text or ""
        for found in element.findall(f"{_DAV}propstat")
        if _status(found) == 200
        for each in found.iterfind(f"{_DAV}prop/*")
    }
    return _Told(path, status in (404, 410), status == 507, properties)


def _status(element: Element) -> int:
    """Of "HTTP/1.1 404 Not Found"; 0 where there is none."""
    words = (element.findtext(f"{_DAV}status") or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _accept(answer: _Answer, *statuses: int) -> None:
    if answer.status not in statuses:
        reason = "there is no calendar at this address" if answer.status == 404 else f"status {answer.status}"
        raise ValueError(reason)


def _in_a_line(error: BaseException) -> str:
    """One line without any password."""
    if isinstance(error, TimeoutError):
        return f"no answer in {DEADLINE:g} s"
    if isinstance(error, (OSError, aiohttp.ClientConnectionError)):
        return f"the server cannot be reached ({type(error).__name__})"
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return (text or type(error).__name__)[:300]
