from tests.widgets.conftest import KNOWLEDGE, sample
from workbench.widgets.sample_page import sample_html, why


def test_question_answer_context_and_judgement_stand_beside_each_other() -> None:
    shown = sample_html(sample(KNOWLEDGE, 0), {"faithful"})
    for title in ("Question", "Answer", "Context", "Judgement"):
        assert f'aria-label="{title}"><h4>{title}</h4>' in shown
    assert "Question &lt;0&gt;?" in shown
    assert "<b>kept</b></p>" in shown
    assert "<td>teacher</td>" in shown
    assert "<script" not in sample_html(sample(KNOWLEDGE, 0) | {"question": "<script>"})


def test_what_was_left_out_says_where_and_why() -> None:
    record = sample(KNOWLEDGE, 1, "rejected") | {"trace": [{"stage": "faithful", "text": "1214: NO"}], "seed": 7}
    shown = sample_html(record, {"faithful"})
    assert "<b>rejected</b> at faithful: judged NO" in shown
    assert "<td>critic</td>" in shown
    assert "seed 7" in shown
    assert why(record) == "faithful: judged NO"
    assert why(sample(KNOWLEDGE, 1)) == ""


def test_a_sample_of_a_file_was_judged_by_nobody() -> None:
    shown = sample_html(sample(KNOWLEDGE, 1) | {"trace": [], "context": ""})
    assert "taken over as it is" in shown
    assert "Context" not in shown
