import io
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.jobs.counting import COUNTING, CountingOptions
from workbench import notebook
from workbench.errors import TrainingError
from workbench.jobs import steps
from workbench.notebook import LiveView, NotebookView, TerminalView, progress_html, progress_view, start
from workbench.workspace import Workspace


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(steps.STEPS, "count", COUNTING)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("counting")
def test_a_step_is_started_watched_and_reused(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    step = start("count", CountingOptions()).wait()
    assert step.run.folder.parent == workspace.root / "evaluations"
    assert step.run.name == "count"
    assert step.manifest["counted"] == [1, 1, 1]
    out, err = capsys.readouterr()
    assert out == ""
    assert "count: 1 of 3 (33 %)" in err
    assert "\x1b" not in err
    assert "Done in" in err.splitlines()[-1]
    again = start("count", CountingOptions())
    assert repr(again).startswith(f"Reused: {step.run.folder.name}, made 20")
    assert again._repr_html_().startswith("<p>Reused")


@pytest.mark.usefixtures("counting")
def test_an_error_is_raised_in_the_cell_that_waits(capsys: pytest.CaptureFixture[str]) -> None:
    step = start("count", CountingOptions(ending="raise"), name="wrong")
    with pytest.raises(TrainingError, match="the last number is wrong"):
        step.wait()
    assert "the last number is wrong" in capsys.readouterr().err


def event(step: int) -> dict[str, Any]:
    return {"stage": "count", "step": step, "steps": 100}


def test_a_log_file_gets_a_line_now_and_then() -> None:
    stream = io.StringIO()
    view = TerminalView(stream, pause=60)
    for step in range(1, 50):
        view(event(step))
    view({"stage": "another"})
    view.finish("Done.")
    assert stream.getvalue() == "count: 1 of 100 (1 %)\nanother\nDone.\n"


def test_a_terminal_s_line_is_rewritten() -> None:
    stream = Terminal()
    view = TerminalView(stream)
    view(event(1))
    view.finish("Done.")
    assert stream.getvalue() == "\rcount: 1 of 100 (1 %)\rDone.                \n"


def test_a_lasting_line_stays_in_sight() -> None:
    lasting = {"stage": "plan", "sentence": "Two leaves. " * 20, "lasting": True}
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        view = TerminalView(stream, pause=60)
        view(event(1))
        view(lasting)
        view(event(2))
        view(lasting)
        view(event(3))
        view.finish("Done.")
    assert f"\r{lasting['sentence']}\n\rcount: 2 of 100" in terminal.getvalue()
    assert f"{lasting['sentence']}\n" in log.getvalue()


def test_the_line_says_all_that_the_bar_does() -> None:
    shown = progress_html("1 of 2 <b>", 0.5)
    assert '<p role="status" aria-live="polite">1 of 2 &lt;b&gt;</p>' in shown
    assert "width:120px" in shown
    assert "span" not in progress_html("Done.", None)


def test_outside_a_kernel_progress_goes_to_the_terminal() -> None:
    assert isinstance(progress_view(), TerminalView)


def test_an_executed_notebook_keeps_one_plain_output(tmp_path: Path) -> None:
    source = """
from workbench.notebook import progress_view
view = progress_view()
for step in range(1, 4):
    view({"stage": "count", "step": step, "steps": 3})
view({"stage": "plan", "sentence": "Two <leaves>.", "lasting": True})
view.finish("Done.")
"""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(document, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = document.cells[0].outputs
    assert output["data"]["text/plain"] == "Two <leaves>.\nDone."
    assert "<p>Two &lt;leaves&gt;.</p>" in output["data"]["text/html"]
    assert "Done." in output["data"]["text/html"]


def test_a_kernel_gets_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_in_notebook", lambda: True)
    assert isinstance(progress_view(), NotebookView)


class Counted:
    """Stands for a figure: it says how many events it was drawn from."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.text = f"<figure>{len(events)} events</figure>"

    def _repr_html_(self) -> str:
        return self.text


def test_a_picture_follows_the_work_and_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython import display as ipython

    shown: list[str] = []

    class Handle:
        def update(self, bundle: dict[str, str], raw: bool) -> None:
            shown.append(bundle["text/html"])

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(bundle["text/html"])
        return Handle()

    monkeypatch.setattr(ipython, "display", display)
    monkeypatch.setattr(notebook, "_REDRAWN", 0.0)
    monkeypatch.setattr(notebook, "_SHARE", 1e9)
    view = LiveView(Counted, pause=0.0)
    for step in (1, 2, 3):
        view(event(step))
    view.finish("Done.")
    assert "<figure>1 events</figure>" in shown[0]
    assert shown[2].endswith("<figure>3 events</figure>")
    assert "3 of 100" in shown[2]
    assert "figure" not in shown[3]


def test_a_picture_is_drawn_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    view = LiveView(lambda events: drawn.append(len(events)) or Counted(events), pause=0.0)  # type: ignore[func-returns-value]
    assert [view._below() != "" for _ in range(5)] == [True] * 5
    assert len(drawn) == 1


def test_only_a_kernel_is_shown_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress_view(Counted), TerminalView)
    monkeypatch.setattr(notebook, "_in_notebook", lambda: True)
    assert isinstance(progress_view(Counted), LiveView)
    assert not isinstance(progress_view(), LiveView)
