import json
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.documents.git import git
from workbench.taxonomy.leaf_files import new_leaf

Shown = pytest.CaptureFixture[str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "taxonomy"
    root.mkdir()
    new_leaf(root, "skill", "clocks")
    return root


def _diff(tree: Path, *arguments: str) -> int:
    return answer(["taxonomy", "diff", "--taxonomy-path", str(tree), *arguments])


def test_a_valid_taxonomy_answers_0(tree: Path, capsys: Shown) -> None:
    assert _diff(tree, "--taxonomy-base", "empty") == 0
    assert capsys.readouterr().out.endswith("1 leaf in the taxonomy: valid\n")


def test_errors_answer_1(tree: Path, capsys: Shown) -> None:
    (tree / "compositional_skills/clocks/qna.yaml").write_text("version: 3\n")
    assert _diff(tree, "--taxonomy-base", "empty") == 1
    assert "error [missing-key]" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--taxonomy-base", "nowhere"], [], ["--format", "pdf"], ["--nonsense"]])
def test_wrong_use_answers_2(tree: Path, capsys: Shown, arguments: list[str]) -> None:
    assert _diff(tree, *arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_a_path_that_is_not_there_answers_2(tmp_path: Path) -> None:
    assert _diff(tmp_path / "nowhere") == 2
    assert _diff(Path("nowhere")) == 2


def test_json_is_all_that_stands_on_standard_output(tree: Path, capsys: Shown) -> None:
    git(tree, "init", "--quiet")
    assert _diff(tree, "--format", "json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["leaves"][0]["status"] == "untracked"
    assert "nothing is committed yet" in shown.err


def test_html_is_a_table(tree: Path, capsys: Shown) -> None:
    assert _diff(tree, "--format", "html", "--taxonomy-base", "empty") == 0
    assert "<table>" in capsys.readouterr().out


def test_quiet_shows_errors_only(tree: Path, capsys: Shown) -> None:
    (tree / "compositional_skills/clocks/attribution.txt").unlink()
    assert _diff(tree, "--quiet", "--taxonomy-base", "empty") == 0
    assert capsys.readouterr().out == ""
    (tree / "compositional_skills/clocks/qna.yaml").write_text("version: 3\n")
    assert _diff(tree, "--quiet", "--taxonomy-base", "empty") == 1
    assert "missing-key" in capsys.readouterr().out


def test_the_workspace_s_taxonomy_is_the_default(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "project").mkdir()
    tree.rename(tmp_path / "project/taxonomy")
    assert answer(["taxonomy", "tree", "--workspace", str(tmp_path / "project")]) == 0
    assert "clocks/  [freeform skill, 5 seeds, 5 pairs]" in capsys.readouterr().out


def test_a_path_that_is_given_makes_no_workspace(tree: Path, tmp_path: Path) -> None:
    assert answer(["taxonomy", "tree", "--taxonomy-path", str(tree)]) == 0
    assert not (tmp_path / "workspace").exists()


def test_a_new_leaf_is_written_and_valid(tree: Path, capsys: Shown) -> None:
    where = ["--taxonomy-path", str(tree)]
    assert answer(["taxonomy", "new", "knowledge", "town/tool_library", *where]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tree / "knowledge/town/tool_library/qna.yaml")
    assert _diff(tree, "--taxonomy-base", "empty") == 0
    assert answer(["taxonomy", "new", "knowledge", "town/tool_library", *where]) == 2
    assert answer(["taxonomy", "new", "skill", "../up", *where]) == 2


def test_rules_are_listed_and_explained(capsys: Shown) -> None:
    assert answer(["taxonomy", "rules"]) == 0
    assert "lint-colons" in capsys.readouterr().out
    assert answer(["taxonomy", "rules", "lint-colons"]) == 0
    assert "mended:" in capsys.readouterr().out
    assert answer(["taxonomy", "rules", "nonsense"]) == 2
