import random
from pathlib import Path

import pytest

from tests.generation.answering import KilledError
from tests.generation.whole_run import LEAVES, answering, engine, files, open_run, work
from workbench.engines.engine import Request
from workbench.errors import Checkpointed, GenerationError, ModelError, NotFoundError, OptionsError
from workbench.events import read_events
from workbench.generation.generate import inputs
from workbench.generation.options import GenerationOptions
from workbench.generation.preview import FILE
from workbench.records import read_json, read_jsonl
from workbench.runs import Run, Stop
from workbench.workspace import Workspace


def test_a_run_leaves_all_that_later_steps_read(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch, order=1)
    run = work(workspace, options)
    assert fake.closed
    manifest = run.manifest
    assert manifest["flow"] == "compact"
    assert len(manifest["leaves"]) == LEAVES
    for leaf in manifest["leaves"]:
        assert leaf["made"] == leaf["kept"] + sum(leaf["rejected"].values()) + leaf["failed"]
        assert leaf["kept"] == 10 == leaf["heldout"] + leaf["mixed"] + leaf["too_like_heldout"]
        assert len(list(read_jsonl(run.artifacts / f"{leaf['path']}.jsonl"))) == leaf["kept"]
    rows = {name: len(list(read_jsonl(run.folder / f"{name}_train_msgs.jsonl"))) for name in ("knowledge", "skills")}
    assert manifest["data_metrics"]["samples"].items() >= (rows | {"total": sum(rows.values())}).items()
    assert manifest["requests"] == len(list(read_jsonl(run.artifacts / "journal.jsonl")))
    assert len(list((run.folder / "mmlu_branch").glob("*.jsonl"))) == 2
    assert not (run.artifacts / "decided.part").exists()


def test_the_funnel_agrees_with_the_files_and_the_journal(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch, order=4)
    run = work(workspace, options)
    rejected = list(read_jsonl(run.artifacts / "rejected.jsonl"))
    for leaf in run.manifest["leaves"]:
        own = [record for record in rejected if record["leaf"] == leaf["path"]]
        assert len(own) == leaf["made"] - leaf["kept"] == sum(x["rejected"] + x["failed"] for x in leaf["funnel"])
        assert all(record["reason"] and record["stage"] and record["trace"] for record in own)
        assert [line["in"] for line in leaf["funnel"][1:]] == [line["passed"] for line in leaf["funnel"][:-1]]
    journal = run.manifest["journal"]
    assert journal["requests"] == run.manifest["requests"]
    assert journal["requests"] == sum(journal[name] for name in ("for_samples", "for_heldout", "left_over"))
    quoted = sum(len(record["trace"]) for leaf in run.manifest["leaves"] for record in kept(run, leaf["path"]))
    assert journal["answers"] == quoted + sum(len(record["trace"]) for record in rejected)


def kept(run: Run, leaf: str) -> list[dict[str, list[object]]]:
    return list(read_jsonl(run.artifacts / f"{leaf}.jsonl"))


def test_the_estimate_comes_near_what_it_took(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    run = work(workspace, options)
    found = run.manifest["estimate"]
    assert found == read_json(run.folder / FILE)["estimate"]
    assert found["samples"] == 50
    assert 0.5 < found["requests"] / run.manifest["requests"] < 2
    assert 0.5 < found["meters"]["generation_output"] / run.manifest["generated_tokens"] < 2
    trained = run.manifest["data_metrics"]["tokens"]["training_estimated"]
    assert 0.5 < found["meters"]["training_input"] / trained < 2


def test_no_order_and_no_interruption_changes_a_file(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine(monkeypatch, order=1)
    whole = files(work(workspace, options))
    other = Workspace.find(tmp_path / "other")
    kills = 0
    while True:
        fake = engine(monkeypatch, order=kills + 2, kill_at=150)
        try:
            run = work(other, options)
            break
        except KilledError:
            kills += 1
            assert len(fake.asked) >= 150
    assert kills > 1
    assert files(run) == whole
    keys = [record["key"] for record in read_jsonl(run.artifacts / "journal.jsonl")]
    assert len(keys) == len(set(keys)), "a request was asked twice"


def test_a_stop_goes_on_where_it_was(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    stop = Stop()
    stop.request("a test")
    with pytest.raises(Checkpointed):
        work(workspace, options, stop)
    assert open_run(workspace, options).state["status"] == "canceled"
    assert len(work(workspace, options).manifest["leaves"]) == LEAVES


def test_progress_is_told_in_the_words_of_the_service(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    events = read_events(work(workspace, options).events)
    assert events[0]["reason"] == "it was asked for"
    assert events[1]["sentence"] == "5 leaves x 10 samples each: 50 samples are to be kept."
    (told,) = [event for event in events if event["stage"] == "estimate"]
    assert told["lasting"]
    assert told["sentence"].startswith("About ")
    last = [event for event in events if event["stage"] == "generate"][-1]
    assert (last["done"], last["total"]) == (50, 50)
    assert last["sentence"].endswith("100% 10/10 (total qna processed 5/5)")
    assert f"taxonomy path {last['leaf'].replace('/', '->')}" in last["sentence"]
    assert "requests/s" in last["pace"]
    assert last["seconds_left"] == 0


def test_a_leaf_that_keeps_nothing_fails_but_its_samples_are_there(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch).answering = lambda request, rng: "nonsense"
    with pytest.raises(GenerationError, match="none of 60 samples was kept"):
        work(workspace, options)
    run = open_run(workspace, options)
    assert run.state["status"] == "failed"
    assert len(list(read_jsonl(run.artifacts / "rejected.jsonl"))) == 60 * LEAVES


def test_equal_contents_are_one_run_whatever_they_are_called(
    workspace: Workspace, options: GenerationOptions, tmp_path: Path
) -> None:
    model = tmp_path / "same.gguf"
    model.write_text("weights")
    flow = tmp_path / "mine.yaml"
    flow.write_bytes(Path(sample_flow()).read_bytes())
    same = options.model_copy(update={"model": str(model), "pipeline": str(flow), "threads": 3})
    run = open_run(workspace, options)
    assert open_run(workspace, same).folder == run.folder
    model.write_text("other weights")
    assert open_run(workspace, same).folder != run.folder
    assert open_run(workspace, options.model_copy(update={"seed": 1})).folder != run.folder


def sample_flow() -> str:
    from importlib import resources

    return str(resources.files("workbench.generation").joinpath("flows", "compact.yaml"))


def test_what_is_wrong_is_told_before_anything_is_loaded(workspace: Workspace, options: GenerationOptions) -> None:
    with pytest.raises(ModelError):
        inputs(options.model_copy(update={"model": "nobody"}), workspace)
    with pytest.raises(NotFoundError, match="no price file"):
        inputs(options.model_copy(update={"prices": "nowhere.yaml"}), workspace)
    with pytest.raises(OptionsError):
        GenerationOptions.parse({"num_instructions": 0})


def test_the_draws_of_the_fake_teacher_differ() -> None:
    texts = {answering(Request("x", messages=({"role": "user", "content": "?"},)), random.Random(n)) for n in range(50)}
    assert len(texts) == 50
