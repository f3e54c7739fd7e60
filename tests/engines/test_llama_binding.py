import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.engines.llama_binding import (
    Layout,
    LlamaBatch,
    LlamaContext,
    LlamaModel,
    quantizations,
    quantize_file,
)
from workbench.errors import EngineError, ModelError


@pytest.fixture
def model(tiny_gguf: Path) -> LlamaModel:
    return LlamaModel(tiny_gguf)


@pytest.fixture
def quantized(tiny_gguf: Path, tmp_path: Path) -> LlamaModel:
    quantize_file(tiny_gguf, tmp_path / "small.gguf", quantizations()["Q8_0"])
    return LlamaModel(tmp_path / "small.gguf")


def test_the_vocabulary_is_known(model: LlamaModel) -> None:
    assert model.trained_context == 512
    assert model.special_spellings == ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
    assert model.special_tokens == {"bos_token": "", "eos_token": "<|end|>"}
    assert model.ends == {1}
    assert model.controls == {0, 2, 3, 4}
    assert model.first_token == 1
    assert model.parameter_count == 1_410_304
    assert (model.cell_bytes(False), model.cell_bytes(True)) == ((2 + 2) * 2 * 256, (2 + 4) * 2 * 256)


def test_special_tokens_are_read_only_when_wanted(model: LlamaModel) -> None:
    assert model.tokenize("<|end|>", begin=True, special=True) == [1]
    spelled = model.tokenize("<|end|>", begin=True, special=False)
    assert len(spelled) > 1
    assert b"".join(map(model.piece, spelled)) == b"<|end|>"
    assert model.piece(1) == b""


def test_keys_are_rounded_only_where_weights_are(quantized: LlamaModel, model: LlamaModel) -> None:
    assert quantized.cell_bytes(True) == (34 / 32 + 2) * 2 * 256
    assert quantized.cell_bytes(False) == model.cell_bytes(False)


@pytest.mark.parametrize(("weights", "exact"), [("model", False), ("model", True), ("quantized", True)])
def test_sequences_that_share_a_beginning_go_on_apart(
    weights: str, exact: bool, request: pytest.FixtureRequest
) -> None:
    model: LlamaModel = request.getfixturevalue(weights)
    context = LlamaContext(model, Layout(1024, 4, 32, 1, exact))
    batch = LlamaBatch(32)
    tokens = model.tokenize("The lighthouse of Vel Marin", begin=True, special=True)
    batch.add(tokens, 0, 0, 1)
    context.decode(batch)
    (alone,) = context.logits(1).copy()
    context.share(0, 2, len(tokens) - 1)
    batch.clear()
    batch.add_each([tokens[-1], 9], [2, 0], [len(tokens) - 1, len(tokens)])
    assert batch.size == 2
    context.decode(batch)
    same, other = context.logits(2)
    np.testing.assert_allclose(same, alone, atol=1e-3)
    assert np.abs(other - alone).max() > 0.1
    context.close()


def test_an_evaluation_that_cannot_be_is_an_error(model: LlamaModel) -> None:
    context = LlamaContext(model, Layout(256, 2, 32, 1, True))
    batch = LlamaBatch(8)
    batch.add([5, 6], 0, 40, 1)
    batch.add([5, 6], 0, 7, 1)
    with pytest.raises(EngineError, match="could not evaluate 4 tokens"):
        context.decode(batch)
    context.close()


def test_a_foreign_or_broken_file_is_refused_with_a_reason(tmp_path: Path, tiny_gguf: Path) -> None:
    missing, foreign, cut = tmp_path / "missing.gguf", tmp_path / "foreign.gguf", tmp_path / "cut.gguf"
    foreign.write_bytes(b"PK\x03\x04")
    cut.write_bytes(tiny_gguf.read_bytes()[:200_000])
    with pytest.raises(ModelError, match="cannot be read"):
        LlamaModel(missing)
    with pytest.raises(ModelError, match="no GGUF file"):
        LlamaModel(foreign)
    with pytest.raises(ModelError, match=r"could not be loaded: .*data.*"):
        LlamaModel(cut)


def test_quantizations_have_llama_cpps_names(tiny_gguf: Path, tmp_path: Path) -> None:
    kinds = quantizations()
    assert (kinds["Q4_K_M"], kinds["Q8_0"], kinds["F32"]) == (15, 7, 0)
    quantize_file(tiny_gguf, tmp_path / "small.gguf", kinds["Q8_0"])
    assert (tmp_path / "small.gguf").stat().st_size < tiny_gguf.stat().st_size / 2


def test_the_library_is_silent(tiny_gguf: Path) -> None:
    code = (
        "from pathlib import Path; from workbench.engines.llama_binding import Layout, LlamaContext, LlamaModel;"
        f"model = LlamaModel(Path({str(tiny_gguf)!r}));"
        "LlamaContext(model, Layout(256, 2, 32, 1, True)).close(); model.close()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == done.stderr == ""
