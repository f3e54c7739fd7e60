from pathlib import Path

import pytest

from tests.generation.conftest import FLOW
from workbench.errors import FlowError
from workbench.generation.flow import flow_names, load_flow, read_flow
from workbench.generation.flow_checks import WRITTEN


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
