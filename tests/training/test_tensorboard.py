import sys
from pathlib import Path

import pytest

from workbench.errors import OptionsError
from workbench.training.tensorboard import TensorBoard


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(OptionsError, match="TensorBoard is not installed") as caught:
        TensorBoard(tmp_path)
    assert "tensorboard" in caught.value.hint


def test_numbers_of_steps_are_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = TensorBoard(tmp_path)
    board.add({"sentence": "begins", "peak_flops": 1.0})
    for step in (1, 2, 3):
        board.add({"step": step, "steps": 3, "loss": 3.0 / step, "sentence": "goes on"})
    board.close()
    again = TensorBoard(tmp_path, first=2)
    again.add({"step": 3, "steps": 3, "loss": 0.5, "validation_loss": 0.75})
    again.close()
    found = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(found.Tags()["scalars"]) == ["loss", "validation_loss"]
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [(1, 3.0), (2, 1.5), (3, 0.5)]
