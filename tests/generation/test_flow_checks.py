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


def extended(*stages: str) -> str:
    """The trial flow with more stages behind the first one of knowledge."""
    return FLOW.replace(f"  - {QUESTION}\n", f"  - {QUESTION}\n" + "".join(f"  - {stage}\n" for stage in stages), 1)


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("{name: x, rename: {question: asked}}", "stage answer needs the column question"),
        ("{name: x, distinct: [question], drops: [document]}", "stage answer needs the column document"),
        ("{name: x, filter: {column: score, test: equal, values: [1]}}", "stage x needs the column score"),
        ("{name: x, combine: {columns: [question, hint], into: question}}", "stage x needs the column hint"),
        ("{name: x, majority: tone}", "stage x needs the column tone"),
        ("{name: x, messages: talk, writes: y}", "stage x needs the column talk"),
        ("{name: x, prompt_by: {column: tone, prompts: {a: ask}}, writes: y}", "stage x needs the column tone"),
    ],
)
def test_columns_are_followed_through_changes(stage: str, told: str) -> None:
    assert told in refused(extended(stage)).message


def test_what_is_renamed_can_be_used() -> None:
    text = extended("{name: x, rename: {question: asked}}", "{name: y, copy: {asked: question}}")
    assert len(read_flow(text, "mine.yaml").for_kind("knowledge")) == 5


def test_rows_are_not_split_between_a_comparison_and_a_majority() -> None:
    distinct, split, most = (
        "{name: x, distinct: [question]}",
        "{name: y, rows_of: {columns: [document, domain], value: document, name: kind}}",
        "{name: z, majority: kind}",
    )
    assert "stage z comes after `distinct`" in refused(extended(distinct, split, most)).message
    assert read_flow(extended(split, distinct, most), "mine.yaml")


def test_held_out_questions_stay_one_row() -> None:
    right = "{name: rewording, prompt: reword, writes: question}"
    for wrong in (
        '{name: rewording, prompt: reword, parse: "(?P<question>.+)", many: 2}',
        "{name: rewording, prompt: reword, writes: question, samples: 2, temperature: 1}",
        "{name: rewording, copy: {answer: question}}",
    ):
        assert right in FLOW
        assert "cannot be used for rewording" in refused(FLOW.replace(right, wrong)).message


def test_what_is_asked_once_sees_no_row() -> None:
    once = "{name: x, prompt: judge_question, writes: y, once: true}"
    error = refused(extended(once))
    assert "stage x is asked once, but sees question" in error.message
    shared = ("{name: x, prompt: ask, writes: y, once: true}", "{name: z, combine: {columns: [y, domain], into: w}}")
    wrong = "{name: q, combine: {columns: [w, question], into: document}}"
    last = "{name: last, prompt: ask, writes: v, once: true}"
    assert read_flow(extended(*shared, "{name: c, copy: {w: document}}", last), "mine.yaml")
    assert "stage last is asked once, but sees document" in refused(extended(*shared, wrong, last)).message


def test_an_auxiliary_type_has_instructions() -> None:
    assert "`auxiliary` maps" in refused(FLOW + "auxiliary: {cleaned: Clean it.}\n").message
    assert read_flow(FLOW + "auxiliary: {cleaned: [Clean it.]}\n", "mine.yaml").auxiliary == {"cleaned": ("Clean it.",)}


def test_another_version_is_refused() -> None:
    assert "`version` is 2" in refused(FLOW + "version: 2\n").message
