import pytest

from tests.generation.conftest import FLOW
from workbench.errors import FlowError
from workbench.generation.flow import read_flow

QUESTION = "{name: question, prompt: ask, writes: question, temperature: 1.0, max_tokens: 9}"
JUDGEMENT = '{name: judgement, prompt: judge, verdict: "(YES|NO)$", keep: ["YES"]}'
ANSWER = "{name: answer, prompt: say, writes: answer, span_of: document}"


def refused(text: str) -> FlowError:
    with pytest.raises(FlowError) as caught:
        read_flow(text, "mine.yaml")
    assert caught.value.message.startswith("mine.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a flow is a mapping"),
        ("- a", "a flow is a mapping"),
        ("name: x", "`prompts` is no mapping"),
        ("prompts: {a: 5}\nknowledge: []", "`prompts` is no mapping"),
        ("prompts: {a: b}", "it has no stages"),
        ("prompts: {a: b}\nknowledge: {}", "`knowledge` is no list"),
        ("prompts: {a: b}\nknowledge:", "`knowledge` is no list"),
        ("prompts: {a: b}\nknowledge: [x]", "knowledge stage 1: a stage is a mapping with a name"),
        ("prompts: {a: b}\none_section: maybe\nknowledge: [x]", "`one_section`"),
    ],
)
def test_a_file_that_is_no_flow_is_told(text: str, told: str) -> None:
    assert told in refused(text).message


def test_an_unknown_key_names_the_nearest() -> None:
    error = refused(FLOW.replace("freeform:", "freform:"))
    assert ("`freform`" in error.message, error.hint) == (True, "did you mean freeform?")
    error = refused(FLOW.replace("max_tokens: 9", "max_token: 9"))
    assert "knowledge stage 1 (question)" in error.message
    assert error.hint == "did you mean max_tokens?"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("prompt: ask", "prompt: asks", "there is no prompt 'asks'"),
        ("writes: question, ", "", "neither writes a column nor judges"),
        ("writes: question", 'writes: question, verdict: "(a)", keep: ["a"]', "it has writes and verdict"),
        ("max_tokens: 9", "max_tokens: many", "`max_tokens` is 'many'"),
        ("max_tokens: 9", "max_tokens: 0", "`max_tokens` is 0"),
        ("max_tokens: 9", "max_tokens: true", "`max_tokens` is True"),
        ("temperature: 1.0", "temperature: hot", "`temperature` is 'hot'"),
        ("temperature: 1.0", "temperature: -1", "`temperature` is -1"),
        ("temperature: 1.0", "top_p: 2", "`top_p` is 2"),
        ("max_tokens: 9", "stop: x", "`stop` is no list"),
        ("max_tokens: 9", "grammar: [x]", "`grammar` is no text"),
        ("writes: question", 'parse: "([a"', "`parse` is no regular expression"),
        ("writes: question", 'parse: "(.*)"', "`parse` has no named group"),
        ("max_tokens: 9", 'grammar: "root", span_of: document', "it has `grammar` and `span_of`"),
    ],
)
def test_a_wrong_stage_is_told_with_its_place(right: str, wrong: str, told: str) -> None:
    assert right in QUESTION
    error = refused(FLOW.replace(QUESTION, QUESTION.replace(right, wrong, 1)))
    assert told in error.message
    assert "knowledge stage 1 (question)" in error.message


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('keep: ["YES"]', "keep: [YES]", "`keep` holds True"),
        ('keep: ["YES"]', "keep: YES", "`keep` is no list"),
        (', keep: ["YES"]', "", "go together"),
        ("(YES|NO)$", "YES|NO", "`verdict` has no group"),
        ("(YES|NO)$", "(YES", "`verdict` is no regular expression"),
    ],
)
def test_a_wrong_judgement_is_told(right: str, wrong: str, told: str) -> None:
    assert right in JUDGEMENT
    error = refused(FLOW.replace(JUDGEMENT, JUDGEMENT.replace(right, wrong)))
    assert told in error.message


def test_a_true_of_yaml_is_explained() -> None:
    assert "quotes" in refused(FLOW.replace('keep: ["YES"]', "keep: [YES]", 1)).hint


def test_a_prompt_that_is_no_template_is_told() -> None:
    error = refused(FLOW.replace('"{{ document }} Ask."', '"{{ document "'))
    assert "its prompt is no template: line 1" in error.message


def test_a_column_is_needed_after_it_is_written_only() -> None:
    swapped = FLOW.replace(ANSWER, "{}").replace(QUESTION, ANSWER).replace("{}", QUESTION)
    error = refused(swapped)
    assert "knowledge: stage answer needs the column question" in error.message
    assert "document" in error.hint


def test_a_verdict_needs_its_columns() -> None:
    error = refused(FLOW.replace('keep: ["YES"]', 'keep: ["{{ anser }}"]', 1))
    assert "stage judgement needs the column anser" in error.message
    error = refused(FLOW.replace('keep: ["YES"]', 'keep: ["{{ answer"]', 1))
    assert "its `keep` is no template" in error.message


def test_a_span_needs_its_column() -> None:
    error = refused(FLOW.replace("span_of: document", "span_of: dokument"))
    assert "stage answer needs the column dokument" in error.message


def test_what_a_sample_is_must_be_written() -> None:
    error = refused(FLOW.replace(f"  - {ANSWER}\n", "").replace('"{{ question }} {{ answer }} True?"', '"True?"'))
    assert "mine.yaml: knowledge: no stage writes answer" in error.message


def test_two_stages_have_two_names() -> None:
    error = refused(FLOW.replace("{name: answer, prompt: say", "{name: question, prompt: say"))
    assert "two stages are called question" in error.message


def test_named_groups_are_columns() -> None:
    pair = '{name: pair, prompt: ask, parse: "(?P<question>.*)\\\\n(?P<answer>.*)"}'
    flow = read_flow(FLOW.replace(QUESTION, pair).replace(f"  - {ANSWER}\n", ""), "mine.yaml")
    assert [stage.name for stage in flow.for_kind("knowledge")] == ["pair", "judgement"]
