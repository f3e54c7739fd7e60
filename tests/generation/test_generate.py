import random
import re
from pathlib import Path
from random import Random

import pytest

from tests.generation.answering import FakeEngine, KilledError
from workbench.assets import sample_taxonomy_folder
from workbench.engines.engine import Request
from workbench.errors import Checkpointed, GenerationError, ModelError, OptionsError
from workbench.events import read_events
from workbench.generation import roles
from workbench.generation.generate import generate, inputs
from workbench.generation.options import GenerationOptions
from workbench.records import read_jsonl
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

LEAVES = 5
WORDS = (
    "bell crane door elm fern gate hill inn jar key lamp moss net oar pond quilt reed sail tide urn vine well".split()
)


def answering(request: Request, rng: Random) -> str:
    """A teacher that keeps to the compact flow: every question another one, some judgements bad, some unreadable."""
    asked = request.messages[0]["content"]
    answer = re.search(r"\nAnswer: (.*)\n", asked)
    if asked.endswith(("stand alone?", "good question?")):
        return rng.choice("11110")
    if asked.endswith("text answer it?"):
        return rng.choice(("1 1", "1 1", "1 1", "1 0"))
    if answer and asked.endswith("true to the text?"):
        return rng.choice((f"{answer[1]}: YES", f"{answer[1]}: YES", f"{answer[1]}: NO", "hm"))
    if answer and asked.endswith("from 1 to 3."):
        return "3" if request.grammar else f"{answer[1]}: 3"
    if request.grammar and '"?"' not in request.grammar:
        return str(rng.choice(re.findall(r'"([^"]+)"', request.grammar)))
    return " ".join(rng.sample(WORDS, 7)) + "?"


@pytest.fixture
def options(tmp_path: Path) -> GenerationOptions:
    model = tmp_path / "teacher.gguf"
    model.write_text("weights")
    return GenerationOptions(
        model=str(model),
        pipeline="compact",
        taxonomy_path=str(sample_taxonomy_folder()),
        num_instructions=10,
        heldout_share=0.3,
    )


def engine(monkeypatch: pytest.MonkeyPatch, **given: int) -> FakeEngine:
    made = FakeEngine(answering, **given)  # type: ignore[arg-type]
    monkeypatch.setattr(roles, "open_engine", lambda *args, **kwargs: made)
    return made


def open_run(workspace: Workspace, options: GenerationOptions) -> Run:
    return workspace.open_run("synthetic_data", options.name, options, inputs(options, workspace))


def work(workspace: Workspace, options: GenerationOptions, stop: Stop | None = None) -> Run:
    run = open_run(workspace, options)
    with run.hold() as attempt:
        attempt.finish(generate(options, run, attempt, stop or Stop()))
    return run


def files(run: Run) -> dict[str, bytes]:
    """What the run made, apart from its telemetry and its journal, which is in the order of the answers."""
    made = {path.relative_to(run.folder).as_posix(): path.read_bytes() for path in run.folder.rglob("*.jsonl")}
    return {name: content for name, content in made.items() if "journal" not in name and "Logs" not in name}


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
    assert manifest["data_metrics"]["samples"] == rows | {"total": sum(rows.values())}
    assert manifest["requests"] == len(list(read_jsonl(run.artifacts / "journal.jsonl")))
    assert len(list((run.folder / "mmlu_branch").iterdir())) == 2


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
    last = [event for event in events if event["stage"] == "generate"][-1]
    assert (last["done"], last["total"]) == (50, 50)
    assert last["sentence"].endswith("100% 10/10 (total qna processed 5/5)")
    assert f"taxonomy path {last['leaf'].replace('/', '->')}" in last["sentence"]


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
    with pytest.raises(OptionsError):
        GenerationOptions.parse({"num_instructions": 0})


def test_the_draws_of_the_fake_teacher_differ() -> None:
    texts = {answering(Request("x", messages=({"role": "user", "content": "?"},)), random.Random(n)) for n in range(50)}
    assert len(texts) == 50
