"""Asking the running controller how it is, and to serve another version, over the unix socket it serves HTTP on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from switchboard.errors import SetupError

DEADLINE = 2.0  # seconds
RELOAD_DEADLINE = 60.0  # seconds: Asterisk reloads, too


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What the controller did to serve another version."""

    version: str
    was: str
    asterisk: tuple[str, ...]  # files of Asterisk's configuration that were reloaded
    at_next_start: tuple[str, ...]  # those that Asterisk reads only when it starts


class ReloadRefused(SetupError):
    """The controller keeps the version it has."""


async def controller_status(socket: Path) -> dict[str, Any] | None:
    """What `GET /status` answers: `answering` (whether calls can be), `calls`, `flow_version`, and more.

    None if nobody answers in time, or not in these words.
    """
    try:
        async with asyncio.timeout(DEADLINE):
            status, answer = await _ask(socket, b"GET /status HTTP/1.0\r\nHost: controller\r\n\r\n")
    except (OSError, TimeoutError, ValueError):
        return None
    return answer if status == 200 else None


async def reload_controller(socket: Path, version: str) -> Reloaded | None:
    """Have the controller serve a kept version from the next call on. None if there is no controller.

    Raises ReloadRefused if it keeps the one it has, and SetupError if it does not answer: then it may do either.
    """
    body = json.dumps({"version": version}).encode()
    head = f"POST /reload HTTP/1.0\r\nHost: controller\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    try:
        async with asyncio.timeout(RELOAD_DEADLINE):
            status, answer = await _ask(socket, head.encode() + b"\r\n\r\n" + body)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, TimeoutError, ValueError) as error:
        raise SetupError(f"the controller did not answer the reload: {error or type(error).__name__}") from error
    if status == 200:
        return Reloaded(version, str(answer.get("was")), _names(answer, "asterisk"), _names(answer, "at_next_start"))
    raise ReloadRefused(f"the controller keeps the version it has: {answer.get('problem') or f'HTTP status {status}'}")


def _names(answer: dict[str, Any], key: str) -> tuple[str, ...]:
    value = answer.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else ()


async def _ask(socket: Path, request: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the JSON table of an answer. Raises OSError, or ValueError where it is none."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        status = int(head.split()[1])
    except IndexError:
        raise ValueError("no HTTP") from None
    try:
        table = json.loads(body)
    except ValueError:
        if status == 200:
            raise
        table = {}  # an error told in other words
    if not isinstance(table, dict):
        raise ValueError("no JSON table")
    return status, table
