import json
import math
from pathlib import Path

import pytest

from tests.evaluation.conftest import JUDGE, KNOWLEDGE, SKILL, TOWERS, World, choice_row, passage, write_rows, year
from tests.evaluation.pupils import Pupil
from workbench.errors import Checkpointed, EndpointError, EvaluationError
from workbench.evaluation.evaluate import evaluate, inputs
from workbench.evaluation.examination import Examination
from workbench.evaluation.options import BENCHMARKS, EvaluationOptions
from workbench.records import read_json, read_jsonl
from workbench.runs import Stop
from workbench.workspace import Workspace


def test_base_and_trained_model_are_compared_on_every_benchmark(world: World) -> None:
    manifest = world.evaluate().manifest
    assert list(manifest["benchmarks"]) == [name for name in BENCHMARKS if name != "rows"]
    proof = manifest["benchmarks"]["proof"]
    assert (proof["base"]["right"], proof["trained"]["right"]) == (3, 7)
    assert proof["deltas"]["improvements"] == {KNOWLEDGE: 0.5}
    assert manifest["headline"] == {"base_accuracy": 0.375, "trained_accuracy": 0.875, "reading_accuracy": 1.0}
    assert "trained" not in manifest["benchmarks"]["reading"]
    assert manifest["benchmarks"]["heldout"]["leaves"][KNOWLEDGE]["trained"]["score"] == 0.75
    assert manifest["skipped"] == {"rows": "the training files have no rows of one question and one answer"}


def test_the_judge_rates_the_seeds_of_skills(world: World) -> None:
    found = world.evaluate().manifest["benchmarks"]["mt_bench_branch"]
    assert (found["base"]["score"], found["trained"]["score"]) == (1.0, 5.5)
    assert found["deltas"]["improvements"] == {SKILL: 4.5}


def test_conversations_are_rated_by_turn(world: World) -> None:
    manifest = world.evaluate().manifest
    found = manifest["benchmarks"]["mt_bench"]
    assert (found["title"], found["set"]) == ("Workbench's own conversations", "own")
    assert {turn: each["score"] for turn, each in found["base"]["turns"].items()} == {"turn_one": 10.0, "turn_two": 1.0}
    assert (found["trained"]["items"], found["trained"]["failed"]) == (2, 0)
    assert manifest["model_metrics"]["mt_bench"] == {
        "scores": {"turn_one": 10.0, "turn_two": 5.5},
        "overall_average": 7.75,
        "error_rate": 0.0,
    }
    assert found["change"]["verdict"] == "same within noise"


def test_the_second_turn_is_asked_behind_the_model_s_own_answer(world: World) -> None:
    run = world.evaluate(world.options(benchmarks=["mt_bench"]))
    base = world.engines[str(world.workspace.models / "base")]
    talk = [[message["content"] for message in request.messages] for request in base.requests[:2]]
    first = f"{passage(TOWERS[1])}\n\nIn which year?"
    assert talk == [[first], [first, year(TOWERS[1]), f"Which tower, of {TOWERS[1]} and Tower 9?"]]
    (row, _) = read_jsonl(run.artifacts / "mt_bench_base.jsonl")
    assert row["turns"][0] == row["question"]
    assert row["answers"] == ["1900", "I do not know."]
    assert row["ratings"] == [10.0, 1.0]


def test_the_metrics_have_the_shape_of_the_service(world: World) -> None:
    metrics = world.evaluate().manifest["model_metrics"]
    assert metrics["mt_bench_branch"] == {
        "error_rate": 0.0,
        "improvements": {f"{SKILL}/qna.yaml": 4.5},
        "regressions": {},
        "no_change": {},
    }
    assert metrics["mmlu_branch"]["improvements"].keys() == {"knowledge_harbours_lighthouses"}
    phases = {"phase_1_knowledge": 2000, "phase_2_skills": 3000}
    assert metrics["tokens"] == {"training_phases": phases, "training_total": 5000, "training_estimated": 4800}


def test_the_own_general_questions_are_named_so_and_averaged_by_subject(world: World) -> None:
    manifest = world.evaluate().manifest
    found = manifest["benchmarks"]["mmlu"]
    assert (found["title"], found["set"]) == ("Workbench's own general questions", "own")
    assert (found["base"]["overall_average"], found["trained"]["overall_average"]) == (0.666667, 1.0)
    assert found["trained"]["standard_error"] == 0.0
    assert manifest["model_metrics"]["mmlu"] == {"scores": {"general_towers": 1.0}, "overall_average": 1.0}
    assert "set" not in manifest["benchmarks"]["proof"]


def test_results_lie_with_the_evaluation_and_with_the_trained_run(world: World) -> None:
    run = world.evaluate()
    for name, found in run.manifest["benchmarks"].items():
        kept = read_json(run.artifacts / f"{name}.json")
        assert kept == read_json(world.trained.folder / "Eval" / f"{name}.json")
        assert kept["leaves"] == found["leaves"]
    assert kept["models"] == {"base": "base", "trained": world.trained.folder.name}


def test_a_trained_run_keeps_the_metrics_of_all_that_it_was_asked(world: World) -> None:
    shelf = world.trained.folder / "Eval" / "model_metrics.json"
    first = world.evaluate(world.options(benchmarks=["mt_bench_branch"])).manifest["model_metrics"]
    assert read_json(shelf) == first
    second = world.evaluate(world.options(benchmarks=["mmlu", "mmlu_branch"])).manifest["model_metrics"]
    assert "mt_bench_branch" not in second
    assert read_json(shelf) == {**first, **second}


def test_a_run_that_was_deleted_meanwhile_does_not_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examination, "judge", lambda examination: world.trained.remove())
    run = world.evaluate(world.options(benchmarks=["proof"]))
    assert run.manifest["model_metrics"]["tokens"] == {"training_phases": {}}
    assert (run.artifacts / "proof.json").is_file()
    assert not world.trained.folder.exists()


def test_without_its_data_run_nobody_knows_what_was_estimated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examination, "judge", lambda examination: world.data.remove())
    tokens = world.evaluate(world.options(benchmarks=["proof"])).manifest["model_metrics"]["tokens"]
    assert tokens.keys() == {"training_phases", "training_total"}


def test_every_item_can_be_read_later(world: World) -> None:
    run = world.evaluate()
    rows = {row["id"]: row for row in read_jsonl(run.artifacts / "proof_trained.jsonl")}
    chosen = rows["q-0"]
    assert chosen["right"] is True
    assert chosen["choices"][chosen["chosen"]] == "1900"
    assert len(chosen["scores"]) == 4
    rated = list(read_jsonl(run.artifacts / "mt_bench_branch_trained.jsonl"))
    assert [(row["answers"], row["judgements"], row["ratings"]) for row in rated] == [
        (["By whom was it built?"], ["[[10]]"], [10.0]),
        (["I do not know."], ["[[1]]"], [1.0]),
    ]


def test_one_model_is_open_at_a_time_and_closed_again(world: World) -> None:
    world.evaluate()
    assert world.opened == ["base", "Model", JUDGE]
    assert all(engine.closed for engine in world.engines.values())


def test_an_evaluation_goes_on_where_it_was_stopped(world: World) -> None:
    trained = world.engines[str(world.trained.folder / "Model")]
    trained.dies_after = 10
    with pytest.raises(EndpointError):
        world.evaluate()
    trained.dies_after = 1_000_000
    manifest = world.evaluate().manifest
    assert manifest["attempts"] == 2
    assert len(trained.asked) == 8 + 3 + 4 + 4 + 1 + 2 * 2 + 2
    # The base had said everything, so that it was not opened again.
    assert world.opened == ["base", "Model", "Model", JUDGE]
    assert manifest["headline"]["trained_accuracy"] == 0.875


def test_a_stop_is_obeyed_between_two_items(world: World) -> None:
    stop = Stop()
    stop.request("enough")
    with pytest.raises(Checkpointed):
        world.evaluate(stop=stop)
    assert len(list(read_jsonl(world.run().artifacts / "proof_base.jsonl"))) == 1


def test_a_half_written_item_is_asked_again(world: World) -> None:
    whole = world.evaluate()
    expected = whole.manifest["benchmarks"]
    journal = whole.artifacts / "proof_trained.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    (whole.folder / "manifest.json").unlink()
    assert world.evaluate().manifest["benchmarks"] == expected


class Silent(Pupil):
    def answer(self, text: str) -> str:
        super().answer(text)
        return ""


@pytest.mark.parametrize("judge", [Pupil("judge"), Silent("judge")], ids=["in no form", "silent"])
def test_a_judge_that_never_answers_in_form_is_an_error_rate(world: World, judge: Pupil) -> None:
    world.engines[str(world.judge)] = judge
    manifest = world.evaluate().manifest
    found = manifest["benchmarks"]["mt_bench_branch"]
    assert found["base"] | {"items": 2} == found["base"]
    assert (found["base"]["error_rate"], found["base"]["score"]) == (1.0, None)
    assert found["change"]["verdict"] == "not comparable"
    assert manifest["model_metrics"]["mt_bench_branch"]["error_rate"] == 1.0


def test_a_judge_with_a_short_context_rates_what_it_can_read(world: World) -> None:
    world.engines[str(world.judge)].context_size = 19
    run = world.evaluate(world.options(benchmarks=["mt_bench"]))
    found = run.manifest["benchmarks"]["mt_bench"]
    rows = list(read_jsonl(run.artifacts / "mt_bench_base.jsonl"))
    assert (found["trained"]["items"], found["trained"]["error_rate"]) == (2, 0.5)
    assert all("the judge could not read it" in row["failures"][1] for row in rows)
    assert run.manifest["model_metrics"]["mt_bench"]["scores"] == {"turn_one": 10.0}


def test_a_judge_that_dies_goes_on_where_it_was(world: World) -> None:
    judge = world.engines[str(world.judge)]
    judge.dies_after = 3
    options = world.options(benchmarks=["mt_bench", "mt_bench_branch"])
    with pytest.raises(EndpointError, match="judge has gone"):
        world.evaluate(options)
    judge.dies_after = 1_000_000
    run = world.evaluate(options)
    assert len(judge.asked) == len({request.tag for request in judge.requests}) * 2 == 2 * (2 * 2 + 2)
    assert world.opened == ["base", "Model", JUDGE, JUDGE]
    assert run.manifest["benchmarks"]["mt_bench"]["trained"]["failed"] == 0


def test_an_engine_that_cannot_score_is_refused_and_answers_are_kept(world: World) -> None:
    world.engines[str(world.trained.folder / "Model")].capabilities = frozenset()
    with pytest.raises(EvaluationError, match="trained cannot tell how likely") as raised:
        world.evaluate()
    assert "--benchmark heldout --benchmark seeds --benchmark mt_bench" in raised.value.hint
    assert len(list(read_jsonl(world.run().artifacts / "proof_base.jsonl"))) == 8


@pytest.mark.parametrize("likelihood", [math.nan, math.inf])
def test_a_likelihood_that_is_no_number_names_the_question(world: World, likelihood: float) -> None:
    world.engines[str(world.trained.folder / "Model")].likelihood = likelihood
    with pytest.raises(EvaluationError, match=f"{KNOWLEDGE}/q-6") as raised:
        world.evaluate()
    assert "weights" in raised.value.hint


def test_a_model_without_a_template_is_an_error(world: World) -> None:
    world.engines[str(world.workspace.models / "base")].template = False
    with pytest.raises(EvaluationError, match=r"base has no chat template, which proof, .* need") as raised:
        world.evaluate()
    assert "--choices-form letters" in raised.value.hint


def test_what_does_not_fit_counts_as_failed_and_in_no_score(world: World) -> None:
    world.engines[str(world.workspace.models / "base")].context_size = 6
    found = world.evaluate().manifest["benchmarks"]
    assert found["reading"]["base"]["error_rate"] == 1.0
    assert found["reading"]["base"]["score"] is None
    assert found["proof"]["base"]["failed"] == 0
    assert found["heldout"]["base"]["error_rate"] == 1.0
    assert found["heldout"]["deltas"]["new"] == {KNOWLEDGE: 0.75}


def test_a_bare_model_is_examined_without_a_comparison(world: World) -> None:
    manifest = world.evaluate(world.options(model="models/base", data="demo")).manifest
    proof = manifest["benchmarks"]["proof"]
    assert "base" not in proof
    assert "deltas" not in proof
    assert manifest["models"] == {"trained": "base"}
    assert manifest["model_metrics"]["mmlu_branch"] == {
        "error_rate": 0.0,
        "improvements": {},
        "regressions": {},
        "no_change": {},
    }


def test_progress_is_told(world: World) -> None:
    run = world.evaluate()
    told = [event for event in read_jsonl(run.events) if event.get("benchmark") == "proof" and event["done"] == 8]
    assert [event["sentence"] for event in told] == [
        "Proof questions, base model: 8 of 8 asked",
        "Proof questions, trained model: 8 of 8 asked",
    ]


def test_the_inputs_follow_contents_and_not_names(world: World) -> None:
    before = inputs(world.options(), world.workspace)
    assert all(len(digest) == 64 for digest in before.values())
    assert inputs(world.options(model=world.trained.id), world.workspace) == before
    path = world.proof / "lighthouses.jsonl"
    rows = list(read_jsonl(path))
    rows[0]["question"] += " Say it."
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    after = inputs(world.options(), world.workspace)
    assert {name for name in before if before[name] != after[name]} == {"questions/proof", "questions/reading"}


def test_a_real_model_is_examined(workspace: Workspace, tiny_model: Path, tmp_path: Path) -> None:
    proof = write_rows(tmp_path / "proof.jsonl", [choice_row(tower) for tower in TOWERS[:4]])
    options = EvaluationOptions(model=str(tiny_model), proof=str(proof), benchmarks=["proof", "reading"])
    run = workspace.open_run("evaluations", "demo", options, inputs(options, workspace))
    with run.hold() as attempt:
        attempt.finish(evaluate(options, run, attempt, Stop()))
    found = run.manifest["benchmarks"]
    assert found["proof"]["trained"]["items"] == found["reading"]["trained"]["items"] == 4
    for row in read_jsonl(run.artifacts / "proof_trained.jsonl"):
        assert row["chosen"] == row["scores"].index(max(row["scores"]))
        assert all(-100 < score < -5 for score in row["scores"])
