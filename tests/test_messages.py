import pytest

from workbench.errors import RecordError
from workbench.messages import assistant, first_user, last_assistant, system, user

TALK = [system("Be brief."), user("Who?"), assistant("Me."), user("When?"), assistant("Now.")]


def test_a_conversation_has_a_beginning_and_an_end() -> None:
    assert TALK[0] == {"role": "system", "content": "Be brief."}
    assert first_user(TALK) == "Who?"
    assert last_assistant(TALK) == "Now."


def test_a_conversation_without_an_answer_is_refused() -> None:
    with pytest.raises(RecordError, match="no message of the assistant"):
        last_assistant([user("Who?")])
