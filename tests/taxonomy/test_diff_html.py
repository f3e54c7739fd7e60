from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.documents.sources import SourceFile
from workbench.taxonomy.changes import ChangedFile
from workbench.taxonomy.diff_html import leaves_html, page
from workbench.taxonomy.leaf_changes import changed_leaf, new_leaf
from workbench.taxonomy.tree import Leaf


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _balanced(html: str) -> bool:
    parser = _Balance()
    parser.feed(html)
    return not parser.open


def test_no_leaves_are_nothing() -> None:
    assert leaves_html([]) == ""


def test_edits_are_marked_as_such(tree: Path) -> None:
    file = tree / KNOWLEDGE / "qna.yaml"
    before = file.read_text()
    file.write_text(before.replace("Ten crowns a year.", "Six crowns <b>a</b> year."))
    change = changed_leaf(Leaf(KNOWLEDGE, tree), ChangedFile(f"{KNOWLEDGE}/qna.yaml", "modified"), before)
    shown = leaves_html([change, new_leaf(Leaf(SKILL, tree))])
    assert "<del>Ten</del><ins>Six</ins>" in shown
    assert "&lt;b&gt;a&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert shown.count("<details") == 1
    assert _balanced(shown)


def test_examples_that_came_and_went_are_shown_whole(tree: Path) -> None:
    file = tree / SKILL / "qna.yaml"
    before = file.read_text()
    file.write_text(
        before.replace("How is 07:30 said on a 12-hour clock?", "Why?").replace("half past seven in the morning", "so")
    )
    shown = leaves_html([changed_leaf(Leaf(SKILL, tree), ChangedFile(f"{SKILL}/qna.yaml", "modified"), before)])
    assert "<ins>Why?</ins>" in shown
    assert "<del>How is 07:30 said on a 12-hour clock?</del>" in shown
    assert _balanced(shown)


def test_documents_and_odd_names_are_shown(tree: Path) -> None:
    change = replace(
        new_leaf(Leaf(KNOWLEDGE, tree)), documents=(SourceFile("<a>\n.md", tree),), previous="knowledge/<x>"
    )
    shown = leaves_html([change])
    assert "documents: &lt;a&gt;\\n.md" in shown
    assert "&lt;x&gt;" in shown


def test_a_page_says_how_it_is_written() -> None:
    whole = page("a & b", "<p>ü</p>")
    assert whole.startswith("<!doctype html>")
    assert 'charset="utf-8"' in whole
    assert "a &amp; b" in whole
    assert _balanced(whole.replace("<!doctype html>", ""))
