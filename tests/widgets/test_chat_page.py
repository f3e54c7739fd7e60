from workbench.engines.transcript import Answer, Turn
from workbench.widgets.chat_page import passage_html, spoken, turn_html, turns_html

TURN = Turn(
    "Who <did>?", {"base": Answer("I <do>.", "length"), "trained": Answer("", "failed", error="gone")}, "A & B."
)


def test_answers_stand_side_by_side_under_their_names() -> None:
    shown = turn_html(TURN)
    assert '<section aria-label="base"><h5>base</h5><div class="workbench-text">I &lt;do&gt;.</div>' in shown
    assert '<div class="workbench-remark">cut off at the longest answer allowed</div>' in shown
    assert '<div class="workbench-failed">gone</div>' in shown
    assert "Who &lt;did&gt;?" in shown


def test_an_answer_that_grows_says_so() -> None:
    shown = turn_html(TURN, ["base"])
    assert '<section aria-label="base" aria-busy="true">' in shown
    assert shown.count("aria-busy") == 1


def test_a_passage_is_folded() -> None:
    assert passage_html("") == ""
    assert "with a passage of 3 words in front" in passage_html("A & B.")
    assert "A &amp; B." in passage_html("A & B.")


def test_without_turns_it_says_so() -> None:
    assert turns_html([]) == "<p>Nothing was said here yet.</p>"
    assert turns_html([TURN, TURN]).count("workbench-turn") == 2


def test_a_screen_reader_is_told_everything_that_was_answered() -> None:
    assert spoken(TURN) == "base: I <do>.\n(cut off at the longest answer allowed). trained: (gone)."
