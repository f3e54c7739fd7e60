import matplotlib
import pytest

from workbench.plots import style


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["INK", "QUIET", "BLUE"])
def test_words_stand_out_from_the_paper(name: str) -> None:
    contrast = 1.05 / (luminance(getattr(style, name)) + 0.05)
    assert contrast >= 4.5


@pytest.mark.parametrize("name", ["ORANGE", "GREEN", "BEFORE", "AFTER"])
def test_marks_stand_out_from_the_paper(name: str) -> None:
    assert 1.05 / (luminance(getattr(style, name)) + 0.05) >= 2.9


def test_the_settings_hold_inside_the_block_alone() -> None:
    before = matplotlib.rcParams["axes.edgecolor"]
    with style.applied():
        assert matplotlib.rcParams["axes.edgecolor"] == style.FAINT
    assert matplotlib.rcParams["axes.edgecolor"] == before
