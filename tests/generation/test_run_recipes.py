import json
from pathlib import Path
from typing import Any

from workbench.generation.mixing import Parts
from workbench.generation.recipes import read_recipe
from workbench.generation.run_recipes import write_recipes
from workbench.records import read_jsonl

Record = dict[str, Any]


def rows(leaf: str, count: int) -> list[Record]:
    metadata = json.dumps({"leaf": leaf} if leaf else {})
    return [{"messages": [], "metadata": metadata, "id": f"{leaf} {number}"} for number in range(count)]


def named(path: Path) -> dict[str, float | int]:
    folder = path.parent / "datasets"
    return {one.path.relative_to(folder).as_posix(): one.size for one in read_recipe(path).datasets}


def test_each_leaf_has_a_file_in_folders_that_mirror_the_taxonomy(tmp_path: Path) -> None:
    parts = Parts(rows("knowledge/a/b", 3), rows("compositional_skills/c", 2), rows("", 4))
    write_recipes(tmp_path, parts, "Be exact.")
    knowledge = {"knowledge/a/b.jsonl": 1.0, "replay.jsonl": 1.0}
    assert named(tmp_path / "recipes/knowledge.yaml") == knowledge
    assert named(tmp_path / "recipes/skills.yaml") == knowledge | {"compositional_skills/c.jsonl": 1.0}
    assert read_recipe(tmp_path / "recipes/skills.yaml").system_prompt == "Be exact."
    assert [row["id"] for row in read_jsonl(tmp_path / "recipes/datasets/knowledge/a/b.jsonl")] == [
        "knowledge/a/b 0", "knowledge/a/b 1", "knowledge/a/b 2"
    ]  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "recipes/skills.yaml").read_text(), "a recipe moves with its run"


def test_knowledge_that_is_repeated_says_how_often(tmp_path: Path) -> None:
    write_recipes(tmp_path, Parts(rows("knowledge/a", 10), precomputed=rows("", 1000)), "")
    assert named(tmp_path / "recipes/skills.yaml") == {"knowledge/a.jsonl": 3.0, "precomputed.jsonl": 1.0}
    assert named(tmp_path / "recipes/knowledge.yaml") == {"knowledge/a.jsonl": 1.0}


def test_without_knowledge_there_is_no_recipe_for_it(tmp_path: Path) -> None:
    write_recipes(tmp_path, Parts(skills=rows("compositional_skills/c", 2), replay=rows("", 3)), "")
    assert not (tmp_path / "recipes/knowledge.yaml").exists()
    assert named(tmp_path / "recipes/skills.yaml") == {"compositional_skills/c.jsonl": 1.0, "replay.jsonl": 1.0}
