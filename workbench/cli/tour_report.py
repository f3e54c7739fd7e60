"""One page of all executed notebooks that needs nothing but itself: no network, no kernel, no scripts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.cli.tour_summary import Summary
from workbench.events import now
from workbench.records import write_text

_WIDGET = "application/vnd.jupyter.widget-view+json"
_HEADING = re.compile(r"^(#{1,5}) ", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```\s*?$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?:\./)?(\d\d_\w+)\.ipynb\)")
# Code is folded away: whoever wants to see what a cell called opens it.
_CELLS = (
    "{%- extends 'basic/index.html.j2' -%}"
    "{% block input %}<details><summary>{% if 'check' in cell.metadata.tags %}Check passed"
    "{% elif 'parameters' in cell.metadata.tags or 'injected-parameters' in cell.metadata.tags %}Parameters"
    "{% else %}Code{% endif %}</summary>{{ super() }}</details>{% endblock %}"
)


@dataclass(frozen=True)
class Page:
    """One notebook's cells as HTML."""

    anchor: str
    title: str
    body: str


def write_report(notebooks: Sequence[Path], summary: Summary, target: Path) -> None:
    """The executed notebooks behind a table of contents, the tour's figures on top."""
    import jinja2
    from pygments.formatters import HtmlFormatter

    source = resources.files("workbench.cli").joinpath("tour_report.html.j2").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)
    page = template.render(
        title="The tour",
        made=now()[:16].replace("T", " ") + " UTC",
        version=__version__,
        highlighting=HtmlFormatter().get_style_defs(".highlight"),
        figures=summary.rows(),
        pages=[page_of(path) for path in notebooks],
    )
    write_text(target, page)


def page_of(path: Path) -> Page:
    """A notebook's cells as they were executed; links between notebooks lead to their places on the page."""
    import nbconvert
    import nbformat

    document = nbformat.read(path, as_version=4)
    # What widgets were is of no use without their kernel, and the exporter would put it on the page as a script.
    document.metadata.pop("widgets", None)
    for number, cell in enumerate(document.cells):
        cell["id"] = f"{path.stem}-{number}"
        if cell.cell_type == "markdown":
            cell.source = _on_one_page(cell.source)
        cell.metadata.setdefault("tags", [])
        for output in cell.get("outputs", []):
            _without_kernel(output)
    made: Any = nbconvert.HTMLExporter
    exporter = made(raw_template=_CELLS, exclude_anchor_links=True)
    body, _ = exporter.from_notebook_node(document)
    return Page(path.stem, _title(document) or path.stem, body)


def _without_kernel(output: Any) -> None:
    """A panel's static form takes the place of the widget, which is dead without its kernel."""
    data = output.get("data", {})
    if "text/html" in data or "text/plain" in data:
        data.pop(_WIDGET, None)


def _on_one_page(markdown: str) -> str:
    """Headings one level down, below the page's own; code in fences stays as it is."""
    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(r"](#\1)", _HEADING.sub(r"#\1 ", part)) for part in parts[::2]]
    return "".join(parts)


def _title(document: Any) -> str:
    """The text of the first heading, which by now is one of the second level."""
    texts = (cell.source for cell in document.cells if cell.cell_type == "markdown")
    headings = (line for text in texts for line in text.splitlines() if line.startswith("## "))
    return next(headings, "").removeprefix("## ").strip()
