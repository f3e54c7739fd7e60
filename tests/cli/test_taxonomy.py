import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.documents.git import git

Shown = pytest.CaptureFixture[str]


def test_the_workspace_s_taxonomy_is_the_default(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "project").mkdir()
    tree.rename(tmp_path / "project/taxonomy")
    assert answer(["taxonomy", "tree", "--workspace", str(tmp_path / "project")]) == 0
    assert "clocks/  [freeform skill, 5 seeds, 5 pairs: valid]" in capsys.readouterr().out


def test_a_path_that_is_given_makes_no_workspace(tree: Path, tmp_path: Path) -> None:
    assert answer(["taxonomy", "tree", "--taxonomy-path", str(tree)]) == 0
    assert not (tmp_path / "workspace").exists()


def test_a_new_leaf_is_written_and_valid(tree: Path, capsys: Shown) -> None:
    where = ["--taxonomy-path", str(tree)]
    assert answer(["taxonomy", "new", "knowledge", "town/tool_library", *where]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tree / "knowledge/town/tool_library/qna.yaml")
    assert answer(["taxonomy", "diff", "--taxonomy-base", "empty", *where]) == 0


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        ("skill", "clocks", "there is a compositional_skills/clocks/qna.yaml already"),
        ("skill", "../up", "cannot be the path of a leaf"),
        ("skill", "/etc", "cannot be the path of a leaf"),
        ("skill", "old towns", "cannot be the path of a leaf"),
        ("skill", "", "cannot be the path of a leaf"),
        ("skill", "compositional_skills", "cannot be the path of a leaf"),
        ("skill", "knowledge/town", "is the path of knowledge, not of a skill"),
        ("knowledge", "compositional_skills/town", "is the path of a skill, not of knowledge"),
        ("knowledge", "town/compositional_skills/x", "is the path of a skill, not of knowledge"),
        ("skill", "out/leaf", "leads out of the taxonomy"),
        ("skill", "clocks/qna.yaml", "is a file"),
        ("wisdom", "town", "'wisdom' is not one of"),
    ],
)
def test_a_wrong_leaf_is_refused(tree: Path, tmp_path: Path, capsys: Shown, kind: str, path: str, said: str) -> None:
    (tmp_path / "outside").mkdir()
    (tree / "compositional_skills/out").symlink_to(tmp_path / "outside")
    before = sorted(tmp_path.rglob("*"))
    assert answer(["taxonomy", "new", kind, path, "--taxonomy-path", str(tree)]) == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_tree_s_verdicts_are_shown_and_answer_0(tree: Path, capsys: Shown) -> None:
    (tree / "compositional_skills/clocks/qna.yaml").write_text("version: 3\n")
    assert answer(["taxonomy", "tree", "--taxonomy-path", str(tree)]) == 0
    assert "clocks/  [freeform skill, 0 seeds, 0 pairs: 3 errors]" in capsys.readouterr().out
    assert answer(["taxonomy", "tree", "--taxonomy-path", str(tree), "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["valid"], shown["leaves"][0]["errors"]) == (False, 3)


def test_the_tree_is_drawn(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    where = ["--taxonomy-path", str(tree)]
    assert answer(["taxonomy", "tree", "--picture", str(tmp_path / "a/tree.svg"), *where]) == 0
    first = (tmp_path / "a/tree.svg").read_bytes()
    assert first.startswith(b"<?xml")
    git(tree, "init", "--quiet")
    assert answer(["taxonomy", "tree", "--picture", str(tmp_path / "tree.svg"), *where]) == 0
    assert (tmp_path / "tree.svg").read_bytes() != first
    assert answer(["taxonomy", "tree", "--picture", str(tmp_path / "tree.pdf"), *where]) == 2
    assert "ends with .svg" in capsys.readouterr().err


def test_rules_are_listed_and_explained(capsys: Shown) -> None:
    assert answer(["taxonomy", "rules"]) == 0
    assert "lint-colons" in capsys.readouterr().out
    assert answer(["taxonomy", "rules", "lint-colons"]) == 0
    assert "mended:" in capsys.readouterr().out
    assert answer(["taxonomy", "rules", "nonsense"]) == 2
