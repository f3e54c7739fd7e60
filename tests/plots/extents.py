"""Whether everything that a figure says can be read."""

from workbench.plots.figure import Figure
from workbench.plots.style import applied

_SLACK = 1.0


def words(figure: Figure) -> list[str]:
    """Every text in the drawing."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.drawing.findobj(Text) if text.get_text() and text.get_visible()]


def cut_off(figure: Figure) -> list[str]:
    """Texts that stick out of the picture."""
    from matplotlib.text import Text

    with applied():
        figure.drawing.canvas.draw()
        whole = figure.drawing.bbox
        cut = []
        for text in figure.drawing.findobj(Text):
            if text.get_text() and text.get_visible() and text.axes is not None and text.axes.axison:
                box = text.get_window_extent()
                if box.x0 < -_SLACK or box.y0 < -_SLACK or box.x1 > whole.x1 + _SLACK or box.y1 > whole.y1 + _SLACK:
                    cut.append(text.get_text())
    return cut
