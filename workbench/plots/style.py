"""How all figures look: one palette that colour-blind people can tell apart, one typeface, few lines."""

from collections.abc import Iterator
from contextlib import contextmanager

# After M. Okabe and K. Ito, Color Universal Design, toned down; grey stands for what was there before.
INK, QUIET, FAINT, PAPER = "#20262e", "#5b6570", "#dfe3e8", "#ffffff"
BLUE, ORANGE, GREEN = "#1f6fb2", "#d0661c", "#14866a"
BEFORE, AFTER = "#8c96a1", BLUE
LIGHT_BLUE, PALE_BLUE, PALE_ORANGE = "#8fb9dd", "#c9ddef", "#f5d9c3"

WIDTH = 9.0
DOTS = 100
_DETAIL = 2
_SIZE = 9.5

_SETTINGS: dict[str, object] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": _SIZE,
    "figure.dpi": DOTS,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.dpi": DOTS * _DETAIL,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.labelsize": _SIZE,
    "axes.edgecolor": FAINT,
    "axes.titlesize": _SIZE + 1,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": INK,
    "xtick.labelsize": _SIZE - 0.5,
    "ytick.labelsize": _SIZE,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": _SIZE - 0.5,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
    # Words in an SVG stay words, which can be searched, copied and read aloud.
    "svg.fonttype": "none",
    # Ids in an SVG are random unless salted, and figures are compared byte by byte.
    "svg.hashsalt": "workbench",
}


@contextmanager
def applied() -> Iterator[None]:
    """Settings for drawing and saving inside the block; what a notebook has set itself stays as it was."""
    import matplotlib

    with matplotlib.rc_context(_SETTINGS):  # type: ignore[arg-type]
        yield
