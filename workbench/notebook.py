"""What the notebooks import: starting a step in the workspace and watching it.

The same calls work in a plain script, where progress goes to standard error.
"""

import html
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, Self, TextIO

from workbench.events import Event
from workbench.jobs.job import Job
from workbench.jobs.job import start as start_job
from workbench.jobs.progress import progress_line, progress_share
from workbench.jobs.steps import find_step
from workbench.options import Options
from workbench.runs import Run
from workbench.workspace import Workspace

_BAR = 240
# A live picture is drawn this seldom, and takes at most this share of the time from what works beside it.
_REDRAWN = 3.0
_SHARE = 0.05


class View(Protocol):
    """One line that follows the work and then stays."""

    def __call__(self, event: Event) -> None: ...

    def finish(self, sentence: str) -> None: ...


class Picture(Protocol):
    """What shows itself in a notebook, a figure for one."""

    def _repr_html_(self) -> str: ...


Draw = Callable[[list[Event]], Picture]


class StartedStep:
    """A step's run as a cell shows it; `wait` in the next cell."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @property
    def run(self) -> Run:
        return self.job.run

    @property
    def manifest(self) -> dict[str, Any]:
        return self.job.manifest

    def stop(self) -> None:
        """Asks for a checkpoint; starting again goes on from there."""
        self.job.stop()

    def wait(self, view: View | None = None, draw: Draw | None = None) -> Self:
        """Shows progress until the run is done. Interrupting the cell asks for a checkpoint.

        In a notebook `draw` makes a picture of all events so far, which stands below the line meanwhile.
        """
        shown = view or progress_view(draw)
        try:
            self.job.wait(shown)
        finally:
            shown.finish(self._sentence())
        return self

    def _sentence(self) -> str:
        if self.job.reused:
            finished = self.run.manifest["finished_at"][:16].replace("T", " ")
            return f"Reused: {self.run.folder.name}, made {finished} UTC."
        return f"{self.run.folder.name}: {self.run.state['sentence']}"

    def __repr__(self) -> str:
        return self._sentence()

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self._sentence())}</p>"


def start(step: str, options: Options, *, workspace: Workspace | None = None, name: str = "") -> StartedStep:
    """Starts a step in a child process and comes back at once; a finished run is found again instead.

    The run is called by the name given, else by the options' own `name`, else by the step.
    """
    called = name or str(getattr(options, "name", "")) or find_step(step).name
    return StartedStep(start_job(step, options, workspace=workspace or Workspace.find(), name=called))


def progress_view(draw: Draw | None = None) -> View:
    """A display in a notebook, a line on a terminal; only the display has room for a picture."""
    if not _in_notebook():
        return TerminalView()
    return LiveView(draw) if draw else NotebookView()


class NotebookView:
    """A display that is replaced in place, and in an executed notebook is one plain output with the last line."""

    def __init__(self, pause: float = 0.25) -> None:
        self._pause = pause
        self._shown = 0.0
        self._handle: Any = None
        self._lasting: list[str] = []

    def __call__(self, event: Event) -> None:
        if event.get("lasting"):
            self._lasting = list(dict.fromkeys([*self._lasting, progress_line(event)]))
        elif time.monotonic() - self._shown >= self._pause:
            self._show(progress_line(event), progress_share(event))

    def finish(self, sentence: str) -> None:
        self._show(sentence, None)

    def _show(self, line: str, share: float | None) -> None:
        from IPython import display as ipython

        display: Any = ipython.display
        self._shown = time.monotonic()
        above = "".join(f"<p>{html.escape(each)}</p>" for each in self._lasting)
        page = above + progress_html(line, share) + self._below()
        bundle = {"text/plain": "\n".join((*self._lasting, line)), "text/html": page}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def _below(self) -> str:
        return ""


class LiveView(NotebookView):
    """A line, and while the work goes on a picture of all its events below it."""

    def __init__(self, draw: Draw, pause: float = 0.25) -> None:
        super().__init__(pause)
        self._draw = draw
        self._events: list[Event] = []
        self._picture = ""
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        self._events.append(event)
        super().__call__(event)

    def finish(self, sentence: str) -> None:
        self._picture, self._next = "", float("inf")
        super().finish(sentence)

    def _below(self) -> str:
        started = time.monotonic()
        if started >= self._next:
            self._picture = self._draw(self._events)._repr_html_()
            took = time.monotonic() - started
            self._next = started + max(_REDRAWN, took / _SHARE)
        return self._picture


class TerminalView:
    """A line on standard error: rewritten in place on a terminal, a new one now and then in a log file."""

    def __init__(self, stream: TextIO | None = None, pause: float = 10.0) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._pause = 0.1 if self._live else pause
        self._shown = float("-inf")
        self._width = 0
        self._stage = ""
        self._lasting: list[str] = []

    def __call__(self, event: Event) -> None:
        lasting = bool(event.get("lasting")) and progress_line(event) not in self._lasting
        if lasting:
            self._lasting.append(progress_line(event))
        if lasting or time.monotonic() - self._shown >= self._pause or event["stage"] != self._stage:
            self._stage = event["stage"]
            self._show(progress_line(event), "" if self._live and not lasting else "\n")

    def finish(self, sentence: str) -> None:
        self._show(sentence, "\n")

    def _show(self, line: str, end: str) -> None:
        self._shown = time.monotonic()
        start = "\r" if self._live else ""
        if self._live and not end:
            line = line[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"{start}{line:<{self._width}}{end}")
        self._stream.flush()
        self._width = len(line) if self._live and not end else 0


def progress_html(line: str, share: float | None) -> str:
    """A line that screen readers announce; the bar beside it says nothing that the line does not."""
    bar = ""
    if share is not None:
        inner = f"width:{share * _BAR:.0f}px;height:6px;background:#1976d2"
        bar = f'<span aria-hidden="true" style="display:block;width:{_BAR}px;background:#ddd">'
        bar += f'<span style="display:block;{inner}"></span></span>'
    return f'<p role="status" aria-live="polite">{html.escape(line)}</p>{bar}'


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython is asked only when something else has imported it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None
