import json
import struct
from pathlib import Path

import pytest

from workbench.alignment.figures import Figures, count_weights, suited
from workbench.errors import TrainingError


def write_header(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file of which only the header is there."""
    header = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def test_weights_are_counted_over_all_files(tmp_path: Path) -> None:
    write_header(tmp_path / "model-00001-of-00002.safetensors", {"a": [2, 3], "b": [5]})
    write_header(tmp_path / "model-00002-of-00002.safetensors", {"c": [7, 1], "scale": []})
    assert count_weights(tmp_path) == 6 + 5 + 7 + 1


def test_the_tiny_model_s_weights_are_its_own(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert count_weights(tiny_model) == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize(
    "content", [b"", b"\x02", b"\x02\0\0\0\0\0\0\0[]", b'\x09\0\0\0\0\0\0\0{"a": {}}', b"\xff" * 40]
)
def test_a_broken_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(TrainingError, match=r"model\.safetensors: not a safetensors file"):
        count_weights(tmp_path)


@pytest.mark.parametrize(
    ("weights", "adapters", "rates", "optimizer", "said"),
    [
        (99_000_000, False, (3e-3, 2e-3), "muon", "99.0 million weights: figures for small models"),
        (99_000_000, True, (3e-3, 2e-3), "muon", "99.0 million"),
        (100_000_000, False, (2e-5, 6e-6), "adamw", "lab-multiphase"),
        (7_000_000_000, True, (2e-4, 1e-4), "adamw", "7.0 billion weights, frozen under adapters"),
    ],
)
def test_the_size_decides(
    weights: int, adapters: bool, rates: tuple[float, float], optimizer: str, said: str, tmp_path: Path
) -> None:
    write_header(tmp_path / "model.safetensors", {"a": [weights]})
    found = suited(tmp_path, adapters=adapters)
    assert tuple(phase.learning_rate for phase in found.phases) == rates
    assert found.optimizer == optimizer
    assert said in found.reason


def test_large_models_learn_as_instructlab_has_it(tmp_path: Path) -> None:
    write_header(tmp_path / "model.safetensors", {"a": [10**9]})
    assert suited(tmp_path, adapters=False).phases == (Figures(7, 2e-5, 128), Figures(10, 6e-6, 3840))


@pytest.mark.parametrize(("rows", "batch"), [(100_000, 3840), (38_400, 3840), (5_000, 500), (100, 32), (3, 32)])
def test_few_rows_are_not_learned_in_a_step_or_two(rows: int, batch: int) -> None:
    assert Figures(10, 6e-6, 3840).batch_for(rows) == batch
