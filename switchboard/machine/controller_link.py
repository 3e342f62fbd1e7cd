"""Asking the running controller how it is, over the unix socket it serves HTTP on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

DEADLINE = 2.0  # seconds


async def controller_status(socket: Path) -> dict[str, Any] | None:
    """What `GET /status` answers: `answering` (whether calls can be), `calls`, `flow_version`, and more.

    None if nobody answers in time, or not in these words.
    """
    try:
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"GET /status HTTP/1.0\r\nHost: controller\r\n\r\n")
                await writer.drain()
                answer = await reader.read()
            finally:
                writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        status = json.loads(body) if head.split()[1:2] == [b"200"] else None
    except (OSError, TimeoutError, ValueError):
        return None
    return status if isinstance(status, dict) else None
