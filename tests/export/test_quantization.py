import re
from pathlib import Path

import gguf
import numpy as np
import pytest

from tests.export.conftest import Variant
from tests.export.oracles import TEXT, llama_logits
from tests.export.test_files import largest_file
from workbench.engines import llama_binding
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import EngineError, ExportError
from workbench.export import export_gguf, quantize
from workbench.export.quantization import COARSE, FOREIGN, GUIDED


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


def test_rows_that_fill_no_block_are_told_with_the_format_that_they_get(variant: Variant, tmp_path: Path) -> None:
    told: list[str] = []
    whole = export_gguf(variant(hidden_size=96, head_dim=32, intermediate_size=100), tmp_path / "odd.gguf", "F16")
    assert LlamaModel(quantize(whole, tmp_path / "small.gguf", "Q4_K_M", tell=told.append))
    (note,) = told
    assert re.fullmatch(r"\S+ and 13 more tensors have rows that .* of Q4_K_M, so that they are kept in (.*)", note)
    assert note.endswith("F16, Q5_0, Q8_0")
    even = export_gguf(variant(name="even"), tmp_path / "even.gguf", "F16")
    quantize(even, tmp_path / "small.gguf", "Q4_K_M", tell=told.append)
    assert len(told) == 1


def test_room_is_looked_for_before_anything_is_written(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("workbench.export.quantization.check_room", lambda out, size: asked.append(size))
    for kind in ("F32", "Q8_0", "Q4_K_M"):
        size = quantize(whole, tmp_path / "small.gguf", kind).stat().st_size
        assert abs(asked.pop() - size) < 20_000


def test_the_source_is_not_written_over(whole: Path, tmp_path: Path) -> None:
    before = whole.read_bytes()
    (tmp_path / "link.gguf").symlink_to(whole)
    for out in (whole, tmp_path / "link.gguf"):
        with pytest.raises(ExportError, match="would be overwritten by what is made of it"):
            quantize(whole, out, "Q8_0")
    assert whole.read_bytes() == before


@pytest.mark.parametrize("kind", sorted(llama_binding.quantizations()))
def test_every_kind_is_made_and_read_or_refused_with_the_reason(whole: Path, tmp_path: Path, kind: str) -> None:
    out, number = tmp_path / "small.gguf", llama_binding.quantizations()[kind]
    if kind in GUIDED + FOREIGN:
        with pytest.raises(EngineError, match="requires an imatrix" if kind in GUIDED else "invalid output file type"):
            llama_binding.quantize_file(whole, out, number)
        problem = "needs an importance matrix" if kind in GUIDED else "does not make it"
        with pytest.raises(ExportError, match=f"{kind}.*{problem}") as caught:
            quantize(whole, out, kind)
        assert kind not in caught.value.hint.split(", ")
        return
    llama_binding.quantize_file(whole, tmp_path / "theirs.gguf", number)
    told: list[str] = []
    assert quantize(whole, out, kind, tell=told.append).read_bytes() == (tmp_path / "theirs.gguf").read_bytes()
    ids = LlamaModel(whole).tokenize(TEXT, begin=True, special=True)
    found, wanted = llama_logits(out, ids), llama_logits(whole, ids)
    assert ["do not speak any more" in note for note in told] == [True] * (kind in COARSE)
    # Noise would have nothing in common with them; one or two bits a number keep little.
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > (0.1 if kind in COARSE else 0.8)


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
