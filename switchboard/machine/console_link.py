"""Asking the running console how it is, over the port it listens on."""

from __future__ import annotations

import asyncio
import json
import ssl
from urllib.parse import urlsplit

DEADLINE = 2.0  # seconds


async def console_problem(url: str) -> str | None:
    """What its health route says is wrong, "" if nothing is; None if nobody answers there in time."""
    try:
        async with asyncio.timeout(DEADLINE):
            return await _ask(url)
    except (OSError, TimeoutError, ValueError):
        return None


async def _ask(url: str) -> str:
    """Raises OSError, or ValueError where it is no answer of ours."""
    where = urlsplit(url)
    context: ssl.SSLContext | None = None
    if where.scheme == "https":
        context = ssl.create_default_context()
        # Its certificate is for the name that others know it by; nothing secret is said to it.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(where.hostname, where.port, ssl=context)
    try:
        writer.write(f"GET /health HTTP/1.0\r\nHost: {where.netloc}\r\n\r\n".encode())
        await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    lines = head.decode("latin-1").split("\r\n")
    if "server: switchboard" not in {line.casefold() for line in lines[1:]}:
        raise ValueError("another program's answer")
    answer = json.loads(body)
    return str(answer["detail"]) if " 503 " in f"{lines[0]} " and isinstance(answer, dict) else ""
