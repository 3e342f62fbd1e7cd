"""The console's process: it listens until it is told to stop, and ends the requests it has."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from switchboard.console.application import make_application
from switchboard.console.site_office import SiteOffice
from switchboard.errors import SetupError
from switchboard.settings import Settings

STOPS_WITHIN = 3.0  # seconds that requests under way get

log = structlog.get_logger(__name__)


async def serve(settings: Settings, office: SiteOffice) -> None:
    """Serve until SIGTERM or SIGINT. Raises SetupError where it cannot listen."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logging.getLogger("aiohttp.server").addFilter(_is_no_nonsense)
    runner = web.AppRunner(make_application(office), access_log=None, shutdown_timeout=STOPS_WITHIN)
    await runner.setup()
    following = asyncio.create_task(office.live_calls.run(), name="live-calls")
    try:
        await listen(runner, settings)
        log.info("console_started", url=settings.console_url)
        await stop.wait()
        log.info("console_stopping")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await runner.cleanup()


def _is_no_nonsense(record: logging.LogRecord) -> bool:
    """Whether a line is about us: what is no HTTP is answered with 400, and is no error of ours that fills the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def listen(runner: web.AppRunner, settings: Settings) -> None:
    """Raises SetupError."""
    bind, port = str(settings.console_bind), settings.console_port
    try:
        await web.TCPSite(runner, bind, port, ssl_context=tls(settings)).start()
    except OSError as error:
        raise SetupError(f"console_port: the console cannot listen on {bind} port {port}: {error.strerror}") from error


def tls(settings: Settings) -> ssl.SSLContext | None:
    """As the settings say; None: without. Raises SetupError."""
    if settings.console_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.console_certificate, settings.console_key)
    except (OSError, ssl.SSLError) as error:
        files = f"{settings.console_certificate}, {settings.console_key or 'its own key'}"
        raise SetupError(f"console_certificate: cannot be used ({files}): {error.strerror or error}") from error
    return context
