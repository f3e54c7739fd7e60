import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.export.tokenizers_made_here import change
from workbench.cli.export import export, quantize
from workbench.errors import ExportError, NotFoundError
from workbench.export.splitters import COMPOSED


def run(command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def refused(command: click.Command, *arguments: str) -> BaseException:
    error = run(command, *arguments).exception
    assert error is not None
    return error


def test_a_folder_becomes_two_files(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "files"
    whole, small = target / "model-F16.gguf", target / "model-Q4_K_M.gguf"
    assert run(export, str(tiny_model), "--folder", str(target)).output == f"{whole}\n{small}\n"
    assert small.stat().st_size < whole.stat().st_size
    assert run(quantize, str(whole), "--quantization", "Q8_0").output == f"{target / 'model-Q8_0.gguf'}\n"


def test_what_is_made_is_told_to_programs_too(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    change(folder, "tokenizer.json", normalizer={"type": "NFC"})
    whole, small = (tmp_path / "model-GGUF" / f"model-{kind}.gguf" for kind in ("F16", "Q8_0"))
    found = json.loads(run(export, str(folder), "--quantization", "Q8_0", "--output", "json").stdout)
    kinds = ((whole, "F16"), (small, "Q8_0"))
    files = [{"path": str(path), "type": kind, "bytes": path.stat().st_size} for path, kind in kinds]
    note = f"{folder / 'tokenizer.json'}: {COMPOSED}"
    assert found == {"files": files, "notes": [note]}
    again = run(export, str(folder), "--quantization", "F16")
    assert (again.stdout, again.stderr) == (f"{whole}\n", f"note: {note}\n")
    one = json.loads(run(quantize, str(whole), "--quantization", "Q8_0", "--output", "json").stdout)
    assert one == {"files": files[1:], "notes": []}


def test_a_small_file_is_made_of_a_plain_one_only(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "files"
    only = f"{target / 'model-Q8_0.gguf'}\n"
    assert run(export, str(tiny_model), "--folder", str(target), "--outtype", "Q8_0").output == only
    bf16 = target / "model-BF16.gguf"
    arguments = (str(tiny_model), "--folder", str(target), "--outtype", "BF16", "--quantization", "")
    assert run(export, *arguments).output == f"{bf16}\n"
    assert run(quantize, str(bf16)).output == f"{target / 'model-Q4_K_M.gguf'}\n"


def test_an_unknown_quantization_is_refused_before_anything_is_written(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "files"
    error = refused(export, str(tiny_model), "--folder", str(target), "--quantization", "Q4")
    assert isinstance(error, ExportError)
    assert not target.exists()


def test_a_source_is_named_with_what_to_do(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF....")
    error = refused(export, str(file))
    assert isinstance(error, ExportError)
    assert error.hint.endswith(f"workbench model quantize {file}")
    assert isinstance(refused(export, "nothing"), NotFoundError)
    error = refused(export, "seedling-teacher-Q4_K_M")
    assert isinstance(error, ExportError)
    assert "is a GGUF file already" in error.message
    assert run(quantize, str(tmp_path / "none.gguf")).exit_code == 2


@pytest.mark.parametrize("source", ["seedling-base", "assets/models/seedling-base"])
def test_an_embedded_model_is_exported_into_the_workspace(tmp_path: Path, source: str) -> None:
    whole = tmp_path / "workspace" / "models" / "seedling-base-GGUF" / "model-F16.gguf"
    assert run(export, source, "--quantization", "").output == f"{whole}\n"
    assert whole.is_file()


def test_the_folder_of_a_run_has_its_files_where_the_run_has_them(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "Model"))
    assert run(export, str(folder), "--quantization", "").output == f"{tmp_path / 'GGUF' / 'model-F16.gguf'}\n"


def test_an_adapter_is_merged_into_the_base_that_is_given(tiny_model: Path, tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "lora_alpha": 8}))
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
    factors = {f"{name}A.weight": np.ones((4, 256), np.float32), f"{name}B.weight": np.ones((256, 4), np.float32)}
    save_file(factors, adapter / "adapter_model.safetensors")
    error = refused(export, str(adapter))
    assert isinstance(error, ExportError)
    assert error.hint == f"say where it is: workbench model export {adapter} --adapter-base FOLDER"
    done = run(export, str(adapter), "--adapter-base", str(tiny_model), "--quantization", "")
    assert done.output == f"{tmp_path / 'adapter-GGUF' / 'model-F16.gguf'}\n"
