"""The benchmark of a GPU on a tiny model and a processor, so that it works when there is a GPU."""

import json
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from tests.gpu import training_mfu
from tests.gpu.llamas import SHAPES, make_llama, make_rows
from tests.gpu.mfu_arms import How, Measured, ours, trl

HOW = How(
    size="tiny", rows="chat", length=64, batch=4, at_once=2, checkpointing="on", precision="float32", compile=False,
    warm=1, steps=2, device="cpu",
)  # fmt: skip


def said(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


@pytest.mark.filterwarnings("ignore")
def test_the_command_reports_its_figures(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = ["--size", "tiny", "--device", "cpu", "--length", "64", "--batch", "4", "--precision", "float32"]
    monkeypatch.setattr(sys, "argv", ["training_mfu", *told, "--warm", "1", "--steps", "2", "--arms", "ours"])
    training_mfu.main()
    versions, how, ours = said(capsys.readouterr().out)
    assert versions["torch"]
    assert how["peak"].startswith("measured")
    assert 0 < ours["mfu"] < ours["mfu_6n"] < 1
    assert ours["tokens_per_second"] > 0
    assert ours["losses"][0] == pytest.approx(6.24, abs=0.1)


def test_an_arm_that_fails_says_why(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["training_mfu", "--size", "none such"])
    assert training_mfu._measured("ours") is None
    (line,) = said(capsys.readouterr().out)
    assert "invalid choice: 'none such'" in line["failed"]


def test_arms_that_do_not_lose_the_same_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    measured = ours(HOW)
    assert measured.flops_6n > measured.flops > 0
    training_mfu._report({"ours": [measured], "trl": [measured]}, HOW)
    assert said(capsys.readouterr().out)[-1] == {
        "ours_to": "trl packed", "times": 1.0, "losses_apart": 0.0, "equal": True,
    }  # fmt: skip
    other = Measured(**{**measured.record(), "losses": [loss + 0.1 for loss in measured.losses]})
    with pytest.raises(SystemExit, match="do not lose the same"):
        training_mfu._report({"ours": [measured], "trl": [other]}, HOW)


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not (find_spec("trl") and find_spec("datasets")), reason="trl is not installed")
@pytest.mark.parametrize("rows", ["chat", "full"])
def test_trl_loses_the_same(rows: str) -> None:
    how = How(**{**HOW.__dict__, "rows": rows})
    found, expected = trl(how), ours(how)
    assert found.losses == pytest.approx(expected.losses, abs=1e-3)
    assert (found.tokens, found.flops) == (expected.tokens, expected.flops)


@pytest.mark.parametrize("kind", ["chat", "full"])
def test_rows_are_nearly_full(kind: str) -> None:
    rows = make_rows(kind, 20, 1024, 512)
    lengths = [sum(map(len, row)) for row in rows]
    assert len(rows) == 20
    assert max(lengths) <= 1024
    assert sum(lengths) > 0.95 * 20 * 1024
    assert rows == make_rows(kind, 20, 1024, 512)


@pytest.mark.parametrize(("size", "billions"), [("340m", 0.34), ("1b", 1.24), ("7b", 6.74), ("8b", 8.03)])
def test_shapes_have_the_weights_that_their_names_say(size: str, billions: float) -> None:
    import torch

    model = make_llama(size, "meta", torch.bfloat16, 4096)
    assert sum(weight.numel() for weight in model.parameters()) / 1e9 == pytest.approx(billions, abs=0.01)
    assert set(SHAPES) == {"tiny", "340m", "1b", "7b", "8b"}
