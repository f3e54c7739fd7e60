import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli.main import answer
from workbench.documents.git import git
from workbench.taxonomy.leaf_files import new_leaf

Shown = pytest.CaptureFixture[str]
WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
FILE = "compositional_skills/clocks/qna.yaml"


def _diff(tree: Path, *arguments: str) -> int:
    return answer(["taxonomy", "diff", "--taxonomy-path", str(tree), *arguments])


def _commit(tree: Path) -> None:
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    assert git(tree, *WHO, "commit", "--quiet", "--message=x").ok


def test_a_valid_taxonomy_answers_0(tree: Path, capsys: Shown) -> None:
    assert _diff(tree, "--taxonomy-base", "empty") == 0
    assert capsys.readouterr().out.endswith("1 leaf in the taxonomy: valid\n")


def test_the_short_name_is_the_same_command(tree: Path, capsys: Shown) -> None:
    assert answer(["diff", "--taxonomy-path", str(tree), "--taxonomy-base", "empty"]) == 0
    short = capsys.readouterr().out
    assert _diff(tree, "--taxonomy-base", "empty") == 0
    assert capsys.readouterr().out == short


def test_errors_answer_1(tree: Path, capsys: Shown) -> None:
    (tree / FILE).write_text("version: 3\n")
    assert _diff(tree, "--taxonomy-base", "empty") == 1
    assert "error [missing-key]" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--taxonomy-base", "nowhere"],
        [],
        ["--format", "pdf"],
        ["--nonsense"],
        ["--yes"],
        ["--offline"],
        ["--yaml-rules", "nowhere"],
    ],
)
def test_wrong_use_answers_2(tree: Path, capsys: Shown, arguments: list[str]) -> None:
    assert _diff(tree, *arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("path", ["nowhere", "x" * 5000])
def test_a_path_that_is_not_there_answers_2(tmp_path: Path, path: str) -> None:
    assert _diff(tmp_path / path) == 2
    assert _diff(Path(path)) == 2


def test_json_is_all_that_stands_on_standard_output(tree: Path, capsys: Shown) -> None:
    git(tree, "init", "--quiet")
    assert _diff(tree, "--format", "json") == 0
    shown = capsys.readouterr()
    leaf = {"path": "compositional_skills/clocks", "kind": "skill", "version": 3, "status": "untracked"}
    assert json.loads(shown.out) == {"valid": True, "base": "origin/main", "leaves": [leaf], "findings": []}
    assert "nothing is committed yet" in shown.err
    (tree / FILE).write_text("version: 3\n")
    assert _diff(tree, "--format", "json") == 1
    keys = ["path", "line", "column", "yaml_path", "code", "severity", "message", "hint"]
    assert list(json.loads(capsys.readouterr().out)["findings"][0]) == keys


def test_html_is_a_page_and_github_a_list_of_commands(tree: Path, capsys: Shown) -> None:
    _commit(tree)
    (tree / FILE).write_text("version: 3\n")
    assert _diff(tree, "--format", "html") == 1
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert _diff(tree, "--format", "github") == 1
    assert f"\n::error file={FILE},line=1,col=1,title=missing-key::" in capsys.readouterr().out


@pytest.mark.parametrize("shape", ["text", "json", "github", "html"])
def test_quiet_shows_errors_only(tree: Path, capsys: Shown, shape: str) -> None:
    (tree / "compositional_skills/clocks/attribution.txt").unlink()
    quiet = ("--quiet", "--taxonomy-base", "empty", "--format", shape)
    assert _diff(tree, *quiet) == 0
    assert capsys.readouterr() == ("", "")
    (tree / FILE).write_text("version: 3\n")
    assert _diff(tree, *quiet) == 1
    shown = capsys.readouterr()
    assert "missing-key" in shown.out
    assert shown.err == ""
    assert "attribution" not in shown.out or shape in ("json", "html")


def test_documents_are_fetched_into_the_workspace(tree: Path, tmp_path: Path, capsys: Shown) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "tools.md").write_text((new_leaf(tree, "knowledge", "town").leaf.folder / "document.md").read_text())
    _commit(library)
    qna = tree / "knowledge/town/qna.yaml"
    commit = git(library, "rev-parse", "HEAD").text
    qna.write_text(qna.read_text().replace("repo: .", f"repo: {library.as_uri()}").replace("HEAD", commit))
    asked = ("--taxonomy-base", "empty", "--documents")
    assert _diff(tree, *asked, "--offline") == 1
    assert "the network is switched off" in capsys.readouterr().out
    assert _diff(tree, *asked) == 0
    assert "    documents: tools.md" in capsys.readouterr().out
    assert _diff(tree, *asked, "--offline") == 0
    assert (tmp_path / "workspace/cache/documents").is_dir()
    qna.write_text(qna.read_text().replace("Anyone who is sixteen", "Anyone who is fifteen"))
    capsys.readouterr()
    assert _diff(tree, *asked, "--offline") == 0
    assert "context-not-in-document" in capsys.readouterr().out


@pytest.fixture
def broken(tree: Path) -> Path:
    """A file without its last line break."""
    (tree / FILE).write_text((tree / FILE).read_text().rstrip("\n"))
    return tree


def _fix(tree: Path, *arguments: str) -> int:
    return _diff(tree, "--taxonomy-base", "empty", "--fix", *arguments)


def test_a_fix_is_shown_and_written_with_yes(broken: Path, capsys: Shown) -> None:
    assert _fix(broken, "--yes") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"--- {FILE}\n+++ {FILE}\n@@ ")
    assert shown.out.endswith("1 leaf in the taxonomy: valid\n")
    assert "mended 1 file" in shown.err
    assert (broken / FILE).read_text().endswith("\n")
    assert _fix(broken, "--yes") == 0
    assert "nothing can be mended mechanically" in capsys.readouterr().err


def test_without_a_terminal_and_without_yes_nothing_is_written(broken: Path, capsys: Shown) -> None:
    assert _fix(broken) == 1
    shown = capsys.readouterr()
    assert f"--- {FILE}" in shown.out
    assert "nothing was written: to write 1 file, add --yes" in shown.err
    assert not (broken / FILE).read_text().endswith("\n")


def test_misnamed_files_are_renamed(tree: Path, capsys: Shown) -> None:
    folder = tree / "knowledge/town"
    folder.mkdir(parents=True)
    for name in ("qna.yml", "QNA.yaml"):
        (folder / name).write_text((tree / FILE).read_text())
    assert _fix(tree, "--yes") == 1
    assert "is renamed to qna.yaml" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["qna.yaml", "qna.yml"]
    assert _diff(folder / "qna.yml", "--fix", "--yes") == 1


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_is_asked(
    broken: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda text, err: said.startswith("y"))
    assert _fix(broken) == code
    assert (broken / FILE).read_text().endswith("\n") is (code == 0)
    assert ("mended" if code == 0 else "nothing was written") in capsys.readouterr().err


def test_a_fix_stays_off_standard_output_that_is_for_a_machine(broken: Path, capsys: Shown) -> None:
    assert _fix(broken, "--yes", "--format", "json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["valid"] is True
    assert f"--- {FILE}" in shown.err


def test_quiet_and_yes_say_nothing(broken: Path, capsys: Shown) -> None:
    assert _fix(broken, "--yes", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_a_whole_process_shows_names_of_any_encoding(tree: Path) -> None:
    _commit(tree)
    name = os.fsdecode(b"k\xf6ln\n")
    (tree / "knowledge" / name).mkdir(parents=True)
    (tree / "knowledge" / name / "qna.yaml").write_text("version: 3\n")
    command = [sys.executable, "-m", "workbench.cli.main", "diff", "--taxonomy-path", str(tree), "--format"]
    done = subprocess.run([*command, "text"], capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert b"knowledge/k\\xf6ln\\n (" in done.stdout
    shown = json.loads(subprocess.run([*command, "json"], capture_output=True, check=False).stdout)
    assert shown["leaves"][0]["path"] == f"knowledge/{name}"
