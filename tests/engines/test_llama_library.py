import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import workbench


def test_llama_cpp_is_loaded_in_one_place() -> None:
    folder = Path(workbench.__file__).parent
    loading = [path.name for path in folder.rglob("*.py") if re.search(r"^import llama_cpp", path.read_text(), re.M)]
    assert loading == ["llama_library.py"]


@pytest.mark.parametrize("module", ["llamacpp", "llama_sampler", "llama_binding"])
def test_threads_wait_without_spinning_whatever_is_imported_first(module: str) -> None:
    code = f"import os, workbench.engines.{module}; print(os.environ.get('OMP_WAIT_POLICY'))"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "None", "others in the process are left alone"
    if "OPENMP DISPLAY ENVIRONMENT" in done.stderr:
        assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
