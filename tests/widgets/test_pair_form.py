from workbench.taxonomy.findings import Finding
from workbench.widgets.pair_form import PairForm


def test_question_and_answer_know_their_places() -> None:
    removed: list[int] = []
    form = PairForm(2, lambda keys, value: None, lambda: removed.append(1))
    form.show(lambda keys: keys[-1], ("pairs", 1))
    assert form.places == [".pairs[1].question", ".pairs[1].answer"]
    assert (form.question.input.value, form.answer.input.value) == ("question", "answer")
    form.tell({".pairs[1].answer": [Finding("q", 1, 1, ".pairs[1].answer", "x", "error", "too bad")]})
    assert "too bad" in form.answer.note.value
    assert "too bad" not in form.question.note.value
    form.widget.children[-1].click()
    assert removed == [1]


def test_the_one_pair_of_a_skill_has_no_number() -> None:
    form = PairForm(0, lambda keys, value: None, lambda: None)
    assert [child.children[0].description for child in form.widget.children] == ["Question:", "Answer:"]
