"""Progress of whatever is worked on in a workspace, while another process (a notebook's kernel) has started it."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from workbench.events import EventReader
from workbench.notebook import View
from workbench.runs import KINDS
from workbench.workspace import Workspace


class Watch:
    """Gives the events of all runs to a view, from a thread, while the context lasts; earlier events are left out."""

    def __init__(self, workspace: Workspace, view: View, interval: float = 0.5) -> None:
        self._workspace = workspace
        self._view = view
        self._interval = interval
        self._readers: dict[Path, EventReader] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        for reader in self._found():
            reader.poll()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(self._interval):
            self._show()
        self._show()

    def _show(self) -> None:
        for reader in self._found():
            for event in reader.poll():
                self._view(event)

    def _found(self) -> list[EventReader]:
        for kind in KINDS:
            for path in self._workspace.folder(kind).glob("*/Logs/events.jsonl"):
                self._readers.setdefault(path, EventReader(path))
        return list(self._readers.values())
