from dataclasses import replace
from pathlib import Path

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.sources import SourceFile
from workbench.taxonomy.changes import ChangedFile
from workbench.taxonomy.diff_text import COLOURED, leaf_line, leaf_text
from workbench.taxonomy.leaf_changes import LeafChange, changed_leaf, new_leaf
from workbench.taxonomy.tree import Leaf


def _edit(tree: Path, leaf: str, **edits: str) -> LeafChange:
    file = tree / leaf / "qna.yaml"
    before = file.read_text()
    after = before
    for old, new in zip(edits["old"].split(";"), edits["new"].split(";"), strict=True):
        assert old in after
        after = after.replace(old, new, 1)
    file.write_text(after)
    return changed_leaf(Leaf(leaf, tree), ChangedFile(f"{leaf}/qna.yaml", "modified"), before)


def test_a_new_leaf_is_one_line(tree: Path) -> None:
    assert leaf_text(new_leaf(Leaf(SKILL, tree))) == f"added      skill      {SKILL} (seeds: 5 added)"


def test_an_edit_shows_the_old_and_the_new_words(tree: Path) -> None:
    change = _edit(tree, KNOWLEDGE, old="Ten crowns a year.;commit: HEAD", new="Six crowns a year.;commit: main")
    assert leaf_text(change).splitlines() == [
        f"modified   knowledge  {KNOWLEDGE} (seeds: 1 edited; document.commit)",
        "    ~ document.commit: [-HEAD-]{+main+}",
        "    ~ seed example, line 6",
        "        answer 2: [-Ten-]{+Six+} crowns a year.",
    ]


def test_examples_that_came_and_went_are_shown(tree: Path) -> None:
    change = _edit(
        tree, SKILL, old="How is 07:30 said on a 12-hour clock?;It is half past seven in the morning.", new="Why?;So."
    )
    assert leaf_text(change).splitlines()[1:] == [
        "    + seed example, line 7",
        "        question: Why?",
        "        answer: So.",
        "    - seed example, was line 7",
        "        question: How is 07:30 said on a 12-hour clock?",
        "        answer: It is half past seven in the morning.",
    ]


def test_several_lines_stand_below_their_name(tree: Path) -> None:
    change = _edit(tree, SKILL, old="answer: It is noon.", new="answer: |\n      It is noon.\n      It is late.")
    assert "        answer:\n            It is noon.{+\n            It is late.\n            +}" in leaf_text(change)


def test_a_terminal_gets_colours_and_never_the_file_s_own(tree: Path) -> None:
    change = _edit(tree, SKILL, old="It is noon.", new='"It is \\e[2J\\u009bnoon."')
    assert "\x1b[2J" not in leaf_text(change, COLOURED)
    assert "\x1b[32;4m" in leaf_text(change, COLOURED)
    assert "\\x1b[2J\\x9b" in leaf_text(change)
    assert "\x1b" not in leaf_text(change)


def test_long_texts_are_cut(tree: Path) -> None:
    old = "How is 07:30 said on a 12-hour clock?;half past seven in the morning"
    change = _edit(tree, SKILL, old=old, new="Why?;" + "x" * 999)
    assert "x…" in leaf_text(change)
    assert len(leaf_text(change)) < 800


def test_a_line_names_where_the_leaf_was_and_never_breaks(tree: Path) -> None:
    change = replace(new_leaf(Leaf(SKILL, tree), "renamed"), previous="knowledge/a\nb")
    assert "(was knowledge/a\\nb)" in leaf_line(change)


def test_documents_that_were_found_are_named(tree: Path) -> None:
    change = replace(new_leaf(Leaf(KNOWLEDGE, tree)), documents=(SourceFile("a.md", tree), SourceFile("b.md", tree)))
    assert leaf_text(change).endswith("\n    documents: a.md, b.md")
