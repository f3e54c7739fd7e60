"""JupyterLab itself, in Chromium: a notebook is opened and run twice, and a panel is clicked through."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.assets import notebooks_folder
from workbench.workspace import VARIABLE

pytestmark = pytest.mark.browser
TOKEN = "a-token-for-the-test"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LONG = 180_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the notebooks; yields its address."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(notebooks_folder(), folder / "notebooks")
    settings = folder / "settings"
    settings.mkdir()
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet))
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.expose_app_in_browser=True", f"--LabApp.app_settings_dir={settings}"]
    environment = {**os.environ, VARIABLE: str(folder / "workspace"), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(f"{address}/api/status?token={TOKEN}", process, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not answer: {log.read_text()[-2000:]}")


@pytest.fixture
def page(server: str) -> Iterator[Any]:
    """The first notebook, drawn and with its kernel ready."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        shown = browser.new_page(viewport={"width": 1280, "height": 1600})
        shown.set_default_timeout(LONG)
        shown.goto(f"{server}/doc/tree/notebooks/01_taxonomy.ipynb?reset&token={TOKEN}")
        shown.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell.currentWidget")
        shown.evaluate("async () => { await window.jupyterapp.restored; }")
        shown.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.ready; }")
        shown.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.ready; }")
        yield shown
        browser.close()


def run_all(page: Any) -> None:
    """Runs all cells and waits until the kernel has done the last one."""
    cells = "window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        f"() => {cells}.filter(cell => cell.cell_type === 'code').every(cell => cell.executionState === 'idle'"
        " && cell.execution_count !== null)",
        timeout=LONG,
    )


def test_the_first_notebook_runs_twice(page: Any) -> None:
    counts = []
    for _ in range(2):
        run_all(page)
        outputs = page.locator(".jp-OutputArea-output")
        assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
        counts.append(outputs.count())
    assert counts[0] == counts[1] > 5


def test_a_leaf_is_chosen_by_its_label(page: Any) -> None:
    run_all(page)
    picker = page.get_by_label("Leaf:")
    picker.wait_for()
    assert picker.input_value() == "knowledge/engineering/lighthouses"
    picker.select_option("compositional_skills/writing/spelling")
    assert picker.input_value() == "compositional_skills/writing/spelling"
