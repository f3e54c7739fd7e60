import pytest

from tests.generation.wide import WIDE
from workbench.errors import FlowError
from workbench.generation.filters import RowError
from workbench.generation.flow import load_flow, read_flow
from workbench.generation.stages import Stage, read_stage

WIDE_STAGES = {stage.name: stage for stage in read_flow(WIDE, "wide.yaml").for_kind("knowledge")}


@pytest.mark.parametrize(
    ("name", "role", "judges", "rejects", "fan_out"),
    [
        ("tidied", "teacher", False, False, 1),
        ("original", "", False, False, 1),
        ("versions", "", False, False, 2),
        ("questions", "teacher", False, False, 3),
        ("new", "", False, True, 1),
        ("answers", "teacher", False, False, 2),
        ("weight", "critic", True, False, 1),
        ("heavy", "", False, True, 1),
        ("judgement", "critic", True, True, 1),
    ],
)
def test_a_stage_tells_a_diagram_what_it_is(name: str, role: str, judges: bool, rejects: bool, fan_out: int) -> None:
    shown = WIDE_STAGES[name].outline()
    found = tuple(shown[key] for key in ("name", "role", "judges", "rejects", "fan_out"))
    assert found == (name, role, judges, rejects, fan_out)


def test_a_stage_says_what_it_does() -> None:
    said = {name: stage.outline()["does"] for name, stage in WIDE_STAGES.items()}
    assert said["heavy"] == "keeps weight at least 2.0"
    assert said["new"] == "drops a repeated question"
    assert said["tidied"] == "writes tidied"
    assert said["judgement"] == "keeps YES"
    assert said["versions"] == "writes dataset_type, document"
    assert Stage("m", majority="tone").outline()["does"] == "sets tone to its most frequent value"
    assert [one["name"] for one in load_flow("compact").outline("freeform")][-1] == "rating"


def test_a_prompt_is_chosen_by_a_column() -> None:
    stage = Stage("ask", prompts={"verse": "Sing of {{ x }}.", "prose": "Tell of {{ x }}."}, prompt_by="manner")
    assert stage.ask({"x": "boats", "manner": "verse"}) == "Sing of boats."
    with pytest.raises(RowError, match="no prompt for manner 'song'"):
        stage.ask({"x": "boats", "manner": "song"})


def test_a_prompt_is_put_into_a_template_of_its_own() -> None:
    stage = Stage("ask", prompt="Tell of {{ x }}.\n", wrap="<user>{{ prompt }}<model>\n")
    assert stage.ask({"x": "boats"}) == "<user>Tell of boats.<model>\n"


def test_what_a_stage_sets_is_there_unless_the_row_has_it() -> None:
    stage = Stage("ask", prompt="Write {{ count }}.", sets={"count": 4})
    assert [stage.ask({}), stage.ask({"count": 2})] == ["Write 4.", "Write 2."]


def test_a_prompt_cannot_reach_outside_its_sandbox() -> None:
    with pytest.raises(FlowError, match="stage ask"):
        Stage("ask", prompt="{{ x.__class__.__mro__ }}").ask({"x": "boats"})


def test_an_entry_becomes_a_stage() -> None:
    entry = {"name": "a", "prompt": "p", "writes": "x", "temperature": 1, "samples": 2, "drops": ["y"], "stop": ["."]}
    stage = read_stage(entry, {"p": "Ask."}, "mine")
    assert (stage.flow, stage.prompt, stage.samples, stage.drops) == ("mine", "Ask.", 2, ("y",))
    assert (stage.sampling.temperature, stage.repeat_temperature, stage.sampling.stop) == (1.0, 1.0, (".",))
