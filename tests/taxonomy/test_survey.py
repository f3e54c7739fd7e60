import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import NotFoundError
from workbench.taxonomy.survey import survey


def test_each_leaf_has_its_verdict(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    (tree / KNOWLEDGE / "attribution.txt").unlink()
    found = survey(tree)
    assert found.text().splitlines() == [
        "taxonomy/  (1 knowledge leaf, 1 skill: 3 errors, 1 warning)",
        "    compositional_skills/",
        "        writing/",
        "            clocks/  [freeform skill, 0 seeds, 0 pairs: 3 errors]",
        "    knowledge/",
        "        town/",
        "            tool_library/  [knowledge, 5 seeds, 15 pairs: 1 warning]",
    ]
    assert not found.valid


def test_the_record_holds_counts_and_findings(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").write_text("a: b: c\n")
    record = survey(tree).record()
    assert record["valid"] is False
    assert record["leaves"] == [
        {
            **{"path": SKILL, "kind": "skill", "form": "skill", "version": 0, "seeds": 0, "pairs": 0},
            **{"errors": 1, "warnings": 0, "advice": 0},
        },
        {
            **{"path": KNOWLEDGE, "kind": "knowledge", "form": "knowledge", "version": 3, "seeds": 5, "pairs": 15},
            **{"errors": 0, "warnings": 0, "advice": 0},
        },
    ]
    findings = record["findings"]
    assert isinstance(findings, list)
    assert [finding["code"] for finding in findings] == ["yaml-syntax"]


def test_terminals_and_notebooks_show_the_verdicts(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").write_text("version: 3\n")
    found = survey(tree)
    console = Console(file=io.StringIO(), width=120)
    console.print(found)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "clocks freeform skill, 0 seeds, 0 pairs 3 errors" in shown
    assert "tool_library knowledge, 5 seeds, 15 pairs valid" in shown
    html = found._repr_html_()
    assert "15 pairs: valid" in html
    assert html.count("<ul>") == html.count("</ul>")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        survey(tmp_path / "nowhere")
