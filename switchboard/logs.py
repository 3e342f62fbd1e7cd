"""Logs: one line an event, past tense, written by a thread so that no call waits for a disk or a terminal.

The call's id is bound once; callers' numbers are masked; digits and PINs are never logged.
"""

from __future__ import annotations

import atexit
import logging
import queue
import re
import sys
from collections.abc import MutableMapping
from logging.handlers import QueueHandler, QueueListener
from typing import Any

import structlog

from switchboard.settings import LogForm, Settings

LONGEST_QUEUE = 10_000  # lines; beyond it new ones are dropped rather than a call delayed

_NUMBER = re.compile(r"\+?\d{7,}")  # long enough to be somebody's; extensions and ports are shorter
_NUMBER_KEYS = frozenset({"caller", "caller_number", "text"})


class _DroppingHandler(QueueHandler):
    """Never waits: a full queue costs the line."""

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """structlog's message is a dict that the listener's formatter renders; the default would flatten it."""
        return record


def to_standard_error() -> None:
    """For commands that play calls: what a call logs is no part of what they print, which programs read."""
    # Asked anew for each line: standard error may be another one by then.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def configure(settings: Settings) -> None:
    """Log to standard error, in the form and at the level of the settings."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_form is LogForm.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_numbers,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    lines: queue.Queue[logging.LogRecord] = queue.Queue(LONGEST_QUEUE)
    listener = QueueListener(lines, output)
    listener.start()
    atexit.register(listener.stop)
    root = logging.getLogger()
    root.handlers = [_DroppingHandler(lines)]
    root.setLevel(settings.log_level.upper())
    for chatty in ("panoramisk", "picows", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def masked(number: str) -> str:
    """A telephone number for a log: the last three digits stay."""
    return _NUMBER.sub(lambda match: "*" * (len(match[0]) - 3) + match[0][-3:], number)


def _mask_numbers(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBER_KEYS & event.keys():
        event[key] = masked(str(event[key]))
    return event
