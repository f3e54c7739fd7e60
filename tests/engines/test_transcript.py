import pytest

from workbench.engines.transcript import Answer, Transcript, Turn, heard, in_front, messages
from workbench.messages import assistant, user

TALK = Transcript(
    (
        Turn("Who?", {"base": Answer("I <do>."), "trained": Answer("You.")}),
        Turn("When?", {"trained": Answer("No", "length", 1)}, "A passage."),
        Turn("Why?", {"base": Answer("", "failed", error="it is gone"), "trained": Answer("So.")}, "A passage."),
    ),
    {"base": "a folder", "trained": "a file"},
)


def test_names_questions_and_answers_are_those_of_the_turns() -> None:
    assert TALK.names == ("base", "trained")
    assert TALK.questions == ("Who?", "When?", "Why?")
    assert TALK.answers == {"base": ("I <do>.", "", ""), "trained": ("You.", "No", "So.")}


def test_a_record_gives_the_same_again() -> None:
    assert Transcript.from_record(TALK.to_record()) == TALK
    assert TALK.to_record()["turns"][0]["answers"]["base"] == {"text": "I <do>.", "end": "stop"}
    with pytest.raises(KeyError):
        Transcript.from_record({"turns": []})


def test_as_text_it_is_read_from_the_top() -> None:
    assert str(Transcript(TALK.turns[:1])) == "user: Who?\nbase: I <do>.\ntrained: You."
    said = repr(TALK).split("\n\n")[1]
    assert said.startswith(
        "passage: A passage.\nuser: When?\ntrained: No\n(cut off at the longest answer allowed)\n(the"
    )
    assert "(it is gone)" in str(TALK)


def test_as_a_page_it_is_a_table_with_everything_escaped() -> None:
    shown = TALK._repr_html_()
    assert '<th scope="col">trained</th>' in shown
    assert "<td>I &lt;do&gt;.</td>" in shown
    assert "<td></td>" in shown, "who was not asked has an empty place"
    assert shown.count("<tr>") == 4


def test_a_page_in_markdown_keeps_every_text_as_it_is() -> None:
    nasty = "# no heading\n```\nnot code's end"
    page = Transcript((Turn(nasty, {"base": Answer("[link](x)")}, "A passage."),), {"base": "a folder"}).markdown(
        "demo"
    )
    assert page.startswith("# demo\n\n- base: a folder\n\n## 1\n\n**passage**\n\n```text\nA passage.\n```\n\n**you**")
    assert f"````text\n{nasty}\n````" in page
    assert page.endswith("**base**\n\n```text\n[link](x)\n```\n")


def test_a_model_has_in_view_what_it_said_itself() -> None:
    assert messages(TALK.turns, "base", "And?") == [user("Who?"), assistant("I <do>."), user("And?")]
    assert [turn.question for turn in heard(TALK.turns, "trained")] == ["Who?", "When?", "Why?"]


def test_a_passage_stands_in_front_once_as_long_as_it_stays() -> None:
    asked = [message["content"] for message in messages(TALK.turns, "trained", "And?", "A passage.")][::2]
    assert asked == ["Who?", in_front("A passage.", "When?"), "Why?", "And?"]
    assert messages(TALK.turns[2:], "trained", "And?", "Another.")[0]["content"] == "A passage.\n\nWhy?"
    assert messages(TALK.turns, "trained", "And?", "Another.")[-1]["content"] == "Another.\n\nAnd?"


def test_remarks_say_what_the_text_does_not() -> None:
    assert Answer("No").remarks == ()
    assert str(Answer("No", "cancelled")) == "No\n(stopped)"
    assert Answer("No", left_out=2).remarks == ("the oldest 2 turns were left out of view to fit the model's context",)
