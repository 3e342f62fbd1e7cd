"""What the controller tells and takes over its unix socket, as HTTP: `GET /status`, `POST /reload`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from switchboard.changeover import Changed, one_line
from switchboard.errors import SwitchboardError

STOPS_WITHIN = 3.0  # seconds a change under way gets when the controller stops

log = structlog.get_logger()


class ControlSocket:
    """Serves the socket: `status` answers GET /status, `reload` makes a version the one that is served."""

    def __init__(
        self, path: Path, *, status: Callable[[], dict[str, Any]], reload: Callable[[str], Awaitable[Changed]]
    ) -> None:
        self._path = path
        self._status, self._reload = status, reload
        self._changes: set[asyncio.Task[Changed]] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Only our own account can use it."""
        application = web.Application()
        application.router.add_get("/status", self._get_status)
        application.router.add_post("/reload", self._post_reload)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOPS_WITHIN)
        await runner.setup()
        self._path.unlink(missing_ok=True)
        await web.UnixSite(runner, str(self._path)).start()
        self._path.chmod(0o600)
        try:
            yield
        finally:
            await runner.cleanup()
            for change in self._changes:
                change.cancel()
            await asyncio.gather(*self._changes, return_exceptions=True)

    async def _get_status(self, _: web.Request) -> web.Response:
        return web.json_response(self._status())

    async def _post_reload(self, request: web.Request) -> web.Response:
        """`{"version": "…"}`: 200 when it is served, 409 with a line that says why not."""
        try:
            version = json.loads(await request.text())["version"]
        except (ValueError, TypeError, KeyError):
            version = None
        if not isinstance(version, str):
            return web.json_response({"problem": 'expected {"version": "<its name>"}'}, status=400)
        # In a task of its own: whoever asked may hang up, and the change is made or undone all the same.
        change = asyncio.ensure_future(self._reload(version))
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)
        try:
            changed = await asyncio.shield(change)
        except SwitchboardError as error:
            return web.json_response({"problem": one_line(error)}, status=409)
        except Exception:  # a task's root: the old version serves on, and whoever asked must hear of it
            log.exception("configuration_change_broke", version=version)
            return web.json_response({"problem": "the change broke off; the controller's log says where"}, status=500)
        return web.json_response(
            {
                "version": changed.version,
                "was": changed.was,
                "asterisk": changed.asterisk.files,
                "at_next_start": changed.asterisk.at_next_start,
            }
        )
