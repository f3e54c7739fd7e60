from typing import Any

from workbench.alignment.checkpoints import Checkpoints
from workbench.options import Options
from workbench.runs import Run
from workbench.workspace import Workspace


def checkpoint(number: int, *, there: bool = True) -> dict[str, Any]:
    return {
        "name": f"epoch_{number}",
        "step": number,
        "samples": 1000 * number,
        "validation_loss": None,
        "there": there,
    }


def choice(chosen: str, by: str, *candidates: dict[str, Any]) -> dict[str, Any]:
    return {"chosen": chosen, "by": by, "reason": "a test", "because": "it won", "candidates": [*candidates]}


def finished(workspace: Workspace) -> Run:
    run = workspace.open_run("trained_models", "demo", Options(), {})
    asked: list[dict[str, Any]] = [
        {"name": "epoch_1", "score": 0.9, "interval": [0.8, 0.95], "better": 12, "worse": 1},
        {"name": "epoch_2", "score": None, "interval": None, "better": 0, "worse": 0},
    ]
    phases = [
        {
            "phase": 1,
            "choice": choice("epoch_1", "mmlu_branch", *asked),
            "checkpoints": [checkpoint(1), checkpoint(2, there=False)],
        },
        {"phase": 2, "choice": choice("epoch_3", "last"), "checkpoints": [checkpoint(3)]},
    ]
    with run.hold() as attempt:
        attempt.finish({"phases": phases})
    return run


def test_every_checkpoint_has_a_line_and_every_phase_a_sentence(workspace: Workspace) -> None:
    found = Checkpoints(finished(workspace))
    assert found.chosen == {1: "epoch_1", 2: "epoch_3"}
    assert str(found).splitlines()[0] == ("Phase 1: epoch_1 goes on: it won. Chosen by mmlu_branch, because a test.")
    assert [*found._rows()] == [
        ("1", "epoch_1", "1,000", "0.90", "0.80 to 0.95", "12", "1", "chosen"),
        ("1", "epoch_2", "2,000", "none", "", "", "", "removed"),
        ("2", "epoch_3", "3,000", "not asked", "", "", "", "chosen"),
    ]
    assert found._repr_html_().count("<tr>") == 4


def test_runs_that_chose_nothing_have_no_lines(workspace: Workspace) -> None:
    run = workspace.open_run("trained_models", "old", Options(), {})
    with run.hold() as attempt:
        attempt.finish({"phases": [{"phase": 1, "checkpoints": [checkpoint(1)]}]})
    assert Checkpoints(run).chosen == {}
