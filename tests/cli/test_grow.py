import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.records import read_jsonl
from workbench.runs import Stop
from workbench.seedling import grow as module
from workbench.training.checkpoints import Progress
from workbench.training.loop import Report


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The test process gets its own signal handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_passages_are_written_with_their_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "passages.jsonl"
    command = ["model", "grow-seedling", "--write-documents", "3", "--seed", "5", "--output", str(path)]
    assert answer(command) == 0
    assert capsys.readouterr().out == f"{path}: 3 passages\n"
    first = list(read_jsonl(path))
    assert len(first) == 3
    assert first[0]["facts"]
    assert answer(command) == 0
    assert list(read_jsonl(path)) == first


def test_models_are_grown_with_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def grow(folder: Path, recipe: object, report: Report, stop: Stop) -> dict[str, Progress]:
        report({"stage": "trunk", "step": 1, "steps": 2, "loss": 3.5})
        return {"seedling-base": Progress(step=2, seconds=7.0)}

    monkeypatch.setattr(module, "grow", grow)
    assert answer(["model", "grow-seedling", "--folder", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'seedling-teacher-Q4_K_M.gguf'}\n"
    assert "trunk: 1 of 2 (50 %), loss 3.5" in err
    assert "seedling-base: 2 steps in 7 s" in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    def grow(folder: Path, recipe: object, report: Report, stop: Stop) -> dict[str, Progress]:
        os.kill(os.getpid(), number)
        stop.check()
        return {}

    monkeypatch.setattr(module, "grow", grow)
    assert answer(["model", "grow-seedling", "--folder", str(tmp_path)]) == 75
    assert f"stopped at a checkpoint: {number.name} was received" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--write-documents", "3"]])
def test_where_to_must_be_said(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "grow-seedling", *flags]) == 2
    assert "it is not said where" in capsys.readouterr().err
