from pathlib import Path

import pytest
import yaml

from tests.notebooks.conftest import notebook_of, presets
from workbench.cli.notebooks import declaration


def test_there_are_presets() -> None:
    assert {"generate-workshop", "generate-granite", "train-7b"} <= {path.stem for path in presets()}


@pytest.mark.parametrize("preset", presets(), ids=lambda path: path.stem)
def test_a_preset_holds_options_of_its_notebook(preset: Path) -> None:
    declared = declaration(notebook_of(preset))
    assert declared
    values = yaml.safe_load(preset.read_text(encoding="utf-8"))
    assert values
    assert declared.options_class.parse(values)


@pytest.mark.parametrize("preset", presets(), ids=lambda path: path.stem)
def test_a_preset_says_how_it_is_used(preset: Path) -> None:
    command = f"papermill notebooks/{notebook_of(preset).name} out.ipynb -f assets/presets/{preset.name}"
    assert f"#   {command}\n" in preset.read_text(encoding="utf-8")
