import pytest

from tests.evaluation.conftest import KNOWLEDGE, SKILL, TOWERS, World, choice_row, write_rows
from workbench.errors import EvaluationError, NotFoundError, OptionsError
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.papers import Answers, Sheet
from workbench.evaluation.plan import make_plan
from workbench.records import read_json, write_json, write_text


def test_an_unknown_benchmark_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionsError, match="did you mean heldout") as raised:
        EvaluationOptions.parse({"benchmarks": ["held_out"]})
    assert "mt_bench_branch" in raised.value.message


def test_without_names_every_benchmark_that_has_questions_is_taken(world: World) -> None:
    world.workspace.taxonomy.joinpath(SKILL, "qna.yaml").unlink()
    plan = make_plan(world.options(proof=""), world.workspace)
    assert list(plan.questions) == ["mmlu", "mmlu_branch", "heldout", "mt_bench"]
    assert "none of the sample's leaves" in plan.skipped["proof"]
    assert "no skills" in plan.skipped["mt_bench_branch"]
    assert plan.inputs().keys() == {
        *(f"questions/{name}" for name in ("mmlu", "mmlu_branch", "heldout", "mt_bench")),
        *("base", "trained", "judge", "judge_prompt"),
    }


def test_a_benchmark_that_was_named_must_have_questions(world: World) -> None:
    write_text(world.data.folder / "heldout.jsonl", "")
    with pytest.raises(EvaluationError, match=r"heldout: the data run demo-\w+ has none") as raised:
        make_plan(world.options(benchmarks=["proof", "heldout"]), world.workspace)
    assert "leave it out" in raised.value.hint


def test_a_proof_without_passages_cannot_be_read(world: World) -> None:
    rows = [choice_row(tower) | {"context": ""} for tower in TOWERS]
    write_rows(world.proof / "lighthouses.jsonl", rows)
    plan = make_plan(world.options(benchmarks=[]), world.workspace)
    assert "with a passage" in plan.skipped["reading"]


def test_multiple_choice_is_put_as_suits_its_questions(world: World) -> None:
    data = write_rows(world.workspace.root / "mmlu" / "towers_test.jsonl", [choice_row(tower) for tower in TOWERS])
    write_rows(data.with_name("towers_dev.jsonl"), [choice_row(TOWERS[0])])
    plan = make_plan(world.options(), world.workspace)
    assert {name: type(paper) for name, paper in plan.papers.items()} == dict.fromkeys(
        ("proof", "reading", "mmlu", "mmlu_branch"), Answers
    )
    plan = make_plan(world.options(mmlu_data="mmlu", few_shots=3), world.workspace)
    paper = plan.papers["mmlu"]
    assert isinstance(paper, Sheet)
    assert (paper.shots, paper.texts, paper.chat) == (3, False, False)
    assert [each.id for each in paper.examples.before(plan.questions["mmlu"][1], 3)] == ["dev-0"]
    assert "examples/mmlu" in plan.inputs()
    assert [(asked.title, asked.set) for asked in plan.benchmarks if asked.name == "mmlu"] == [("MMLU", "mmlu")]
    plan = make_plan(world.options(choices_form="texts", apply_chat_template=True), world.workspace)
    assert isinstance(plan.papers["proof"], Answers)
    for name in ("mmlu", "mmlu_branch"):
        paper = plan.papers[name]
        assert isinstance(paper, Sheet)
        assert (paper.texts, paper.chat) == (True, True)


def test_a_data_run_of_another_flow_is_asked_by_letter(world: World) -> None:
    manifest = world.data.folder / "manifest.json"
    write_json(manifest, read_json(manifest) | {"flow": "simple"})
    plan = make_plan(world.options(), world.workspace)
    assert isinstance(plan.papers["mmlu_branch"], Sheet)
    assert isinstance(plan.papers["mmlu"], Answers)


def test_an_unknown_subject_is_refused_before_anything_is_asked(world: World) -> None:
    with pytest.raises(NotFoundError, match="no subject tower\n") as raised:
        make_plan(world.options(mmlu_subjects=["tower"]), world.workspace)
    assert "towers" in raised.value.hint


def test_an_empty_own_benchmark_is_an_error(world: World) -> None:
    world.own.unlink()
    with pytest.raises(EvaluationError, match="mmlu: it holds none"):
        make_plan(world.options(benchmarks=["mmlu"]), world.workspace)


def test_a_question_of_an_unknown_leaf_is_refused(world: World) -> None:
    write_rows(world.proof / "more.jsonl", [choice_row("Tower 1", leaf="knowledge/harbors")])
    with pytest.raises(EvaluationError, match="no leaf knowledge/harbors") as raised:
        make_plan(world.options(), world.workspace)
    assert KNOWLEDGE in raised.value.hint


def test_a_proof_that_is_not_there_is_an_error(world: World) -> None:
    with pytest.raises(NotFoundError, match="no proof questions"):
        make_plan(world.options(proof="nowhere"), world.workspace)


def test_a_taxonomy_that_is_not_there_is_an_error(world: World) -> None:
    with pytest.raises(NotFoundError, match=r"no taxonomy .*nowhere"):
        make_plan(world.options(taxonomy_path="nowhere", benchmarks=["mt_bench_branch"]), world.workspace)


def test_a_single_proof_file_will_do(world: World) -> None:
    plan = make_plan(world.options(proof=str(world.proof / "lighthouses.jsonl")), world.workspace)
    assert len(plan.questions["proof"]) == len(TOWERS)


def test_the_control_is_for_the_base_unless_asked_for(world: World) -> None:
    plan = make_plan(world.options(), world.workspace)
    proof, reading = plan.benchmarks[:2]
    assert plan.asks(proof, "trained")
    assert plan.asks(reading, "base")
    assert not plan.asks(reading, "trained")
    assert make_plan(world.options(reading_trained=True), world.workspace).asks(reading, "trained")


def test_nothing_to_ask_is_an_error(world: World) -> None:
    world.workspace.taxonomy.joinpath(SKILL, "qna.yaml").unlink()
    with pytest.raises(EvaluationError, match=r"there are no questions: proof: .*no data run was named"):
        make_plan(world.options(model="models/base", proof="", benchmarks=["proof", "heldout"]), world.workspace)
