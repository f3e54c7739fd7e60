import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.plots.figure import Figure, Grid, draw, nothing

_WITHOUT_PYPLOT = (
    "import sys; from workbench.plots import loss_curves; "
    "loss_curves([{'stage': 'phase_1', 'step': 1, 'loss': 2.0}]).png; "
    "sys.exit('matplotlib.pyplot' in sys.modules)"
)


def line() -> Figure:
    def paint(panels: Sequence[Any]) -> None:
        panels[0].plot([0, 1], [0, 1])

    return draw(Grid(1.5), paint, "A line <from> 0 to 1.")


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    first = line().save(tmp_path / "one", "line")
    second = line().save(tmp_path / "two", "line")
    assert [path.name for path in first] == ["line.png", "line.svg"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_a_picture_names_no_date_and_no_program() -> None:
    figure = line()
    assert figure.png.startswith(b"\x89PNG")
    assert b"Software" not in figure.png
    assert b"<dc:date>" not in figure.svg
    assert b"Matplotlib v" not in figure.svg


def test_a_saved_picture_has_its_caption_under_it_once(tmp_path: Path) -> None:
    figure = line()
    heights = [int.from_bytes(path.read_bytes()[20:24]) for path in (figure.save(tmp_path, name)[0] for name in "ab")]
    assert heights[0] == heights[1] > int.from_bytes(figure.png[20:24])


def test_a_notebook_shows_the_picture_with_its_caption() -> None:
    bundle = line()._repr_mimebundle_()
    assert bundle["text/plain"] == "A line <from> 0 to 1."
    assert 'alt="A line &lt;from&gt; 0 to 1."' in bundle["text/html"]
    assert "<figcaption" in bundle["text/html"]
    assert "max-width:900px" in bundle["text/html"]
    assert "data:image/png;base64," in line()._repr_html_()


def test_a_picture_is_twice_as_dense_as_it_is_shown() -> None:
    png = line().png
    assert int.from_bytes(png[16:20], "big") == 1800
    assert int.from_bytes(png[20:24], "big") == 300


def test_where_there_is_nothing_it_says_so() -> None:
    figure = nothing("No loss has been recorded yet.")
    assert str(figure) == "No loss has been recorded yet."
    assert figure.png


def test_pyplot_and_its_state_are_left_alone() -> None:
    assert subprocess.run([sys.executable, "-c", _WITHOUT_PYPLOT], check=False).returncode == 0
