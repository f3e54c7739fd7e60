"""Wrong parameters, given to papermill itself, which takes them all."""

from pathlib import Path

import pytest

from tests.notebooks.conftest import NAMES, path_of
from workbench.options import describe


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_parameter_ends_in_the_first_cell(name: str, tmp_path: Path) -> None:
    import papermill

    from workbench.cli.notebooks import declaration

    declared = declaration(path_of(name))
    assert declared
    taken = next(field for field in describe(declared.options_class) if field.name in declared.names)
    wrong = 3 if taken.kind == "str" else "many"
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        papermill.execute_notebook(
            path_of(name), tmp_path / "out.ipynb", parameters={"nonsense": 1, taken.name: wrong}, progress_bar=False
        )
    shown = str(caught.value)
    assert "nonsense: there is no such option" in shown
    assert f"{taken.name}: {wrong!r} ({type(wrong).__name__}) is not allowed; allowed: {taken.allowed()}" in shown
    # The parameters cell, the injected one, and the one that refuses.
    assert caught.value.exec_count == 3
    assert not (tmp_path / "workspace").exists()
