"""A drawing with the sentence that belongs under it."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from workbench.plots.style import DOTS, QUIET, WIDTH, applied
from workbench.records import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

# Without dates and version numbers the same data give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}

# What fits on a line as wide as a figure.
_LETTERS = 125


@dataclass(frozen=True)
class Figure:
    """Shows itself in a notebook as a picture with its caption, which is its text for whoever cannot see it."""

    drawing: "Drawing"
    caption: str

    @cached_property
    def png(self) -> bytes:
        """Two dots for each of the notebook's, for screens that have them."""
        return self._rendered("png")

    @cached_property
    def svg(self) -> bytes:
        return self._rendered("svg")

    def save(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Writes `<name>.png` and `<name>.svg`, the same bytes for the same data; returns both paths.

        A picture in a file stands alone: its caption is drawn under it.
        """
        paths = folder / f"{name}.png", folder / f"{name}.svg"
        told = "\n".join(wrap(self.caption, _LETTERS))
        label = self.drawing.text(0.01, -0.01, told, va="top", fontsize="small", color=QUIET)
        for path in paths:
            write_bytes(path, self._rendered(path.suffix[1:], bbox_inches="tight"))
        label.remove()
        return paths

    def _repr_html_(self) -> str:
        source = "data:image/png;base64," + base64.b64encode(self.png).decode()
        width = round(self.drawing.get_figwidth() * DOTS)
        return (
            '<figure style="margin:0">'
            f'<img src="{source}" alt="{escape(self.caption)}" style="width:100%;max-width:{width}px">'
            f'<figcaption style="max-width:{width}px">{escape(self.caption)}</figcaption></figure>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": self.caption}

    def __str__(self) -> str:
        return self.caption

    def _rendered(self, kind: str, **layout: Any) -> bytes:
        target = BytesIO()
        with applied():
            # An SVG carries its caption as its title, which is what a screen reader says of it; a PNG for who looks.
            title = {"Title" if kind == "svg" else "Description": self.caption}
            self.drawing.savefig(target, format=kind, metadata=_METADATA[kind] | title, **layout)
        return target.getvalue()


Paint = Callable[[Sequence["Axes"]], None]


@dataclass(frozen=True)
class Grid:
    """Panels of a figure: so many beside and below each other, in all `height` inches high."""

    height: float
    rows: int = 1
    columns: int = 1
    share_x: bool = False
    share_y: bool = False
    ratios: tuple[float, ...] = ()


def draw(grid: Grid, paint: Paint, caption: str) -> Figure:
    """Panels as wide as a notebook, given to `paint` row by row; pyplot and its global state stay out of it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    with applied():
        drawing = Drawing(figsize=(WIDTH, grid.height), layout="constrained")
        FigureCanvasAgg(drawing)
        panels = drawing.subplots(
            grid.rows,
            grid.columns,
            squeeze=False,
            sharex=grid.share_x,
            sharey=grid.share_y,
            height_ratios=grid.ratios or None,
        )
        paint([panel for row in panels for panel in row])
    return Figure(drawing, caption)


def nothing(caption: str) -> Figure:
    """A figure that says why there is nothing to see."""

    def paint(panels: Sequence["Axes"]) -> None:
        panels[0].set_axis_off()
        panels[0].text(0.5, 0.5, caption, ha="center", va="center", transform=panels[0].transAxes)

    return draw(Grid(1.0), paint, caption)
