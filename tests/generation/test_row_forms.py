import json
from typing import Any

import pytest

from workbench.generation.row_forms import conversation
from workbench.messages import assistant, system, user

TURNS = (user("Who?"), assistant("She."))


def test_rows_of_messages_come_as_they_are() -> None:
    given = {
        "messages": [system("s"), *TURNS, *TURNS],
        "metadata": '{"leaf": "knowledge/a"}',
        "unmask": True,
        "id": "1",
    }
    row = conversation(given)
    assert row.messages == (system("s"), *TURNS, *TURNS)
    assert (row.unmask, row.metadata) == (True, {"leaf": "knowledge/a"})
    assert (row.asked, row.answered) == ("Who?", "She.")


@pytest.mark.parametrize(
    "text",
    [
        "<|user|>\nWho?\n<|assistant|>\nShe.",
        "<|user|>\nWho?\n<|assistant|>\nShe.<|endoftext|>",
        "<|start_of_role|>user<|end_of_role|>Who?<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>She.<|end_of_text|>",
    ],
)
def test_pretraining_rows_of_earlier_releases_are_conversations_learned_whole(text: str) -> None:
    row = conversation({"messages": [system("s"), {"role": "pretraining", "content": text}]})
    assert row.messages == (system("s"), *TURNS)
    assert row.unmask


def test_pairs_and_three_columns_are_read_too() -> None:
    assert conversation({"system": "s", "user": "Who?", "assistant": "She."}).messages == (system("s"), *TURNS)
    assert conversation({"system": "", "user": "Who?", "assistant": "She."}).messages == TURNS
    grounded = conversation({"question": "Who?", "answer": "She.", "context": "Text.", "kind": "grounded"})
    assert grounded.asked == "Text.\n\nWho?"
    knowledge = conversation(
        {"question": "Who?", "answer": "She.", "context": "Text.", "kind": "knowledge", "leaf": "l"}
    )
    assert knowledge.messages == TURNS
    assert knowledge.metadata == {"raw_document": "Text.", "kind": "knowledge", "leaf": "l"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "neither `messages` nor"),
        ({"question": "Who?"}, "neither `messages` nor"),
        ({"question": 3, "answer": "x"}, "`question` is no text"),
        ({"messages": []}, "no list of messages"),
        ({"messages": "x"}, "no list of messages"),
        ({"messages": ["x"]}, "message 1 is no object"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "has the role 'robot'"),
        ({"messages": [{"role": "user", "content": None}]}, "message 1 has no text"),
        ({"messages": [assistant("x")]}, "nobody asks"),
        ({"messages": [user("x")]}, "does not end with a message of the assistant"),
        ({"messages": [*TURNS, system("s"), assistant("x")]}, "stands behind others"),
        ({"messages": list(TURNS), "unmask": "yes"}, "neither true nor false"),
        ({"messages": [{"role": "pretraining", "content": "Who? She."}]}, "mark of a role"),
        ({"messages": [{"role": "pretraining", "content": "x <|user|>\nWho?"}]}, "mark of a role"),
        ({"messages": [{"role": "pretraining", "content": "<|user|>\nWho?"}]}, "does not end with"),
    ],
)
def test_a_row_of_no_form_says_why(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        conversation(row)


@pytest.mark.parametrize("given", ["not json", "[1]", json.dumps("x"), 7])
def test_metadata_of_another_form_is_kept_as_a_note(given: object) -> None:
    assert list(conversation({"messages": list(TURNS), "metadata": given}).metadata) == ["note"]


def test_another_system_message_takes_the_place_of_the_first() -> None:
    row = conversation({"messages": [system("old"), *TURNS]})
    assert row.under("new").messages == (system("new"), *TURNS)
    assert row.under("") is row
