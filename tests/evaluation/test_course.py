from typing import Any

import pytest

from tests.evaluation.conftest import World
from workbench.errors import ModelError
from workbench.evaluation.course import Course
from workbench.evaluation.models import find_models
from workbench.records import read_json, write_json
from workbench.runs import Run

FIRST, SECOND = "phase_1/samples_320", "phase_2/epoch_4"
ALONE: dict[str, Any] = {"benchmarks": ["mmlu_branch"]}


@pytest.fixture
def checkpoints(world: World) -> list[str]:
    """Two of the trained run's, that answer as its end does."""
    phases = [
        {"phase": 1, "tokens": 2000, "checkpoints": [{"name": "samples_320", "step": 10}], "model": "samples_320"},
        {"phase": 2, "tokens": 3000, "checkpoints": [{"name": "epoch_4", "step": 40}]},
    ]
    write_json(world.trained.folder / "manifest.json", world.trained.manifest | {"phases": phases})
    folders = [world.trained.artifacts / place for place in (FIRST, SECOND)]
    for folder in folders:
        write_json(folder / "config.json", {"checkpoint": folder.name})
        world.engines[str(folder)] = world.engines[str(world.trained.folder / "Model")]
    return [str(folder) for folder in folders]


def evaluated(world: World, model: str) -> Run:
    return world.evaluate(world.options(model=model, **ALONE))


def test_a_checkpoint_is_compared_with_the_base_of_its_run(world: World, checkpoints: list[str]) -> None:
    manifest = evaluated(world, checkpoints[0]).manifest
    assert manifest["models"] == {"base": "base", "trained": f"{world.trained.folder.name}/{FIRST}"}
    assert manifest["trained_run"] == {"id": world.trained.id, "checkpoint": FIRST}
    assert manifest["model_metrics"]["tokens"] == {"training_phases": {}}
    kept = read_json(world.trained.folder / "Eval" / FIRST / "mmlu_branch.json")
    assert kept["leaves"] == manifest["benchmarks"]["mmlu_branch"]["leaves"]
    assert not (world.trained.folder / "Eval" / "mmlu_branch.json").exists()


def test_the_course_goes_from_the_base_through_the_checkpoints_to_the_end(world: World, checkpoints: list[str]) -> None:
    for model in (checkpoints[1], "demo", checkpoints[0]):
        evaluated(world, model)
    course = Course(world.trained)
    (curve,) = course.curves
    assert [point.model for point in curve.points] == [
        "base",
        "samples 320 of phase 1",
        "epoch 4 of phase 2",
        "trained",
    ]
    assert [point.score for point in curve.points] == [0.25, 0.75, 0.75, 0.75]
    assert str(course) == (
        "Questions of the data run: base 25 %, samples 320 of phase 1, which was chosen, 75 %, "
        "epoch 4 of phase 2 75 %, trained 75 %."
    )
    assert "30 to 95 %" in course._repr_html_()
    assert course._repr_html_().count("chosen") == 1


def test_without_evaluated_checkpoints_there_is_no_course(world: World, checkpoints: list[str]) -> None:
    assert Course(world.trained).curves == ()
    evaluated(world, "demo")
    assert Course(world.trained).curves == ()


def test_a_folder_in_an_unfinished_run_is_a_model_of_its_own(world: World, checkpoints: list[str]) -> None:
    (world.trained.folder / "manifest.json").unlink()
    found = find_models(world.options(model=checkpoints[0]), world.workspace)
    assert (found.run, found.checkpoint, found.trained.name) == (None, "", "samples_320")


def test_a_checkpoint_that_is_gone_is_an_error(world: World) -> None:
    with pytest.raises(ModelError, match="samples_9"):
        find_models(world.options(model=str(world.trained.artifacts / "phase_1" / "samples_9")), world.workspace)
