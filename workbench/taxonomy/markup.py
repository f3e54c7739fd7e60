"""HTML for notebooks: plain tables and lists, readable without colours and by a screen reader."""

from collections.abc import Iterable, Sequence
from html import escape

from workbench.taxonomy.printable import printable, printable_lines

_CELL = ' style="text-align:left"'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Every text is escaped; a caption or head says what a column is."""
    head = "".join(f'<th scope="col"{_CELL}>{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td{_CELL}>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    title = f"<caption{_CELL}>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def paragraph(text: str) -> str:
    return f"<p>{escape(printable(text))}</p>"


def _cell(value: object) -> str:
    return escape(printable_lines(str(value))).replace("\n", "<br>")
