import pytest

from workbench.evaluation.judge import judge_prompts
from workbench.generation.flow import load_flow
from workbench.seedling.forms import REWORD, prompt

COLUMNS = {
    "document": "Velmar Light stands in Osholm.",
    "sentence": "Velmar Light stands in Osholm.",
    "question": "Where does Velmar Light stand?",
    "answer": "Osholm",
    "task_description": "Say it.",
    "seed_question": "Say what?",
    "seed_context": "A table.",
}
FORMS = (
    "question answer faithful relevancy stands_alone wrong_answers another_question good_question rate_pair reword "
    "another_context good_question_for_context rate_pair_in_context freeform_answer"
).split()
STAGES = {
    f"{kind} {stage.name}": stage
    for kind, stages in load_flow("compact").stages.items()
    for stage in stages
    if stage.asks
}


@pytest.mark.parametrize("name", STAGES)
def test_what_is_trained_is_what_generation_asks(name: str) -> None:
    asked = STAGES[name].ask(COLUMNS)
    assert asked in {prompt(form, **COLUMNS) for form in FORMS}


def test_a_later_turn_leaves_the_document_out() -> None:
    whole, again = (prompt(f"faithful{end}", **COLUMNS) for end in ("", ", again"))
    assert whole == f"{COLUMNS['document']}\n\n{again}"


def test_the_judge_is_asked_as_evaluation_asks() -> None:
    said = prompt("judge", question="Q?", reference="R", answer="A")
    template = judge_prompts()["compact"]
    for name, value in (("question", "Q?"), ("reference", "R"), ("answer", "A")):
        template = template.replace("{{ " + name + " }}", value)
    assert said == template


def test_a_question_is_said_in_other_words_as_the_skill_asks_for_it() -> None:
    assert prompt("reword", question="Who?") == f"{REWORD}Who?"
