import base64
import re
from pathlib import Path

import nbformat
import pytest

from workbench.cli.tour_report import page_of, write_report
from workbench.cli.tour_summary import Summary

WIDGET = "application/vnd.jupyter.widget-view+json"
SUMMARY = Summary(0.25, 0.95, 300, 0.9, 6, 2, 6.0, 0)
PIXEL = base64.b64encode(b"picture").decode()


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    """A notebook with the outputs that notebooks here have."""
    outputs = [
        {"text/plain": "plain", WIDGET: {"model_id": "1"}, "text/html": "<p>the static form</p>"},
        {"image/png": PIXEL, "text/plain": "a figure"},
    ]
    cells = [
        nbformat.v4.new_markdown_cell("# 01 Taxonomy\n\n[on](02_diff.ipynb)\n\n```\n# no heading\n```"),
        nbformat.v4.new_code_cell(
            "panel", outputs=[nbformat.v4.new_output("display_data", data=data) for data in outputs]
        ),
        nbformat.v4.new_markdown_cell("## A part"),
        nbformat.v4.new_code_cell("assert True", metadata={"tags": ["check"]}),
        nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]}),
    ]
    path = tmp_path / "01_taxonomy.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_becomes_a_part_of_the_page(executed: Path) -> None:
    page = page_of(executed)
    assert (page.anchor, page.title) == ("01_taxonomy", "01 Taxonomy")
    assert re.search("<h2[^>]*>01 Taxonomy", page.body)
    assert re.search("<h3[^>]*>A part", page.body)
    assert '<a href="#02_diff">on</a>' in page.body
    assert "# no heading" in page.body
    assert "¶" not in page.body


def test_what_needs_a_kernel_gives_way_to_its_static_form(executed: Path) -> None:
    body = page_of(executed).body
    assert "<p>the static form</p>" in body
    assert WIDGET not in body
    assert f"data:image/png;base64,{PIXEL}" in body
    assert "<details><summary>Code</summary>" in body
    assert "<details><summary>Check passed</summary>" in body
    assert "<details><summary>Parameters</summary>" in body


def test_the_page_needs_nothing_but_itself(executed: Path, tmp_path: Path) -> None:
    target = tmp_path / "tour" / "report.html"
    write_report([executed], SUMMARY, target)
    page = target.read_text(encoding="utf-8")
    assert '<a href="#01_taxonomy">01 Taxonomy</a>' in page
    assert '<dd id="trained_accuracy">95.0 %</dd>' in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)


def test_no_name_on_the_page_is_given_twice(executed: Path, tmp_path: Path) -> None:
    second = executed.with_name("02_diff.ipynb")
    second.write_bytes(executed.read_bytes())
    target = tmp_path / "report.html"
    write_report([executed, second], SUMMARY, target)
    names = re.findall(r'\sid="?([^"\s>]+)', target.read_text(encoding="utf-8"))
    assert len(names) == len(set(names))
