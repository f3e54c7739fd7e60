import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from workbench import __version__
from workbench.cli import main as module
from workbench.cli.main import COMMANDS, answer, workbench
from workbench.errors import Checkpointed, NotFoundError
from workbench.jobs.job import Terminated


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `workbench system` raise an error."""

    def prepare(error: BaseException) -> None:
        @click.command()
        def system() -> None:
            raise error

        monkeypatch.setattr(module.LazyGroup, "get_command", lambda *_: system)

    return prepare


def test_help_answers_at_once_and_names_every_command() -> None:
    command = [sys.executable, "-m", "workbench.cli.main", "--help"]
    seconds = []
    for _ in range(3):
        since = time.monotonic()
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds.append(time.monotonic() - since)
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert min(seconds) < 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str) -> None:
    context = click.Context(workbench)
    command = workbench.get_command(context, name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str()


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nonsense"], ["system", "--nonsense"], ["system", "nonsense"]])
def test_wrong_use_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(arguments) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (NotFoundError("no run", hint="make one"), 2, "error: no run\nhint: make one\n"),
        (Checkpointed("stopped at a checkpoint", hint="again"), 75, "stopped at a checkpoint\nhint: again\n"),
        (KeyboardInterrupt(), 130, "stopped from the keyboard"),
        (Terminated(), 75, "SIGTERM was received"),
        (FileNotFoundError(2, "No such file", "a.txt"), 2, "error: No such file: a.txt\n"),
    ],
)
def test_an_error_is_two_lines_and_an_exit_code(
    raising: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    shown: str,
) -> None:
    raising(error)
    assert answer(["system"]) == code
    out, err = capsys.readouterr()
    assert shown in err
    assert out == ""


def test_a_fault_of_ours_keeps_its_traceback_in_a_file(
    raising: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    raising(ZeroDivisionError("division by zero"))
    assert answer(["system"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: ZeroDivisionError: division by zero\nhint: ")
    assert "Traceback" not in shown
    (kept,) = tmp_path.glob("workbench-*.txt")
    assert str(kept) in shown
    assert "Traceback" in kept.read_text()


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    script = "import sys; from workbench.cli import main; import click\n"
    script += "main.workbench.main = lambda *a, **k: click.echo('x' * 200000)\n"
    script += "sys.exit(main.answer([]))"
    piped = f'"{sys.executable}" -c "{script}" | head -c 1; exit ${{PIPESTATUS[0]}}'
    ended = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_sigterm_becomes_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def wait(arguments: list[str]) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt as error:
            seen.append(type(error))
        return 75

    monkeypatch.setattr(module, "answer", wait)
    try:
        with pytest.raises(SystemExit) as ended:
            module.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 75
    assert seen == [Terminated]
