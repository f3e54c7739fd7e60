import json
from pathlib import Path
from typing import Any

import pytest

from tests.alignment.conftest import MakeData, Work, open_run, rows
from workbench.alignment import align as align_module
from workbench.alignment.align import inputs, planned
from workbench.alignment.options import QUANTIZATIONS, AlignmentOptions
from workbench.alignment.reporter import Reporter
from workbench.errors import Checkpointed, ModelError, NotFoundError, OptionsError, TrainingError
from workbench.events import read_events
from workbench.records import digest_folder
from workbench.runs import Stop
from workbench.workspace import Workspace


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_run_leaves_a_model_and_says_how_it_was_made(
    options: AlignmentOptions, make_data: MakeData, work: Work, exported: list[Path], tiny_model: Path
) -> None:
    data = make_data()
    run = work(options)
    manifest = run.manifest
    assert [(phase["phase"], phase["rows"], phase["steps"]) for phase in manifest["phases"]] == [(1, 12, 6), (2, 16, 4)]
    assert manifest["data"] == {"id": data.id, "name": "demo"}
    assert manifest["gguf"] == {"F16": "GGUF/model-F16.gguf", "Q4_K_M": "GGUF/model-Q4_K_M.gguf"}
    assert exported == [run.folder / "Model", run.folder / "GGUF" / "model-F16.gguf"]
    assert weights(run.folder / "Model") == weights(run.artifacts / "phase_2" / "epoch_1")
    assert (
        len({weights(run.artifacts / "phase_1" / "epoch_2"), weights(run.folder / "Model"), weights(tiny_model)}) == 3
    )
    events = read_events(run.events)
    first, *steps = [event for event in events if event["stage"] == "phase_1"]
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5, 6]
    assert (first["precision"], first["device"], first["learns"]) == ("float32", "cpu", "knowledge")
    assert steps[2]["sentence"].startswith("Phase 1 (knowledge): 50% step 3/6, loss ")


def test_the_saved_model_is_whole(options: AlignmentOptions, make_data: MakeData, work: Work) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    make_data()
    folder = work(options).folder / "Model"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Who?"}], tokenize=False, add_generation_prompt=True
    )
    assert asked == "<|user|>Who?<|assistant|>"
    assert model.config.vocab_size == len(tokenizer)


def test_a_stop_between_the_exports_is_heeded_and_what_a_kill_left_goes(
    workspace: Workspace,
    options: AlignmentOptions,
    make_data: MakeData,
    work: Work,
    exported: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_data()
    stop = Stop()

    def export_and_stop(folder: Path, out: Path, outtype: str) -> Path:
        stop.request("a test")
        out.write_text(outtype)
        return out

    run = open_run(workspace, options)
    left = run.folder / "GGUF" / f".model-F16.gguf.{'a1' * 16}"
    left.parent.mkdir()
    left.write_text("half")
    with monkeypatch.context() as patched:
        patched.setattr(align_module, "export_gguf", export_and_stop)
        with pytest.raises(Checkpointed, match="a test"):
            work(options, stop)
    assert not exported
    assert sorted(path.name for path in left.parent.iterdir()) == ["model-F16.gguf"]
    assert work(options).done


@pytest.mark.parametrize("stop_at", [("phase_1", 3), ("phase_1", 6), ("phase_2", 2)])
def test_a_stop_in_any_phase_changes_no_bit(
    stop_at: tuple[str, int],
    options: AlignmentOptions,
    make_data: MakeData,
    work: Work,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_data()
    whole = work(options)
    (whole.folder / "manifest.json").unlink()
    whole.folder.rename(tmp_path / "whole")

    stop = Stop()
    report = Reporter.report

    def and_stop(self: Any, event: dict[str, Any]) -> None:
        report(self, event)
        if "loss" in event and (f"phase_{self.plan.number}", event["step"]) == stop_at:
            stop.request("a test")

    monkeypatch.setattr(Reporter, "report", and_stop)
    with pytest.raises(Checkpointed):
        work(options, stop)
    monkeypatch.setattr(Reporter, "report", report)
    run = work(options)
    assert weights(run.folder / "Model") == weights(tmp_path / "whole" / "Model")
    steps = [(event["stage"], event["step"]) for event in read_events(run.events) if "step" in event]
    assert sorted(steps) == [("phase_1", step) for step in range(1, 7)] + [("phase_2", step) for step in range(1, 5)]


def test_the_end_of_a_phase_is_kept_whatever_was_saved_before_it(
    options: AlignmentOptions, make_data: MakeData, work: Work
) -> None:
    from safetensors import safe_open

    make_data(knowledge=1)
    run = work(options.model_copy(update={"phase_1_epochs": 17, "phase_2_epochs": 0}))
    with safe_open(run.artifacts / "phase_1" / "state" / "state.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["progress"])["step"] == 17


def test_the_best_goes_on_where_it_is_to_be_kept(options: AlignmentOptions, make_data: MakeData, work: Work) -> None:
    make_data(knowledge=0)
    wishes = {"validation_share": 0.3, "keep_checkpoints": "best", "phase_2_learning_rate": 0.5, "phase_2_epochs": 4}
    run = work(options.model_copy(update=wishes))
    (phase,) = run.manifest["phases"]
    losses = {one["name"]: one["validation_loss"] for one in phase["checkpoints"]}
    assert phase["model"] == phase["best"] == min(losses, key=lambda name: float(losses[name]))
    folder = run.artifacts / "phase_2"
    assert weights(run.folder / "Model") == weights(folder / phase["best"])
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {phase["best"], "epoch_4"}


def test_files_of_one_s_own_are_trained_on_in_one_phase(
    workspace: Workspace, options: AlignmentOptions, work: Work, tmp_path: Path
) -> None:
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for file, word in zip(files, ("lamps", "boats"), strict=True):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows(4, word)))
    given = options.model_copy(update={"training_file": [str(file) for file in files]})
    assert set(inputs(given, workspace)) == {"phase_1", "phase_1_file_2", "base_model"}
    run = work(given)
    (phase,) = run.manifest["phases"]
    assert (phase["rows"], phase["steps"], phase["learns"]) == (8, 4, "what one.jsonl and two.jsonl says")
    assert run.manifest["data"] == {"files": [str(file) for file in files]}


def test_the_inputs_are_what_is_read(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData, tiny_model: Path
) -> None:
    data = make_data()
    found = inputs(options, workspace)
    assert set(found) == {"phase_1", "phase_2", "base_model"}
    assert found["base_model"] == digest_folder(tiny_model)
    with (data.folder / "skills_train_msgs.jsonl").open("a") as file:
        file.write(json.dumps({"messages": []}) + "\n")
    assert inputs(options, workspace)["phase_2"] != found["phase_2"]
    assert set(inputs(options.model_copy(update={"phase_1_epochs": 0}), workspace)) == {"phase_2", "base_model"}


def test_data_that_is_not_done_is_refused(workspace: Workspace, options: AlignmentOptions, make_data: MakeData) -> None:
    with pytest.raises(NotFoundError, match="no synthetic data called demo"):
        planned(options, workspace)
    make_data(done=False)
    with pytest.raises(NotFoundError, match="no result yet"):
        planned(options, workspace)


def test_a_pair_that_cannot_work_is_refused_before_the_run(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData
) -> None:
    make_data(model="seedling-teacher-Q4_K_M")
    assert len(planned(options, workspace).phases) == 2, "nothing is known of this student"
    assert len(planned(options.model_copy(update={"base_model": "seedling-base"}), workspace).phases) == 2
    with pytest.raises(OptionsError, match="granite-7b-lab cannot learn") as caught:
        planned(options.model_copy(update={"base_model": "granite-7b-lab"}), workspace)
    assert "seedling-base" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"base_model": "nobody"}, ModelError, "nobody"),
        ({"max_length": 4096}, OptionsError, "max_length 4096 is longer than model can read"),
    ],
)
def test_a_base_that_does_not_fit_is_told(
    change: dict[str, Any],
    error: type[Exception],
    told: str,
    options: AlignmentOptions,
    make_data: MakeData,
    work: Work,
) -> None:
    make_data()
    with pytest.raises(error, match=told):
        work(options.model_copy(update=change))


def test_a_folder_that_holds_no_model_is_told(
    options: AlignmentOptions, make_data: MakeData, work: Work, tmp_path: Path
) -> None:
    make_data()
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(TrainingError, match="there are no weights in it") as caught:
        work(options.model_copy(update={"base_model": str(folder)}))
    assert caught.value.hint


def test_a_quantization_that_is_not_there_is_told_before_the_training() -> None:
    with pytest.raises(OptionsError, match="quantization"):
        AlignmentOptions.parse({"quantization": "Q4_K_X"})


def test_every_quantization_is_one_of_the_librarys() -> None:
    from workbench.engines.llama_binding import quantizations

    assert set(QUANTIZATIONS) <= set(quantizations())
