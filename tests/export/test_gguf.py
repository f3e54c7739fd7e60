"""llama.cpp's own reading of an exported file, beside transformers' reading of the folder."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from tests.conftest import Measure
from tests.export.conftest import Variant
from tests.export.oracles import difference, ids_of, llama_logits, true_logits
from tests.export.test_architecture import LLAMA3
from tests.export.test_files import largest_file
from workbench.engines.llama_binding import LlamaModel
from workbench.errors import ExportError
from workbench.export import export_gguf

YARN = {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": 128}
SCALES = {"attention_multiplier": 0.3, "embedding_multiplier": 3.0, "residual_multiplier": 0.4, "logits_scaling": 2.5}
UNTIED = {"tie_word_embeddings": False}


@pytest.mark.parametrize(("outtype", "most"), [("F32", 1e-4), ("F16", 1e-2), ("BF16", 1e-2), ("Q8_0", 0.1)])
@pytest.mark.parametrize("family", ["Llama", "Granite", "Mistral", "Qwen2", "Qwen3"])
def test_logits_are_those_of_transformers(
    variant: Variant, tmp_path: Path, family: str, outtype: str, most: float
) -> None:
    settings = SCALES if family == "Granite" else {"sliding_window": None} if family == "Mistral" else {}
    folder = variant(family, num_key_value_heads=2, half=outtype == "BF16", **settings)
    assert difference(folder, export_gguf(folder, tmp_path / "variant.gguf", outtype)) < most


@pytest.mark.parametrize(
    ("family", "settings", "plain"),
    [
        ("Llama", UNTIED, None),
        ("Llama", {"num_key_value_heads": 1}, None),
        ("Llama", {"head_dim": 32}, None),
        ("Llama", {"attention_bias": True, "mlp_bias": True}, None),
        ("Llama", {"rms_norm_eps": 1e-2}, {"rms_norm_eps": 1e-6}),
        ("Llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}, {}),
        ("Llama", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}}, {}),
        ("Llama", {"rope_parameters": LLAMA3 | {"rope_theta": 100.0}}, {}),
        ("Llama", {"rope_parameters": YARN}, {}),
        ("Llama", {"rope_parameters": YARN | {"attention_factor": 1.3, "beta_fast": 8.0, "beta_slow": 2.0}}, {}),
        ("Llama", {"rope_parameters": YARN | {"mscale": 1.0, "mscale_all_dim": 0.5}}, {"rope_parameters": YARN}),
        ("Granite", UNTIED | SCALES, dict.fromkeys(SCALES, 1.0)),
        ("Granite", {"attention_multiplier": 0.5}, {"attention_multiplier": 0.125}),
        ("Granite", {"attention_bias": True, "mlp_bias": True, "rope_parameters": YARN | {"truncate": False}}, {}),
        ("Mistral", UNTIED | {"sliding_window": 64, "head_dim": 32}, None),
        ("Qwen2", UNTIED | {"rope_parameters": YARN | {"attention_factor": 1.5}}, {}),
        ("Qwen2", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}}, {}),
        ("Qwen3", UNTIED | {"head_dim": 32, "rope_parameters": YARN}, {}),
    ],
)
def test_every_setting_reaches_llama_cpp(
    variant: Variant, tmp_path: Path, family: str, settings: dict[str, Any], plain: dict[str, Any] | None
) -> None:
    """`plain` are the settings without which transformers must say something else, or the test could not fail."""
    folder = variant(family, **settings)
    path = export_gguf(folder, tmp_path / "variant.gguf", "F32")
    assert difference(folder, path) < 1e-3
    if plain is not None:
        ids = ids_of(folder)
        default = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}
        assert np.abs(llama_logits(path, ids) - true_logits(folder, ids, **(plain or default))).max() > 1e-2


def test_a_sliding_window_ends_the_context(variant: Variant, tmp_path: Path) -> None:
    folder = variant("Mistral", sliding_window=64)
    assert LlamaModel(export_gguf(folder, tmp_path / "window.gguf")).trained_context == 64


def test_equal_folders_give_equal_bytes_and_leave_nothing_else(tiny_model: Path, tmp_path: Path) -> None:
    first = export_gguf(tiny_model, tmp_path / "out" / "one.gguf")
    second = export_gguf(tiny_model, tmp_path / "out" / "two.gguf")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.gguf", "two.gguf"]


def test_pieces_of_a_tensor_are_the_tensor(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = export_gguf(tiny_model, tmp_path / "whole.gguf", "Q8_0").read_bytes()
    monkeypatch.setattr("workbench.export.gguf._AT_ONCE", 1000)
    assert export_gguf(tiny_model, tmp_path / "pieces.gguf", "Q8_0").read_bytes() == whole


@pytest.mark.parametrize("outtype", ["Q5_1", "Q5_0", "Q4_1", "Q4_0"])
def test_small_formats_hold_about_the_same_numbers(tiny_model: Path, tmp_path: Path, outtype: str) -> None:
    path = export_gguf(tiny_model, tmp_path / "small.gguf", outtype)
    exact = export_gguf(tiny_model, tmp_path / "exact.gguf", "F32")
    for found, wanted in zip(gguf.GGUFReader(path).tensors, gguf.GGUFReader(exact).tensors, strict=True):
        values = gguf.quants.dequantize(found.data, found.tensor_type)
        assert np.abs(values - wanted.data).max() <= np.abs(wanted.data).max() / 7
    ids = ids_of(tiny_model)
    assert np.abs(llama_logits(path, ids) - true_logits(tiny_model, ids)).max() < 0.5


def test_rows_that_fill_no_block_stay_in_f16(variant: Variant, tmp_path: Path) -> None:
    folder = variant(intermediate_size=500)
    path = export_gguf(folder, tmp_path / "odd.gguf", "Q8_0")
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors}
    assert (kinds["blk.0.ffn_down.weight"], kinds["blk.0.ffn_up.weight"]) == ("F16", "Q8_0")
    assert kinds["blk.0.attn_norm.weight"] == "F32"
    assert difference(folder, path) < 0.1


def test_a_full_disk_leaves_the_old_file(tiny_model: Path, tmp_path: Path) -> None:
    out = export_gguf(tiny_model, tmp_path / "out" / "model.gguf", "Q8_0")
    before = out.read_bytes()
    with largest_file(len(before) + 1000), pytest.raises(ExportError, match=r"no room for .*model\.gguf"):
        export_gguf(tiny_model, out, "F32")
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["model.gguf"]


def test_a_disk_that_is_too_small_is_seen_before_anything_is_written(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("workbench.export.gguf.check_room", lambda out, size: asked.append(size))
    size = export_gguf(tiny_model, tmp_path / "model.gguf").stat().st_size
    assert 0.9 * size < asked[0] < 1.1 * size


def test_a_model_in_shards_is_the_same_model(variant: Variant, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = variant()
    whole = export_gguf(folder, tmp_path / "whole.gguf")
    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="1MB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert export_gguf(folder, tmp_path / "shards.gguf").read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("value", "outtype", "problem"),
    [
        (float("nan"), "F32", "v_proj.weight holds values that are not finite"),
        (float("inf"), "Q8_0", "v_proj.weight holds values that are not finite"),
        (70000.0, "F16", "v_proj.weight holds 70000, and F16 ends at 65504"),
    ],
)
def test_numbers_that_cannot_be_kept_are_refused(
    variant: Variant, tmp_path: Path, value: float, outtype: str, problem: str
) -> None:
    from safetensors.torch import load_file, save_file

    folder = variant()
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.1.self_attn.v_proj.weight"][5, 7] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ExportError, match=problem):
        export_gguf(folder, tmp_path / "out" / "model.gguf", outtype)
    assert not list((tmp_path / "out").iterdir())


def test_what_cannot_be_exported_is_said_before_anything_is_written(variant: Variant, tmp_path: Path) -> None:
    folder, out = variant(), tmp_path / "new" / "model.gguf"
    with pytest.raises(ExportError, match="no outtype 'F64'"):
        export_gguf(folder, out, "F64")
    tensors = folder / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-100])
    with pytest.raises(ExportError, match="it ends before"):
        export_gguf(folder, out)
    tensors.unlink()
    with pytest.raises(ExportError, match=r"no model\.safetensors"):
        export_gguf(folder, out)
    assert not out.parent.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from workbench.export import export_gguf, gguf

def written(values, entry, stored=gguf._stored):
    if entry.name.startswith("blk.1."):
        os.kill(os.getpid(), signal.SIGKILL)
    return stored(values, entry)

gguf._stored = written
export_gguf(Path(sys.argv[1]), Path(sys.argv[2]), "F32")
"""


def test_a_killed_export_leaves_the_old_file_and_the_next_one_clears_up(tiny_model: Path, tmp_path: Path) -> None:
    out = export_gguf(tiny_model, tmp_path / "model.gguf", "F16")
    before = out.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(tiny_model), str(out)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert out.read_bytes() == before
    (half,) = (path for path in tmp_path.glob(".model.gguf.*"))
    assert half.stat().st_size > 100_000
    export_gguf(tiny_model, out, "F32")
    assert [path.name for path in tmp_path.glob("*")] == ["model.gguf"]
    assert not half.exists()


PEAK = """
import re, sys
from pathlib import Path
from workbench.export import export_gguf
export_gguf(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text()).group(1))
"""


def peak(folder: Path, out: Path, outtype: str) -> int:
    """Bytes that a process of its own had at the most."""
    command = [sys.executable, "-c", PEAK, str(folder), str(out), outtype]
    return 1024 * int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.prove
def test_memory_does_not_grow_with_the_model(
    variant: Variant, tiny_model: Path, tmp_path: Path, measured: Measure
) -> None:
    folder = variant(vocab_size=32768, hidden_size=1024, intermediate_size=4096, num_hidden_layers=5)
    sizes = [np.prod(entry["shape"]) * 4 for entry in header(folder / "model.safetensors").values()]
    assert sum(sizes) > 4e8
    for outtype in ("F16", "Q8_0"):
        small = peak(tiny_model, tmp_path / "small.gguf", outtype)
        large = peak(folder, tmp_path / "large.gguf", outtype)
        said = f"{(large - small) / 1e6:.0f} MB above the {small / 1e6:.0f} MB that a tiny model takes"
        name = f"memory of an export to {outtype}, {sum(sizes) / 1e6:.0f} MB of weights"
        measured(name, said, f"less than the largest tensor, {max(sizes) / 1e6:.0f} MB")
        sys.stdout.write(f"{name}: {said}; the largest tensor has {max(sizes) / 1e6:.0f} MB\n")
        assert large - small < max(sizes)


def header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        entries: dict[str, Any] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    entries.pop("__metadata__", None)
    return entries
