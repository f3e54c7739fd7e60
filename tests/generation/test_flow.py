from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from random import Random

import pytest

from tests.generation.answering import FakeEngine
from tests.generation.conftest import FLOW
from tests.generation.test_production import produce
from tests.generation.wide import WORDS, wide_work
from workbench.engines.engine import Request
from workbench.errors import FlowError
from workbench.generation.exchange import Exchange
from workbench.generation.flow import flow_names, load_flow, read_flow
from workbench.generation.flow_checks import GIVEN, WRITTEN

Open = Callable[[FakeEngine], Exchange]


@pytest.mark.parametrize("name", flow_names())
def test_a_flow_of_the_package_is_whole(name: str) -> None:
    flow = load_flow(name)
    assert flow.name == name
    assert set(flow.stages) == set(WRITTEN)
    judged = {kind: [stage.name for stage in stages if stage.judges] for kind, stages in flow.stages.items()}
    assert all(judged[kind] for kind in ("knowledge", "freeform", "grounded"))


def test_a_stage_takes_what_the_file_says() -> None:
    flow = read_flow(FLOW, "trial.yaml")
    question, answer, judgement = flow.for_kind("knowledge")
    assert (question.writes, question.sampling.temperature, question.sampling.max_tokens) == ("question", 1.0, 9)
    assert (answer.span_of, answer.judges) == ("document", False)
    assert (judgement.keep, judgement.judges) == (("YES",), True)
    assert question.ask({"document": "Aldern is a town."}) == "Aldern is a town. Ask."
    assert flow.one_section
    assert flow.source == FLOW


def test_numbers_among_the_verdicts_are_texts_once_quoted() -> None:
    stage = load_flow("compact").for_kind("freeform")[-1]
    assert stage.keep == ("3",)


def test_a_verdict_may_have_to_repeat_a_column() -> None:
    text = FLOW.replace(
        'verdict: "(YES|NO)$", keep: ["YES"]', 'verdict: "^(.*)$", keep: ["{{ answer }}: YES", "sure"]', 1
    )
    stage = read_flow(text, "trial.yaml").for_kind("knowledge")[-1]
    columns = {"answer": "Aldern"}
    said = ("Aldern: YES", "sure", "Brise: YES", "Aldern: NO", "{{ answer }}: YES")
    assert [stage.accepts(verdict, columns) for verdict in said] == [True, True, False, False, False]


def test_a_row_without_a_column_of_the_prompt_is_told() -> None:
    stage = read_flow(FLOW, "trial.yaml").for_kind("knowledge")[1]
    with pytest.raises(FlowError, match=r"stage answer: 'question' is undefined"):
        stage.ask({"document": "x"})


def test_a_prompt_cannot_reach_outside_its_sandbox() -> None:
    text = FLOW.replace('"{{ document }} Ask."', '"{{ document.__class__.__mro__ }} Ask."')
    with pytest.raises(FlowError, match="stage question"):
        read_flow(text, "trial.yaml").for_kind("knowledge")[0].ask({"document": "x"})


def test_a_kind_without_stages_is_told() -> None:
    with pytest.raises(FlowError, match="trial has no stages for grounded") as caught:
        read_flow(FLOW, "trial.yaml").for_kind("grounded")
    assert "knowledge, freeform" in caught.value.hint


def test_a_flow_of_ones_own_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(FLOW)
    assert load_flow(str(path)).name == "trial"


def test_a_copied_and_changed_flow_works_by_its_path(tmp_path: Path, open_exchange: Open) -> None:
    whole = resources.files("workbench.generation").joinpath("flows", "full.yaml").read_text("utf-8")
    changed = whole.replace("name: full", "name: mine").replace("write five questions", "write two questions")
    filtered = "  - {name: long_enough, filter: {column: question, test: contains, values: [o]}}\n"
    changed = changed.replace("  - {name: relevancy", filtered + "  - {name: relevancy", 1)
    path = tmp_path / "mine.yaml"
    path.write_text(changed)
    flow = load_flow(str(path))
    work = replace(wide_work(), stages=flow.for_kind("knowledge"))
    source = replace(work.sources[0], columns={name: f"{name} of old" for name in GIVEN["knowledge"]})
    engine = FakeEngine(well)
    shelf = produce([replace(work, sources=(source,))], open_exchange(engine), 12).shelves[work.path]
    records = [one.record() for one in shelf.decided]
    assert sum(one["outcome"] == "kept" for one in records) == 12
    assert {one["stage"] for one in records if one["outcome"] == "rejected"} >= {"long_enough", "rating"}
    assert {one["flow"] for one in records} == {"mine"}
    assert {one["dataset_type"] for one in records if one["outcome"] == "kept"} == {"base_document", "spellcheck"}
    assert any("write two questions" in request.messages[0]["content"] for request in engine.asked)


def well(request: Request, rng: Random) -> str:
    """A teacher that lists questions, and a critic that follows its grammar."""
    asked = request.messages[0]["content"]
    if "numbered list" in asked:
        return "Here they are:\n" + "\n".join(f"{n}. {' '.join(rng.choices(WORDS, k=5))}?" for n in (1, 2, 3))
    if "line with YES" in asked:
        return "All of it is there.\nYES"
    if request.grammar:
        return rng.choice(("3", "3", "2")) if '"3"' in request.grammar else "YES"
    return " ".join(rng.choices(WORDS, k=7))


@pytest.mark.parametrize("kind", ["knowledge", "freeform", "grounded"])
def test_the_full_flow_asks_judges_answers_and_rates(kind: str) -> None:
    stages = {stage.name: stage for stage in load_flow("full").for_kind(kind)}
    order = [name for name in stages if name in ("questions", "good_question", "stands_alone", "answer", "rating")]
    assert order == ["questions", "good_question" if kind != "knowledge" else "stands_alone", "answer", "rating"]
    assert stages["questions"].many > 1
    assert stages["rating"].keep == ("3",)
    if kind == "knowledge":
        assert {"faithful", "relevancy", "stands_alone"} <= set(stages)
        assert stages["cleaned"].once
        assert "{{ raw_document }}" in stages["faithful"].prompt, "answers are held against the passage as it is"


@pytest.mark.parametrize("name", ["simple", "full", "compact"])
def test_judgements_are_held_by_a_grammar(name: str) -> None:
    flow = load_flow(name)
    judging = [stage for stages in flow.stages.values() for stage in stages if stage.judges]
    free = {stage.name for stage in judging if not stage.grammar}
    assert free <= ({"faithful", "rating"} if name == "compact" else set())
    assert all("English" not in stage.prompt for stages in flow.stages.values() for stage in stages)


@pytest.mark.parametrize("name", ["compakt", "missing.yaml", "../compact"])
def test_an_unknown_flow_names_those_there_are(name: str) -> None:
    with pytest.raises(FlowError) as caught:
        load_flow(name)
    assert "compact" in caught.value.hint


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FlowError, match=r"mine\.yaml"):
        load_flow(str(path))
    with pytest.raises(FlowError):
        load_flow(str(tmp_path / "folder.yaml"))


def test_broken_yaml_is_told_with_its_place() -> None:
    with pytest.raises(FlowError, match=r"mine\.yaml:2:\d+: not YAML"):
        read_flow("name: x\nprompts: {a: ]\n", "mine.yaml")
