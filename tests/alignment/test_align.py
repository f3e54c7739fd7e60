import json
import shutil
from itertools import count
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from tests.alignment.conftest import MakeData, Work, do, fill, open_run, rows
from workbench.alignment import align as align_module
from workbench.alignment.align import inputs, train_first, train_second
from workbench.alignment.forecast import forecast
from workbench.alignment.options import QUANTIZATIONS, AlignmentOptions
from workbench.alignment.reporter import Reporter
from workbench.engines import Engine, open_engine
from workbench.errors import (
    Checkpointed,
    ModelError,
    OptionsError,
    StorageError,
    TrainingDataError,
    TrainingError,
)
from workbench.evaluation.course import Course
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.evaluate import inputs as evaluation_inputs
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.report import Report
from workbench.events import read_events
from workbench.records import digest_file, read_json, read_jsonl
from workbench.runs import Run, Stop
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


class Killed(BaseException):
    """Nothing in the workbench catches it, as nothing catches a kill."""


def kill_at(monkeypatch: pytest.MonkeyPatch, target: str, call: int) -> None:
    """The process dies when a function is about to be called for that time."""
    module, _, name = target.rpartition(".")
    place = resolve_name(module)
    real, calls = getattr(place, name), count(1)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return real(*arguments, **named)

    monkeypatch.setattr(place, name, deadly)


def remains(run: Run) -> dict[str, str]:
    """Everything but events, times and the order in which answers came."""
    kinds = ("*.safetensors", "choice.json", "GGUF/*", "Eval/**/*.json", "checkpoints.json")
    files = [file for kind in kinds for file in run.folder.rglob(kind) if file.parent.name != "state"]
    return {str(file.relative_to(run.folder)): digest_file(file) for file in files}


@pytest.fixture
def aligned(options: AlignmentOptions) -> AlignmentOptions:
    """Two epochs in each phase, what is chosen alone kept, and two benchmarks in the end."""
    wishes = {"phase_2_epochs": 2, "keep_checkpoints": "chosen", "evaluate": True}
    return options.model_copy(update={**wishes, "benchmarks": ["mmlu_branch", "heldout"]})


@pytest.fixture
def whole(aligned: AlignmentOptions, exported: list[Path], tmp_path: Path) -> dict[str, str]:
    """What is left by a run that nobody disturbs; once for all who ask."""
    if not _WHOLE:
        workspace = Workspace.find(tmp_path / "undisturbed")
        fill(workspace, choices=30, heldout=30)
        _WHOLE.update(remains(do(workspace, aligned)))
    return _WHOLE


_WHOLE: dict[str, str] = {}
ALIGN, EXAMINATION = "workbench.alignment.align", "workbench.evaluation.examination.Examination"


@pytest.mark.parametrize(
    ("target", "call"),
    [
        (f"{ALIGN}.settle_on", 1),
        (f"{ALIGN}.run_phase", 2),
        (f"{EXAMINATION}.ask", 4),
        (f"{ALIGN}.settle_on", 2),
        (f"{ALIGN}.export_gguf", 1),
        (f"{EXAMINATION}.ask", 6),
        ("workbench.evaluation.findings.Findings.record", 1),
        pytest.param("workbench.alignment.choice.Choice.write", 1, marks=pytest.mark.prove),
        pytest.param(f"{ALIGN}.save_folder", 1, marks=pytest.mark.prove),
        pytest.param(f"{ALIGN}.quantize", 1, marks=pytest.mark.prove),
        pytest.param(f"{EXAMINATION}.ask", 5, marks=pytest.mark.prove),
        pytest.param(f"{ALIGN}.learning_record", 1, marks=pytest.mark.prove),
    ],
)
def test_killed_at_a_border_it_ends_in_the_same_bits(
    target: str,
    call: int,
    whole: dict[str, str],
    aligned: AlignmentOptions,
    make_data: MakeData,
    work: Work,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_data(choices=30, heldout=30)
    with monkeypatch.context() as patched:
        kill_at(patched, target, call)
        with pytest.raises(Killed):
            work(aligned)
    (run,) = workspace.runs("trained_models")
    done = [event for event in read_events(run.events) if "loss" in event]
    assert remains(work(aligned)) == whole
    steps = [(event["stage"], event["step"]) for event in read_events(run.events) if "loss" in event]
    assert len(set(steps)) == len(steps) >= len(done)
    for journal in run.artifacts.rglob("*.jsonl"):
        keys = [(row["leaf"], row["id"]) for row in read_jsonl(journal)]
        assert len(set(keys)) == len(keys) == 30, journal


def test_base_and_trained_model_are_compared_in_the_run_itself(
    aligned: AlignmentOptions, make_data: MakeData, work: Work
) -> None:
    make_data(choices=30, heldout=30)
    run = work(aligned)
    found = run.manifest["evaluation"]
    assert list(found["benchmarks"]) == ["mmlu_branch", "heldout"]
    assert found["models"] == {"base": "model", "trained": run.folder.name}
    metrics = read_json(run.folder / "Eval" / "model_metrics.json")
    assert metrics == found["model_metrics"]
    tokens = {phase["phase"]: phase["tokens"] for phase in run.manifest["phases"]}
    epochs = {phase["phase"]: phase["epochs"] for phase in run.manifest["phases"]}
    assert metrics["tokens"] == {
        "training_phases": {"phase_1_knowledge": tokens[1], "phase_2_skills": tokens[2]},
        "training_total": tokens[1] + tokens[2],
        "training_estimated": 1500 * epochs[1] + 900 * epochs[2],
    }
    report = Report.of(run)
    assert len(report.items("heldout", "base").rows) == len(report.items("heldout").rows) == 30
    assert [curve.points[-1].model for curve in Course(run).curves] == ["trained", "trained"]


def test_what_the_chosen_checkpoint_said_is_not_asked_again(
    aligned: AlignmentOptions, make_data: MakeData, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data(heldout=30)
    opened: list[str] = []

    def and_note(model: str, **settings: Any) -> Engine:
        opened.append(Path(model).name)
        return open_engine(model, **settings)

    monkeypatch.setattr("workbench.engines.open_engine", and_note)
    work(aligned.model_copy(update={"benchmarks": ["heldout"]}))
    assert opened == ["epoch_1", "epoch_2", "model"]


def test_an_evaluation_afterwards_takes_the_place_of_what_was_there(
    aligned: AlignmentOptions, make_data: MakeData, work: Work, workspace: Workspace
) -> None:
    make_data(heldout=30)
    run = work(aligned.model_copy(update={"benchmarks": ["heldout"]}))
    before = read_json(run.folder / "Eval" / "heldout.json")
    later = EvaluationOptions(model=run.id, benchmarks=["heldout"])
    evaluation = workspace.open_run("evaluations", "later", later, evaluation_inputs(later, workspace))
    with evaluation.hold() as attempt:
        attempt.finish(evaluate(later, evaluation, attempt, Stop()))
    assert read_json(run.folder / "Eval" / "heldout.json") == before
    assert (
        read_json(run.folder / "Eval" / "model_metrics.json")["tokens"]
        == run.manifest["evaluation"]["model_metrics"]["tokens"]
    )


def test_single_phases_are_parts_of_the_run(
    options: AlignmentOptions, make_data: MakeData, work: Work, workspace: Workspace
) -> None:
    make_data()
    run = open_run(workspace, options)
    with run.hold(whole=False) as attempt:
        first = train_first(options, run, attempt, Stop())
    assert (first["phase"], first["choice"]["chosen"]) == (1, "epoch_2")
    assert not (run.artifacts / "phase_2").exists()
    with run.hold(whole=False) as attempt:
        second = train_second(options, run, attempt, Stop())
    assert [second["phase"], (run.folder / "Model").exists()] == [2, False]
    whole = work(options)
    assert whole.manifest["phases"] == json.loads(json.dumps([first, second]))
    steps = [(event["stage"], event["step"]) for event in read_events(run.events) if "loss" in event]
    assert len(steps) == len(set(steps)) == 10


def test_a_phase_that_is_left_out_cannot_be_wished_for(
    options: AlignmentOptions, make_data: MakeData, workspace: Workspace
) -> None:
    make_data()
    skills = options.model_copy(update={"strategy": "lab-skills-only"})
    run = open_run(workspace, skills)
    with run.hold(whole=False) as attempt, pytest.raises(OptionsError, match="the strategy is lab-skills-only"):
        train_first(skills, run, attempt, Stop())


def test_rows_of_the_second_phase_are_looked_at_before_the_first_is_trained(
    options: AlignmentOptions, make_data: MakeData, work: Work, workspace: Workspace
) -> None:
    data = make_data()
    long = json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b " * 500}]})
    (data.folder / "skills_train_msgs.jsonl").write_text(f"{long}\n" * 9)
    with pytest.raises(TrainingDataError):
        work(options)
    (run,) = workspace.runs("trained_models")
    assert not list(run.artifacts.glob("phase_*"))


def test_a_disk_that_is_too_small_for_all_phases_is_told_before(
    options: AlignmentOptions, make_data: MakeData, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_data()
    needed = forecast(options, Workspace.find(), tried=False).disk
    usage = shutil.disk_usage("/")._replace(free=needed - 1)
    monkeypatch.setattr("workbench.training.estimate.shutil.disk_usage", lambda path: usage)
    with pytest.raises(StorageError, match="this alignment does not fit on the disk") as caught:
        work(options)
    assert "keep_checkpoints chosen" in caught.value.hint
