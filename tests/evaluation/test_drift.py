from pathlib import Path

import pytest

from workbench.evaluation.drift import drift


def save(folder: Path, scale: float, **names: int) -> Path:
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    tensors = {name: torch.full((size, size), scale) for name, size in names.items()}
    save_file({**tensors, "norm": torch.ones(4)}, folder / "model.safetensors")
    return folder


def test_the_drift_is_relative_to_the_weights(tmp_path: Path) -> None:
    base, trained = save(tmp_path / "base", 2.0, a=8, b=4), save(tmp_path / "trained", 2.1, a=8, b=4)
    assert drift(base, trained) == pytest.approx(0.05, rel=1e-4)
    assert drift(base, base) == 0.0


def test_other_models_have_none(tmp_path: Path) -> None:
    assert drift(save(tmp_path / "base", 2.0, a=8), save(tmp_path / "other", 2.0, c=8)) is None
    assert drift(tmp_path / "base", tmp_path / "nowhere") is None
