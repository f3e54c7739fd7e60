from collections import Counter
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import NotFoundError, RecordError
from workbench.generation.recipes import Dataset, Recipe, drawn, read_recipe, write_recipe


@given(st.integers(0, 50), st.integers(0, 200), st.integers(0, 9))
def test_no_row_is_drawn_twice_while_another_was_not_drawn(rows: int, size: int, seed: int) -> None:
    found = drawn(range(rows), size, Random(seed))
    assert len(found) == (size if rows else 0)
    assert found == sorted(found), "the order of the file is kept"
    times = Counter(found)
    counts = [times[row] for row in range(rows)]
    assert not counts or max(counts) - min(counts) <= 1


def test_a_share_and_a_number_of_rows() -> None:
    assert Dataset(Path("a"), 0.5).count(7) == 3
    assert Dataset(Path("a"), 1.0).count(7) == 7
    assert Dataset(Path("a"), 5).count(7) == 5


def test_what_is_written_is_read_again_and_moves_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "run" / "recipes" / "skills.yaml"
    outside = tmp_path / "elsewhere.jsonl"
    recipe = Recipe((Dataset(path.parent / "datasets" / "a.jsonl"), Dataset(outside, 30)), "Be brief.")
    write_recipe(path, recipe, "First line\nsecond line")
    assert read_recipe(path) == recipe
    text = path.read_text()
    assert text.startswith("# First line\n# second line\n")
    assert yaml.safe_load(text) == {
        "datasets": [
            {"path": "datasets/a.jsonl", "sampling_size": 1.0},
            {"path": str(outside), "sampling_size": 30},
        ],
        "metadata": {"sys_prompt": "Be brief."},
    }
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    assert read_recipe(moved / "recipes" / "skills.yaml").datasets[0].path == moved / "recipes/datasets/a.jsonl"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("datasets: [", "no recipe can be read"),
        ("- a", "it is no recipe"),
        ("datasets: []", "names no files"),
        ("datasets: a.jsonl", "names no files"),
        ("datasets: [{sampling_size: 1}]", "dataset 1 has no `path`"),
        ("datasets: [a.jsonl]", "dataset 1 has no `path`"),
        ("datasets: [{path: a, sampling_size: -1}]", "sampling_size is -1"),
        ("datasets: [{path: a, sampling_size: true}]", "sampling_size is True"),
        ("datasets: [{path: a, sampling_size: .inf}]", "sampling_size is inf"),
        ("datasets: [{path: a, sampling_size: 1e9}]", "sampling_size is"),
        ("datasets: [{path: a}]\nmetadata: {sys_prompt: 3}", "sys_prompt"),
        ("datasets: [{path: a}]\nmetadata: text", "sys_prompt"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_told(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecordError, match=said) as caught:
        read_recipe(path)
    assert str(path) in caught.value.message


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_recipe(tmp_path / "recipe.yaml")
    with pytest.raises(RecordError):
        read_recipe(tmp_path)
