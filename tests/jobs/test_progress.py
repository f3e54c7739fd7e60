import pytest

from workbench.jobs.progress import progress_line, progress_share


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"stage": "train", "phase": 1, "step": 40, "steps": 120, "loss": 1.2345},
            "train, phase 1: 40 of 120 (33 %), loss 1.23",
        ),
        (
            {"stage": "ask", "leaf": "knowledge/a", "done": 3, "total": 4, "kept": 1200},
            "ask, knowledge/a: 3 of 4 (75 %), kept 1,200",
        ),
        ({"stage": "read_text", "tokens_per_second": 51234.5}, "read text: tokens per second 51,234"),
        ({"stage": "train", "step": 3}, "train"),
        ({"stage": "finished", "time": "now", "attempt": 1, "sequence": 3}, "finished"),
        ({"stage": "train", "sentence": "Loading the model."}, "Loading the model."),
        ({"stage": "x", "sentence": "12% 3/25", "pace": "9 requests/s"}, "12% 3/25; 9 requests/s"),
        ({"stage": "x", "sentence": "12% 3/25", "pace": ""}, "12% 3/25"),
    ],
)
def test_an_event_reads_as_a_line(event: dict[str, object], line: str) -> None:
    assert progress_line(event) == line


def test_a_share_is_known_or_not() -> None:
    assert progress_share({"stage": "train", "step": 9, "steps": 6}) == 1.0
    assert progress_share({"stage": "train", "done": 0, "total": 0}) is None
    assert progress_share({"stage": "train"}) is None
