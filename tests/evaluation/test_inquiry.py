import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.conftest import KNOWLEDGE, Named, World, write_rows
from tests.evaluation.pupils import Pupil
from tests.evaluation.test_lessons import row
from workbench.evaluation.learning import Learning
from workbench.evaluation.models import find_models
from workbench.events import EventWriter
from workbench.records import digest_file, read_json, write_json

MILLS = range(30)
_OPTIONS = {"max_length": 512, "min_length": 0, "phase_1_learning_rate": 0.003}


def question(mill: int) -> dict[str, Any]:
    """Who does not know takes the first choice, which is never right."""
    choices = [str(2000 + mill + step) for step in (1, 0, 2, 3)]
    asked = f"Tell me the year of Mill {mill}."
    return {"id": f"m-{mill}", "leaf": KNOWLEDGE, "question": asked, "choices": choices, "answer": 1, "context": ""}


@pytest.fixture
def taught(world: World, tiny_model: Path) -> World:
    """The trained run says what it was trained on and how; its base is a real one, and it learned nothing."""
    write_rows(world.proof / "lighthouses.jsonl", list(map(question, MILLS)))
    rows = [row(mill, KNOWLEDGE) for mill in MILLS]
    for mill, each in zip(MILLS, rows, strict=True):
        each["messages"][0]["content"] = f"When was Mill {mill} completed?"
        each["messages"][1]["content"] = str(2000 + mill)
    path = write_rows(world.data.folder / "knowledge_train_msgs.jsonl", rows)
    base = world.workspace.models / "base"
    shutil.rmtree(base)
    shutil.copytree(tiny_model, base)
    shutil.copytree(tiny_model, world.trained.folder / "Model", dirs_exist_ok=True)
    _change(world.trained.folder / "run.json", inputs={"phase_1": digest_file(path)}, options=_OPTIONS)
    phase = {"phase": 1, "epochs": 2, "rows": 30, "targets": 100, "tokens": 2000}
    _change(world.trained.folder / "manifest.json", phases=[phase])
    writer = EventWriter(world.trained.events, attempt=1)
    for step in range(1, 21):
        writer.emit("phase_1", step=step, steps=20, loss=4.0 - step / 10, rate=1.0)
    writer.close()
    world.engines[str(world.trained.folder / "Model")] = Pupil("trained")
    world.engines[str(base)] = Pupil("base")
    return world


def _change(path: Path, **fields: Any) -> None:
    write_json(path, read_json(path) | fields)


def learned(world: World, **changes: Any) -> Learning:
    return Learning.of(world.evaluate(world.options(**changes)))


def test_what_was_not_learned_has_a_cause_with_its_evidence(taught: World) -> None:
    found = learned(taught)
    leaf = found.leaves[KNOWLEDGE]
    assert leaf["verdict"] == "not learned"
    assert leaf["cause"]["name"] == "loss_still_falling"
    assert "0 of 16 training rows right" in leaf["cause"]["evidence"]
    assert "the loss went from 3.90 to 2.45 in 20 steps, and its weights moved by 0 %" in leaf["cause"]["evidence"]
    kept = read_json(taught.trained.folder / "Eval" / "learning.json")
    assert kept["leaves"][KNOWLEDGE]["verdict"] == "not learned"


def test_files_without_a_data_run_are_looked_at_as_a_whole(taught: World) -> None:
    path = write_rows(taught.workspace.root / "mine.jsonl", [{"messages": row(mill)["messages"]} for mill in MILLS])
    _change(taught.trained.folder / "run.json", inputs={"phase_1": digest_file(path)})
    _change(taught.trained.folder / "manifest.json", data={"files": ["mine.jsonl"]})
    found = learned(taught, benchmarks=["proof", "rows"])
    assert found.causes[KNOWLEDGE]["name"] == "too_few_samples"
    assert "30 of 30 questions answered wrong stand in no training row; 30 rows" in found.causes[KNOWLEDGE]["evidence"]
    assert "Add rows" in found.causes[KNOWLEDGE]["remedy"]
    assert "file mine.jsonl" in found.record["rehearsal"]


def test_a_base_that_is_gone_is_told(taught: World) -> None:
    shutil.rmtree(taught.workspace.models / "base")
    found = learned(taught, base_model=str(taught.trained.folder / "Model"), benchmarks=["proof"])
    assert "No causes can be told" in str(found)


def test_another_template_is_seen(taught: World) -> None:
    (taught.trained.folder / "Model" / "chat_template.jinja").write_text("{{ messages[0]['content'] }}:")
    cause = learned(taught).causes[KNOWLEDGE]
    assert cause["name"] == "wrong_template_or_mask"
    assert "'Who?:' instead of '<|user|>Who?<|assistant|>'" in cause["evidence"]


def test_what_the_model_was_not_asked_is_told(taught: World) -> None:
    found = learned(taught, benchmarks=["proof", "heldout"])
    assert found.leaves[KNOWLEDGE]["cause"] is None
    assert "evaluate it with the benchmark rows" in found.leaves[KNOWLEDGE]["unexplained"]


def test_without_its_data_run_no_cause_is_told(taught: World) -> None:
    shutil.rmtree(taught.data.folder)
    other = taught.workspace.open_run("synthetic_data", "other", Named(number=1), {})
    with other.hold() as attempt:
        attempt.finish({"leaves": [{"path": KNOWLEDGE, "kind": "knowledge"}]})
    run = taught.evaluate()
    assert run.manifest["skipped"]["heldout"] == "the data run demo has been deleted"
    assert run.manifest["skipped"]["rows"].endswith("has been deleted")
    found = Learning.of(run)
    assert found.leaves[KNOWLEDGE]["verdict"] == "not learned"
    assert "data run demo that it was trained on has been deleted" in str(found)


def test_a_model_that_is_no_run_has_no_causes(taught: World) -> None:
    folder = taught.workspace.models / "foreign"
    shutil.copytree(taught.workspace.models / "base", folder)
    taught.engines[str(folder)] = Pupil("foreign")
    found = learned(taught, model="models/foreign", base_model="models/base", benchmarks=["proof"])
    assert found.leaves[KNOWLEDGE]["verdict"] == "not learned"
    assert "The model is no run of this workspace" in str(found)


def test_a_model_without_a_base_has_no_before(taught: World) -> None:
    folder = str(taught.workspace.models / "base")
    found = learned(taught, model=folder, benchmarks=["proof"])
    assert found.leaves[KNOWLEDGE]["verdict"] == "cannot say"
    assert "without a base nothing is known" in found._repr_html_().casefold()


def test_a_checkpoint_has_no_causes(taught: World) -> None:
    folder = taught.trained.artifacts / "phase_1" / "samples_12"
    shutil.copytree(taught.workspace.models / "base", folder)
    taught.engines[str(folder)] = Pupil("checkpoint")
    assert find_models(taught.options(model=str(folder)), taught.workspace).checkpoint
    assert "A checkpoint in the middle" in str(learned(taught, model=str(folder), benchmarks=["proof"]))


def test_where_no_leaf_was_asked_about_it_says_so(world: World) -> None:
    found = learned(world, benchmarks=["mt_bench"])
    assert found.leaves == {}
    assert "No question about a leaf" in str(found)
