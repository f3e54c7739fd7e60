from dataclasses import replace

from workbench.generation.answers import columns_of, read_answer
from workbench.generation.stages import Stage

LISTED = Stage("ask", prompt="x", parse=r"(?m)^\d\. (?P<question>\S[^\n]*)", many=3)
TAGGED = Stage("ask", prompt="x", takes={"q": r"\[Q\](.*?)\[/Q\]", "a": r"\[A\](.*?)\[/A\]"}, many=1)
JUDGED = Stage("rate", prompt="x", takes={"why": "W(.*?);", "score": "S(.*?);"}, critic=True, types={"score": "float"})


def columns(stage: Stage, text: str, *, cut: bool = False) -> list[dict[str, str]]:
    return [part for part, _ in read_answer(stage, text, cut=cut)]


def test_all_of_an_answer_or_nothing() -> None:
    whole = Stage("say", prompt="x", writes="answer", cleans=("[END]",))
    assert columns(whole, " yes [END]") == [{"answer": "yes"}]
    assert columns(whole, "[END]") == []
    assert columns(whole, "yes", cut=True) == []


def test_every_match_is_a_row_where_many_are_wanted() -> None:
    text = "Here:\n1. Who?\n2. When?\n3. "
    assert columns(LISTED, text) == [{"question": "Who?"}, {"question": "When?"}]
    assert columns(replace(LISTED, many=0), text) == [{"question": "Who?"}]
    assert [piece for _, piece in read_answer(LISTED, text)] == ["1. Who?", "2. When?"]


def test_a_match_that_was_cut_off_is_left_out() -> None:
    assert columns(LISTED, "1. Who?\n2. Whe", cut=True) == [{"question": "Who?"}]
    assert columns(LISTED, "1. Who?\n2. When?\n", cut=True) == [{"question": "Who?"}]
    assert columns(LISTED, "1. Who?\nand so on", cut=True) == [{"question": "Who?"}]


def test_numbered_groups_become_the_columns_named() -> None:
    stage = Stage("ask", prompt="x", parse=r"Q(.*?)A(.*?)(?=Q|$)", into=("question", "response"), many=2, cleans=("!",))
    assert columns(stage, "Q1 A 2!\nQ3A4") == [{"question": "1", "response": "2"}, {"question": "3", "response": "4"}]
    assert columns_of(stage) == ("question", "response")
    plain = Stage("ask", prompt="x", parse=r"\w+", into=("word",), many=2)
    assert columns(plain, "a b") == [{"word": "a"}, {"word": "b"}]


def test_tags_are_paired_in_their_order_and_the_rest_is_left() -> None:
    text = "[Q]1[/Q][A]2[/A] [Q]3[/Q] [A] 4\n[/A] [Q]5[/Q]"
    assert columns(TAGGED, text) == [{"q": "1", "a": "2"}, {"q": "3", "a": "4"}]
    assert columns(TAGGED, "[Q]1[/Q] [A]2") == []
    assert columns(TAGGED, "[Q][/Q][A]2[/A]") == [], "an empty column makes no row"


def test_a_critic_needs_what_is_judged_by() -> None:
    assert columns(JUDGED, "W; S2;") == [{"why": "", "score": "2"}]
    assert columns(JUDGED, "W so; Shigh;") == []
    assert columns(JUDGED, "S2;") == []


def test_columns_are_known_before_any_answer() -> None:
    assert columns_of(LISTED) == ("question",)
    assert columns_of(TAGGED) == ("q", "a")
