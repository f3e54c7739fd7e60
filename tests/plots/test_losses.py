import math
from typing import Any

from tests.plots.extents import cut_off, words
from workbench.events import Event
from workbench.plots.losses import loss_curves


def phase(name: str, steps: int, first: float, last: float) -> list[Event]:
    return [
        {"stage": name, "step": step, "steps": steps, "loss": last + (first - last) * math.exp(-6 * step / steps)}
        for step in range(1, steps + 1)
    ]


def drawn(line: Any) -> Any:
    return line.get_ydata()


def test_each_phase_has_a_panel_and_a_sentence() -> None:
    figure = loss_curves([{"stage": "device"}, *phase("phase_1", 200, 3.0, 0.5), *phase("phase_2", 100, 1.5, 0.25)])
    assert len(figure.drawing.axes) == 2
    assert "Phase 1: knowledge: from 2.93 to 0.51 in 200 steps." in figure.caption
    assert "Phase 2: skills" in figure.caption
    assert {"Phase 1: knowledge", "Phase 2: skills", "0.51"} <= set(words(figure))
    assert not cut_off(figure)


def test_held_out_rows_are_drawn_and_said() -> None:
    events = phase("phase_1", 60, 3.0, 0.5)
    events += [{"stage": "phase_1", "step": step, "validation_loss": 0.5 + 30 / step} for step in (20, 40, 60)]
    figure = loss_curves(events)
    assert "on held-out rows 1.00 in the end and 1.00 at best" in figure.caption
    assert "held-out rows" in words(figure)
    assert not cut_off(figure)


def test_equal_ends_do_not_cover_each_other() -> None:
    events: list[Event] = [{"stage": "phase_1", "step": step, "loss": 1.0} for step in range(1, 50)]
    events.append({"stage": "phase_1", "step": 49, "validation_loss": 1.0})
    panel = loss_curves(events).drawing.axes[0]
    heights = [text.get_position()[1] for text in panel.texts if text.get_text() == "1.00"]
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) > 0.05


def test_steps_that_were_done_again_are_drawn_once() -> None:
    first = phase("phase_1", 50, 3.0, 0.5)
    figure = loss_curves([*first[:30], *phase("phase_1", 50, 2.0, 0.4)[20:]])
    steps: Any = figure.drawing.axes[0].lines[0].get_xdata()
    assert list(steps) == list(range(1, 51))


def test_the_mean_follows_where_loss_falls_fast() -> None:
    figure = loss_curves(phase("phase_1", 400, 5.0, 0.5))
    raw, mean = (list[float](drawn(line)) for line in figure.drawing.axes[0].lines[:2])
    assert mean[0] == raw[0]
    assert max(abs(one - other) for one, other in zip(raw, mean, strict=True)) < 0.15


def test_one_step_is_enough_and_none_is_said() -> None:
    assert "in 1 step." in loss_curves([{"stage": "phase_1", "step": 1, "loss": 2.0}]).caption
    assert loss_curves([]).caption == "No loss has been recorded yet."


def test_what_it_cost_is_said_in_the_caption() -> None:
    events = phase("phase_1", 9, 3.0, 0.5)
    for number, event in enumerate(events):
        event |= {"tokens_per_second": 1000.0 * number, "mfu": 0.05 * number, "memory_peak": (1 + number) << 28}
    caption = loss_curves(events).caption
    assert "in 9 steps; 4,000 tokens a second, 20 % of the peak; at most 2.2 GiB of memory." in caption
    for flops, named in ((61.7e9, "62 GFLOP/s"), (989.4e12, "989 TFLOP/s")):
        begun = {"stage": "phase_1", "learns": "knowledge", "peak_flops": flops}
        assert f"20 % of the peak of {named};" in loss_curves([begun, *events]).caption


def test_a_phase_is_called_by_what_it_learns() -> None:
    events = [{"stage": "phase_1", "learns": "skills, with a replay of knowledge"}, *phase("phase_1", 5, 2.0, 1.0)]
    assert "Phase 1: skills" in words(loss_curves(events))


def test_what_was_validated_again_counts_once() -> None:
    events = phase("phase_1", 6, 3.0, 0.5)
    for step, loss in ((2, 9.0), (4, 8.0), (2, 1.5), (4, 1.25)):
        events.append({"stage": "phase_1", "step": step, "validation_loss": loss})
    assert "on held-out rows 1.25 in the end and 1.25 at best" in loss_curves(events).caption
