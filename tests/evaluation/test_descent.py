import math
from typing import Any

import pytest

from workbench.evaluation.descent import Descent, descent

PHASE = {"phase": 1, "epochs": 5, "rows": 100, "targets": 2500}


def events(losses: list[float], rates: list[float] | None = None) -> list[dict[str, Any]]:
    rates = rates or [1.0] * len(losses)
    return [
        {"stage": "phase_1", "step": number, "loss": loss, "rate": rate}
        for number, (loss, rate) in enumerate(zip(losses, rates, strict=True), start=1)
    ]


def found(losses: list[float], rates: list[float] | None = None) -> Descent:
    course = descent(events(losses, rates), PHASE, 0.003)
    assert course
    return course


def noise(step: int) -> float:
    return 0.05 * math.sin(7.0 * step)


def test_a_loss_that_goes_down_is_falling_and_says_how_long_it_would_take() -> None:
    course = found([4.0 - 0.05 * step + noise(step) for step in range(40)])
    assert course.falling
    assert course.more == pytest.approx(2.1 / 2 / 0.05 / 40, rel=0.3)
    assert (course.first, course.steps, course.targets) == (4.0, 40, 5.0)


def test_noise_is_not_falling() -> None:
    course = found([3.0 + noise(step) for step in range(40)])
    assert not course.falling
    assert course.more is None


def test_a_schedule_that_ends_at_nothing_does_not_hide_that_it_was_falling() -> None:
    rates = [1.0 - step / 40 for step in range(40)]
    way = [sum(rates[: step + 1]) for step in range(40)]
    course = found([4.0 - 0.1 * place + noise(step) for step, place in enumerate(way)], rates)
    assert course.falling
    assert course.more == pytest.approx(1.95 / 2 / 0.1 / 20.5, rel=0.2)


def test_a_handful_of_steps_is_enough_when_the_loss_falls_clearly() -> None:
    assert found([3.6, 3.1, 2.5, 2.1, 1.5, 1.2]).falling
    assert not found([3.6, 3.1, 3.5]).falling
    assert not found([3.6, 3.5, 3.7, 3.4]).falling


def test_a_low_loss_leaves_no_choice_but_to_know_the_rows() -> None:
    low, high = found([0.01] * 20), found([1.0] * 20)
    assert low.unknown == pytest.approx(0.05 / math.log(2))
    assert high.unknown > 1
    assert (low.rows, low.targets) == (100, 5.0)


def test_a_phase_without_steps_has_no_course() -> None:
    assert descent(events([1.0]), PHASE | {"phase": 2}, 0.003) is None
