import pytest

from workbench.errors import FlowError
from workbench.generation.stage_checks import check_stage

PROMPTS = {"ask": "{{ document }} Ask.", "broken": "{{ document"}
ASKS = {"name": "one", "prompt": "ask", "writes": "question"}
PARSED = {"name": "one", "prompt": "ask", "parse": "(?P<question>.*)"}
TAKEN = {"name": "one", "prompt": "ask", "takes": {"score": "S(.*)E"}}
FILTER = {"name": "one", "filter": {"column": "c", "test": "equal", "values": [1]}}


@pytest.mark.parametrize(
    "entry",
    [
        ASKS,
        {"name": "one", "messages": "talk", "writes": "answer"},
        {"name": "one", "prompt_by": {"column": "c", "prompts": {"x": "ask"}}, "writes": "answer"},
        PARSED | {"many": 3, "samples": 2, "temperature": 0.5, "sets": {"n": 3}, "drops": ["x"]},
        TAKEN | {"critic": True, "types": {"score": "float"}, "fit": True, "cleans": ["."]},
        FILTER,
        {"name": "one", "distinct": ["question"], "samples": 2},
        {"name": "one", "majority": "tone"},
        {"name": "one", "rename": {"a": "b"}, "drops": ["c"]},
    ],
)
def test_a_right_stage_passes(entry: dict[str, object]) -> None:
    check_stage("mine.yaml: knowledge stage 1", entry, PROMPTS)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (ASKS | {"messages": "talk"}, "it has prompt and messages"),
        (ASKS | {"filter": {}}, "it asks a model and has `filter`"),
        (ASKS | {"samples": 3}, "`samples` need a temperature"),
        (ASKS | {"samples": 0, "temperature": 1}, "`samples` is 0"),
        (ASKS | {"many": 2}, "`many` needs `parse` or `takes`"),
        (PARSED | {"many": True}, "`many` is True"),
        (PARSED | {"many": 2, "critic": True}, "`many` goes with neither"),
        (PARSED | {"many": 2, "once": True}, "`many` goes with neither"),
        (ASKS | {"critic": "yes"}, "`critic` is neither true nor false"),
        (ASKS | {"repeat_temperature": 9}, "`repeat_temperature` is 9"),
        (ASKS | {"takes": {"a": "(b)"}}, "it has writes and takes"),
        (TAKEN | {"takes": {"score": "S.*E"}}, "`takes: score` has 0 groups"),
        (TAKEN | {"takes": {"score": "S("}}, "`takes: score` is no regular expression"),
        (TAKEN | {"takes": {"score": 3}}, "`takes` maps columns to patterns"),
        (TAKEN | {"types": {"score": "number"}}, "`types` has 'number'"),
        (TAKEN | {"types": ["score"]}, "`types` is no mapping"),
        (PARSED | {"parse": "(.*)", "into": ["a", "b"]}, "`into` names 2 columns for 1 groups"),
        (ASKS | {"prompt": "broken"}, "its prompt is no template"),
        (ASKS | {"wrap": "{{ prompt"}, "its `wrap` is no template"),
        ({"name": "one", "prompt_by": {"column": "c"}, "writes": "x"}, "`prompt_by` is no mapping"),
        ({"name": "one", "prompt_by": {"column": "c", "prompts": {1: "ask"}}, "writes": "x"}, "that is no text"),
        ({"name": "one", "prompt_by": {"column": "c", "prompts": {"1": "no"}}, "writes": "x"}, "no prompt 'no'"),
        (FILTER | {"filter": {"column": "c"}}, "`filter` has the test None"),
        (FILTER | {"temperature": 1}, "`filter` asks no model, so that `temperature` means nothing"),
        (FILTER | {"distinct": ["a"]}, "it has filter and distinct"),
        ({"name": "one", "distinct": []}, "`distinct` names no column"),
        ({"name": "one", "distinct": "a"}, "`distinct` is no list"),
        ({"name": "one", "combine": {"columns": ["a"]}}, "`combine` has no `into`"),
    ],
)
def test_a_wrong_stage_is_told_with_its_place(entry: dict[str, object], told: str) -> None:
    with pytest.raises(FlowError) as caught:
        check_stage("mine.yaml: knowledge stage 1", entry, PROMPTS)
    assert caught.value.message.startswith("mine.yaml: knowledge stage 1 (one): ")
    assert told in caught.value.message
