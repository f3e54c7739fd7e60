import json
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import ExportError
from workbench.export.checkpoint import read_tensors


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_numbers_are_read_as_they_are_stored(tmp_path: Path, dtype: str) -> None:
    import torch
    from safetensors.torch import save_file

    stored = {
        "b.weight": torch.randn(5, 3).to(getattr(torch, dtype)),
        "a.weight": torch.randn(7).to(getattr(torch, dtype)),
        "none": torch.zeros(0, 4).to(getattr(torch, dtype)),
    }
    save_file(stored, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found = read_tensors(tmp_path)
    assert list(found) == ["a.weight", "b.weight", "none"]
    for name, tensor in stored.items():
        assert found[name].read().dtype == np.float32
        np.testing.assert_array_equal(found[name].read(), tensor.float().numpy())
    np.testing.assert_array_equal(found["b.weight"].read(1, 3), stored["b.weight"][1:3].float().numpy())
    np.testing.assert_array_equal(found["a.weight"].read(5), stored["a.weight"][5:].float().numpy())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty or too long"),
        (b"\xff" * 8, "empty or too long"),
        (b"\x02\0\0\0\0\0\0\0{]", "not JSON"),
        (b"\x02\0\0\0\0\0\0\0[]", "empty or too long"),
    ],
)
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ExportError, match=problem):
        read_tensors(tmp_path)


def test_a_header_that_does_not_say_where_a_tensor_lies_is_refused(tmp_path: Path) -> None:
    header = b'{"w": {"dtype": "F32"}}'
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ExportError, match=r"w\.shape is missing"):
        read_tensors(tmp_path)


def write(path: Path, dtype: str, size: int) -> None:
    header = json.dumps({"w": {"dtype": dtype, "shape": [4], "data_offsets": [0, 16]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(size))


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", "F32", 15)
    with pytest.raises(ExportError, match="ends before w does"):
        read_tensors(tmp_path)


def test_a_file_that_was_cut_off_meanwhile_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", "F32", 16)
    (tensor,) = read_tensors(tmp_path).values()
    write(tmp_path / "model.safetensors", "F32", 12)
    assert tensor.read(0, 3).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ExportError, match="ends before it should"):
        tensor.read()


def test_bytes_that_are_not_the_shape_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", "F16", 16)
    with pytest.raises(ExportError, match=r"w has 16 bytes, which are not its shape \(4,\)"):
        read_tensors(tmp_path)


def test_a_quantized_tensor_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", "F8_E4M3", 16)
    with pytest.raises(ExportError, match="w is stored as F8_E4M3"):
        read_tensors(tmp_path)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    index = {"weight_map": {"w": "model-00001-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ExportError, match="model-00001-of-00002"):
        read_tensors(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ExportError, match="weight_map is missing"):
        read_tensors(tmp_path)
