import pytest

from tests.plots.test_answers import manifest
from tests.plots.test_flowchart import leaf
from workbench.events import EventWriter
from workbench.generation.flow import load_flow
from workbench.generation.summary import flow_outline
from workbench.options import Options
from workbench.plots.flowchart import flow_diagram
from workbench.plots.pictures import draw_evaluation, draw_generation, draw_training, run_flow
from workbench.records import write_json
from workbench.runs import Run
from workbench.workspace import Workspace

_HEADLINE = ("base_accuracy", "trained_accuracy", "reading_accuracy")


@pytest.fixture
def run(workspace: Workspace) -> Run:
    run = workspace.open_run("synthetic_data", "demo", Options(), {})
    write_json(run.artifacts / "flow.json", flow_outline(load_flow("compact")))
    return run


def test_pictures_are_kept_with_the_run(run: Run) -> None:
    draw_generation(run, {"leaves": [leaf()]})
    made = {path.name for path in run.artifacts.iterdir()}
    assert made == {"flow.json", "flow.png", "flow.svg", "funnel.png", "funnel.svg"}
    assert "200 made" in (run.artifacts / "flow.svg").read_text()


def test_a_run_keeps_the_flow_that_it_followed(run: Run) -> None:
    manifest = {"leaves": [leaf()]}
    assert flow_diagram(run_flow(run), manifest).png == flow_diagram(load_flow("compact"), manifest).png


def test_a_run_that_only_took_rows_over_has_no_flow_to_draw(run: Run) -> None:
    (run.artifacts / "flow.json").unlink()
    draw_generation(run, {"leaves": [leaf()]})
    assert not (run.artifacts / "flow.png").exists()
    assert (run.artifacts / "funnel.png").exists()


def test_a_training_keeps_its_loss(run: Run) -> None:
    writer = EventWriter(run.events, attempt=1)
    for step in range(1, 6):
        writer.emit("phase_1", step=step, steps=5, loss=1.0 / step)
    writer.close()
    draw_training(run, {})
    assert (run.artifacts / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "from 1.00 to 0.20 in 5 steps" in (run.artifacts / "loss.svg").read_text()


def test_an_evaluation_keeps_its_scores_and_a_page_with_all_tables(workspace: Workspace) -> None:
    run = workspace.open_run("evaluations", "demo", Options(), {})
    found = manifest() | {"models": {"base": "b"}, "headline": dict.fromkeys(_HEADLINE), "trained_run": None}
    draw_evaluation(run, found)
    assert {path.name for path in run.artifacts.iterdir()} == {"scores.png", "scores.svg", "report.html"}
    said = "29 % by the base model and 88 % by the trained model (better)"
    page = (run.artifacts / "report.html").read_text()
    assert said in (run.artifacts / "scores.svg").read_text()
    assert said.encode() in (run.artifacts / "scores.png").read_bytes()
    assert page.count(said) == 2, "as the picture's alternative text and as its caption"
    assert page.count("<table>") == 3
    assert "30 % (22 to 40), 30 of 100" in page


def test_checkpoints_that_were_evaluated_are_drawn_with_their_run(workspace: Workspace) -> None:
    trained = workspace.open_run("trained_models", "demo", Options(), {})
    phases = [{"phase": 1, "checkpoints": [{"name": "samples_320", "step": 10}]}]
    with trained.hold() as attempt:
        attempt.finish({"phases": phases})
    found = manifest() | {"models": {}, "skipped": {}, "headline": dict.fromkeys(_HEADLINE)}
    write_json(trained.folder / "Eval" / "phase_1" / "samples_320" / "proof.json", found["benchmarks"]["proof"])
    run = workspace.open_run("evaluations", "demo", Options(), {})
    draw_evaluation(run, found | {"trained_run": {"id": trained.id, "checkpoint": ""}})
    assert "samples 320 of phase 1 88 %" in (trained.folder / "Eval" / "phases.svg").read_text()
    assert "samples 320 of phase 1 88 %" in (run.artifacts / "report.html").read_text()
