from pathlib import Path

import gguf
import numpy as np
import pytest

from tests.export.oracles import TEXT, llama_logits
from tests.export.test_files import largest_file
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf, quantize


@pytest.fixture
def whole(tiny_model: Path, tmp_path: Path) -> Path:
    return export_gguf(tiny_model, tmp_path / "whole.gguf", "F16")


@pytest.mark.parametrize(("kind", "share", "most"), [("Q4_K_M", 0.4, 0.3), ("Q8_0", 0.6, 0.05), ("Q6_K", 0.5, 0.1)])
def test_a_smaller_file_says_nearly_the_same(whole: Path, tmp_path: Path, kind: str, share: float, most: float) -> None:
    small = quantize(whole, tmp_path / "small" / "model.gguf", kind, threads=1)
    assert small.stat().st_size < share * whole.stat().st_size
    model = LlamaModel(whole)
    ids = model.tokenize(TEXT, begin=True, special=True)
    assert model.chat_template == LlamaModel(small).chat_template
    assert np.abs(llama_logits(small, ids) - llama_logits(whole, ids)).max() < most
    assert [path.name for path in small.parent.iterdir()] == ["model.gguf"]


def test_equal_files_give_equal_bytes(whole: Path, tmp_path: Path) -> None:
    first = quantize(whole, tmp_path / "one.gguf", "Q4_K_M", threads=2)
    assert first.read_bytes() == quantize(whole, tmp_path / "two.gguf", "Q4_K_M", threads=1).read_bytes()


def test_what_cannot_be_done_is_said_and_leaves_nothing(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "small.gguf"
    with pytest.raises(ExportError, match="'q4_k_m'; did you mean Q4_K_M") as caught:
        quantize(whole, out, "q4_k_m")
    assert "Q8_0" in caught.value.hint
    with pytest.raises(ExportError, match="there is no file"):
        quantize(tmp_path / "missing.gguf", out)
    foreign = tmp_path / "foreign.gguf"
    foreign.write_bytes(b"GGUFnothing")
    with pytest.raises(ExportError, match="could not be quantized to Q4_K_M"):
        quantize(foreign, out)
    small = quantize(whole, tmp_path / "small.gguf", "Q4_K_M")
    with pytest.raises(ExportError, match=r"could not be quantized.*requantizing"):
        quantize(small, out, "Q8_0")
    assert not out.exists()
    assert not list(tmp_path.glob("out/*"))


def test_our_own_eight_bits_are_those_of_llama_cpp(tiny_model: Path, tmp_path: Path) -> None:
    whole = export_gguf(tiny_model, tmp_path / "whole.gguf", "F32")
    ours = gguf.GGUFReader(export_gguf(tiny_model, tmp_path / "ours.gguf", "Q8_0")).tensors
    theirs = {tensor.name: tensor for tensor in gguf.GGUFReader(quantize(whole, tmp_path / "t.gguf", "Q8_0")).tensors}
    assert len(ours) == len(theirs) == 20
    for tensor in ours:
        assert tensor.tensor_type == theirs[tensor.name].tensor_type
        np.testing.assert_array_equal(tensor.data, theirs[tensor.name].data)


def test_a_full_disk_is_named_and_nothing_is_left(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "small.gguf"
    with largest_file(200_000), pytest.raises(ExportError, match=r"there is no room for .*small\.gguf"):
        quantize(whole, out, "Q8_0")
    assert not list(out.parent.iterdir())
