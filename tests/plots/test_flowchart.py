from dataclasses import replace
from typing import Any

import pytest

from tests.plots.extents import cut_off, words
from tests.plots.test_sieve import LOST
from tests.plots.test_sieve import leaf as plain_leaf
from workbench.generation.flow import Flow, flow_names, load_flow
from workbench.plots.flowchart import flow_diagram

COMPACT = ("sentence", "question", "stands alone", "relevancy", "answer", "faithful", "near-duplicates")


def leaf(path: str = "knowledge/harbours/lighthouses", made: int = 200) -> dict[str, Any]:
    """A leaf that went through the compact flow."""
    return plain_leaf(path, made, {"sentence": 0, **LOST})


@pytest.fixture
def flow() -> Flow:
    return load_flow("compact")


def test_stages_stand_in_their_order_with_who_answers_them(flow: Flow) -> None:
    figure = flow_diagram(flow, {"leaves": [leaf()]})
    said = [word for word in words(figure) if word in COMPACT]
    assert tuple(said) == COMPACT
    roles = [word for word in words(figure) if word in ("teacher writes", "critic judges", "compared by words")]
    assert roles == ["teacher writes", *["critic judges"] * 2, "teacher writes", "critic judges", "compared by words"]


def test_counts_go_down_and_aside(flow: Flow) -> None:
    said = words(flow_diagram(flow, {"leaves": [leaf(), leaf("knowledge/other")]}))
    assert [word for word in said if word in ("400 made", "394", "334", "244")] == [
        "400 made",
        *["394"] * 2,
        "334",
        "334",
        "244",
    ]
    assert {"6 failed", "60 rejected", "90 rejected", "90 judged 0", "20 rejected"} <= set(said)
    assert "224 kept: 202 to train on, 22 held out" in said


def test_one_leaf_can_be_drawn_alone(flow: Flow) -> None:
    manifest = {"leaves": [leaf(), leaf("knowledge/other", made=300)]}
    figure = flow_diagram(flow, manifest, "knowledge/other")
    assert "300 made" in words(figure)
    assert "for knowledge/other: of 300 samples made, 212 passed every stage" in figure.caption


def test_the_caption_says_where_most_were_lost(flow: Flow) -> None:
    caption = flow_diagram(flow, {"leaves": [leaf()]}).caption
    assert "of 200 samples made, 112 passed every stage. Most were lost at faithful: 45." in caption


@pytest.mark.parametrize("name", flow_names())
def test_every_flow_of_the_package_can_be_drawn(name: str) -> None:
    figure = flow_diagram(load_flow(name))
    assert not cut_off(figure)
    assert "knowledge leaves" in words(figure)
    assert figure.caption.startswith(f"The flow {name}: ")


def test_long_names_and_reasons_stay_inside(flow: Flow) -> None:
    long = plain_leaf(kind="freeform")
    for line in long["funnel"]:
        line["reasons"] = {
            "near-duplicate of a kept sample or of a seed example": 1000,
            "cut off after 512 tokens": 2000,
        }
    stages = [replace(stage, name=f"{stage.name}_for_the_context_of_this_leaf") for stage in flow.for_kind("freeform")]
    for line, stage in zip(long["funnel"], stages, strict=False):
        line |= {"stage": stage.name, "rejected": 12345, "failed": 23456}
    odd = replace(flow, stages={**flow.stages, "freeform": tuple(stages)})
    others = [plain_leaf("a/b", kind="grounded"), leaf()]
    assert not cut_off(flow_diagram(odd, {"leaves": [long, *others]}))


def test_a_flow_for_other_things_has_no_diagram(flow: Flow) -> None:
    odd = replace(flow, stages={"choices": flow.stages["choices"]})
    assert "no stages for leaves" in flow_diagram(odd).caption


def test_the_same_counts_give_the_same_bytes(flow: Flow) -> None:
    first, again = (flow_diagram(flow, {"leaves": [leaf()]}) for _ in range(2))
    assert first.png == again.png
    assert first.svg == again.svg
