"""What takes long, shown while it does: bars on a terminal, a line for each thing begun elsewhere."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn


class ShownProgress:
    """A `with` block in which `tell` may be called from any thread."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def tell(self, doing: str, share: float) -> None:
        """`doing`, say "fetching asterisk", is done to this share, 0 to 1."""
        with self._lock:
            if doing not in self._tasks:
                self._tasks[doing] = self._bars.add_task(doing, total=1.0)
                if not self._console.is_terminal:
                    self._console.print(f"{doing} …", soft_wrap=True)
            self._bars.update(self._tasks[doing], completed=share)
