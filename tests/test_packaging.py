"""A wheel built from this tree works without the tree."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKED = ("notebooks", "taxonomy", "assets")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy in a folder with a blank, in which each packed folder holds at least one small file."""
    folder = tmp_path_factory.mktemp("a tree")
    for name in ("pyproject.toml", "LICENSE", "README.md", ".gitignore"):
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "workbench", folder / "workbench", ignore=shutil.ignore_patterns("__pycache__"))
    for name in PACKED:
        models = shutil.ignore_patterns("models")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=models)
        (folder / name / "models").mkdir(parents=True)
        (folder / name / "models" / "small.ipynb").write_text("{}")
    (folder / "notebooks" / "01_first.ipynb").write_text("{}")
    flags = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder / "dist")]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *flags, str(folder)], check=True)
    return next((folder / "dist").glob("instructlab_workbench-*.whl"))


def test_a_wheel_holds_the_package_and_what_it_lays_out(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"workbench/__init__.py", "workbench/cli/main.py"} <= names
    assert {f"workbench/_bundle/{name}/models/small.ipynb" for name in PACKED} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"workbench"}


def test_an_installed_wheel_works_without_a_clone(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    variables = {key: value for key, value in os.environ.items() if key != "WORKBENCH_WORKSPACE"}
    variables["PYTHONPATH"] = str(site)
    command = [sys.executable, "-P", "-m", "workbench.cli.main", "init", "my work"]
    shown = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    assert "next: cd my work && workbench lab" in shown.stdout
    assert (tmp_path / "my work" / "notebooks" / "01_first.ipynb").is_file()
    assert not (tmp_path / "my work" / "assets" / "models").exists()


def test_every_pin_agrees_with_the_declared_bounds() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    exact = {pin.name.lower(): next(iter(pin.specifier)) for pin in pins}
    for requirement in map(Requirement, declared):
        pin = exact[requirement.name.lower()]
        assert pin.operator == "=="
        assert "+" not in pin.version
        assert requirement.specifier.contains(pin.version), f"{requirement} and {pin}"
