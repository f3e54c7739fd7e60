from pathlib import Path
from typing import Any

import pytest

from workbench.alignment.plan import PhasePlan
from workbench.alignment.reporter import Reporter
from workbench.events import read_events
from workbench.options import Options
from workbench.runs import Attempt
from workbench.workspace import Workspace

PLAN = PhasePlan(2, "skills", (Path("skills.jsonl"),), 5, 1, 1, 0.1, "adamw")


class Board:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, event: dict[str, Any]) -> None:
        self.events.append(event)


def step(number: int, seconds_left: float) -> dict[str, Any]:
    return {"step": number, "steps": 20, "loss": 1.5, "tokens_per_second": 2000.0, "seconds_left": seconds_left}


@pytest.mark.parametrize(("seconds", "left"), [(80.0, "80 s"), (600.0, "10 min"), (7200.0, "2.0 h")])
def test_a_step_is_told_and_every_tenth_is_said(seconds: float, left: str, workspace: Workspace) -> None:
    run = workspace.open_run("trained_models", "demo", Options(), {})
    with run.hold(whole=False) as attempt:
        tell(attempt, seconds)
        said = f"Phase 2 (skills): 50% step 10/20, loss 1.500, 2,000 tokens a second, {left} left"
        assert run.state["sentence"] == said
    first, *steps = read_events(run.events)
    assert (first["stage"], first["learns"], "sentence" in first) == ("phase_2", "skills", False)
    assert [event["step"] for event in steps] == [9, 10, 11]
    assert "learns" not in steps[0]


def tell(attempt: Attempt, seconds: float) -> None:
    board = Board()
    reporter = Reporter(PLAN, attempt, board)  # type: ignore[arg-type]
    for event in ({"rows": 5}, step(9, seconds), step(10, seconds), step(11, 5.0)):
        reporter.report(event)
    assert [event.get("step") for event in board.events] == [None, 9, 10, 11]
