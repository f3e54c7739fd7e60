"""One JupyterLab for all tests here, in Chromium."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench.assets import notebooks_folder
from workbench.workspace import VARIABLE

TOKEN = "a-token-for-the-test"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
LONG = 60_000
_QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}

# Asked again and again: of a promise that is waited for, Chromium may drop the result ("was garbage collected").
RESTORED = """() => {
    window.jupyterapp.restored.then(() => { window.labRestored = true; });
    return window.labRestored === true;
}"""
READY = """() => {
    const shown = window.jupyterapp.shell.currentWidget;
    return shown.context.isReady && shown.sessionContext.isReady;
}"""

Open = Callable[..., Any]


@dataclass(frozen=True)
class Lab:
    """`folder` holds the notebooks and the workspace."""

    address: str
    folder: Path

    @property
    def taxonomy(self) -> Path:
        return self.folder / "workspace" / "taxonomy"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(notebooks_folder(), folder / "notebooks")
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(_QUIET))
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
        yield Lab(address, folder)
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


@pytest.fixture(scope="module")
def open_notebook(lab: Lab) -> Iterator[Open]:
    """Shows a notebook, with its kernel ready. Ends with the module: an event loop runs as long as playwright does."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)

        def shown(path: str) -> Any:
            page = browser.new_page(viewport={"width": 1280, "height": 1600})
            page.set_default_timeout(LONG)
            page.goto(f"{lab.address}/doc/tree/{path}?reset&token={TOKEN}")
            page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell.currentWidget")
            page.wait_for_function(RESTORED)
            kernel_ready(page)
            return page

        yield shown
        browser.close()


@pytest.fixture(scope="module")
def first_notebook(open_notebook: Open) -> Any:
    return open_notebook("notebooks/01_taxonomy.ipynb")


def kernel_ready(page: Any) -> None:
    """Wait until the notebook shown is read and its kernel answers."""
    page.wait_for_function(READY)


def ended_well(page: Any) -> bool:
    return bool(page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0)


def run_all(page: Any, timeout: int = LONG) -> None:
    """Runs all cells and waits until the kernel has done the last one."""
    cells = "window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        f"() => {cells}.filter(cell => cell.cell_type === 'code').every(cell => cell.executionState === 'idle'"
        " && cell.execution_count !== null)",
        timeout=timeout,
    )
