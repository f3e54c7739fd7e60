from typing import Any

import pytest

from tests.plots.extents import cut_off, words
from workbench.evaluation.course import Course, Curve, Point
from workbench.plots.course import phases

SHARES: dict[str, Any] = {"low": 0.0, "high": 1.0, "chance": 0.25}
RATINGS: dict[str, Any] = {"low": 1.0, "high": 10.0, "chance": None}


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Course:
    shares = (Point("base", 0.3, (0.2, 0.42)), Point("samples 320 of phase 1", 0.8, (0.7, 0.88), chosen=True))
    ratings = (Point("base", 3.0, (2.0, 4.5)), Point("trained", 9.9, (9.0, 10.0)))
    monkeypatch.setattr(Course, "__init__", lambda course: None)
    course = Course()  # type: ignore[call-arg]
    course.curves = (
        Curve("mmlu_branch", "Questions of the data run", SHARES, shares),
        Curve("mt_bench_branch", "Seed examples, rated by the judge", RATINGS, ratings),
    )
    return course


def test_each_benchmark_has_a_panel_and_its_numbers_in_the_caption(course: Course) -> None:
    figure = phases(course)
    assert len(figure.drawing.axes) == 2
    assert "Questions of the data run: base 30 %, samples 320 of phase 1, which was chosen, 80 %." in figure.caption
    assert "rated by the judge: base 3.0 of 10, trained 9.9 of 10." in figure.caption
    assert {"30 %", "80 %", "9.9", "guessing", "samples 320\nphase 1"} <= set(words(figure))
    assert not cut_off(figure)
    dots = [line for line in figure.drawing.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() == line.get_color() for line in dots] == [False, True]


def test_where_no_checkpoint_was_evaluated_it_says_so(course: Course) -> None:
    course.curves = ()
    assert phases(course).caption == "No checkpoint has been evaluated."
