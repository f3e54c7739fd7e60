from dataclasses import replace

import pytest

from workbench.engines.catalogue import ENTRIES
from workbench.errors import OptionsError
from workbench.generation.flow import load_flow
from workbench.generation.options import GenerationOptions
from workbench.generation.pipeline import choose_flow, replay_file
from workbench.records import read_jsonl


def test_a_flow_that_is_asked_for_is_taken() -> None:
    assert choose_flow(GenerationOptions(pipeline="mine.yaml")) == ("mine.yaml", "it was asked for")


def test_the_catalogue_names_the_flow_of_the_embedded_teacher() -> None:
    flow, why = choose_flow(GenerationOptions())
    assert flow == "compact"
    assert "seedling-teacher-Q4_K_M" in why


def test_every_flow_that_can_be_chosen_is_there() -> None:
    models = [*(entry.name for entry in ENTRIES), "/models/any-other-model.gguf"]
    for model in models:
        flow, why = choose_flow(GenerationOptions(model=model))
        assert load_flow(flow).name == flow
        assert why


@pytest.mark.parametrize("pipeline", ["simple", "full"])
def test_an_embedded_teacher_follows_its_own_flow_alone(pipeline: str) -> None:
    with pytest.raises(OptionsError, match=f"cannot follow the flow {pipeline}") as caught:
        choose_flow(GenerationOptions(pipeline=pipeline))
    assert "compact" in caught.value.hint
    assert choose_flow(GenerationOptions(pipeline="compact"))[0] == "compact"
    assert choose_flow(GenerationOptions(pipeline=pipeline, model="granite-7b-lab-Q4_K_M"))[0] == pipeline


def test_a_student_that_cannot_learn_from_the_teacher_is_refused() -> None:
    with pytest.raises(OptionsError, match="granite-7b-lab cannot learn") as caught:
        choose_flow(GenerationOptions(student="granite-7b-lab"))
    assert "seedling-base" in caught.value.hint
    assert choose_flow(GenerationOptions(student="seedling-base"))[0] == "compact"
    assert choose_flow(GenerationOptions(model="granite-7b-lab-Q4_K_M", student="granite-7b-lab"))


def test_the_replay_goes_with_the_flow_of_its_student() -> None:
    flow = load_flow("compact")
    path = replay_file(flow)
    assert path
    assert next(iter(read_jsonl(path)))["messages"]
    assert replay_file(replace(flow, name="simple")) is None
