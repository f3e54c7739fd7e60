"""The kernel is restarted while its notebook trains: run again, training goes on from the last checkpoint."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import LONG, Lab, Open, kernel_ready, run_all
from workbench.events import read_events
from workbench.generation.options import GenerationOptions
from workbench.jobs.job import start
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.prove]
RESTART = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }"


def training_steps(run: Run, attempt: int) -> list[int]:
    """Steps of phase 1 that an attempt has told of."""
    events = read_events(run.events) if run.events.is_file() else []
    steps = [event for event in events if event["stage"] == "phase_1" and "rate" in event]
    return [event["step"] for event in steps if event["attempt"] == attempt]


def only_run(workspace: Workspace) -> Run | None:
    runs = workspace.runs("trained_models")
    return runs[0] if runs else None


def until_step(workspace: Workspace, step: int) -> Run:
    for _ in range(300):
        run = only_run(workspace)
        if run and step <= max(training_steps(run, 1), default=0):
            return run
        time.sleep(1)
    pytest.fail("training did not get going")


def test_training_goes_on_when_the_kernel_was_restarted(lab: Lab, open_notebook: Open) -> None:
    workspace = Workspace(lab.folder / "workspace")
    lay_out_sample(workspace)
    start("generate", GenerationOptions(num_instructions=30), workspace=workspace, name="demo").wait()
    page: Any = open_notebook("notebooks/04_train.ipynb")
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    run = until_step(workspace, 20)
    page.evaluate(RESTART)
    kernel_ready(page)
    run_all(page, 10 * LONG)
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert min(training_steps(run, 2)) == max(training_steps(run, 1)) + 1
    assert run.state["status"] == "completed"
    assert Path(run.folder / "manifest.json").is_file()
