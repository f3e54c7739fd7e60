import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.tellers import Teller, chatting
from workbench.cli.main import answer
from workbench.engines import chat as module
from workbench.engines.chat import Chat
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.engines.transcripts import Transcripts
from workbench.workspace import Workspace

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def tellers() -> dict[str, Teller]:
    return {"base": Teller("I", " do."), "trained": Teller("You.")}


@pytest.fixture(autouse=True)
def chat(monkeypatch: pytest.MonkeyPatch, tellers: dict[str, Teller], workspace: Workspace) -> Iterator[Chat]:
    """Opening a chat gives this one."""
    with chatting(tellers, workspace) as chat:
        monkeypatch.setattr(module, "Chat", lambda *given: chat)
        monkeypatch.setattr(chat, "close", lambda: None)
        yield chat


def lines(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_questions_are_answered_one_by_one(chat: Chat, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def ask(questions: Any) -> Transcript:
        return Transcript(tuple(Turn(question, {"base": Answer(question.upper())}) for question in questions))

    monkeypatch.setattr(chat, "ask", ask)
    assert answer(["model", "chat", "--question", "who?", "--question", "when?"]) == 0
    assert capsys.readouterr().out == "user: who?\nbase: WHO?\n\nuser: when?\nbase: WHEN?\n"
    assert answer(["chat", "--question", "who?", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"questions": ["who?"], "answers": {"base": ["WHO?"]}}


@pytest.mark.parametrize(("flag", "view"), [("--remember", 3), ("--no-remember", 1)])
def test_lines_are_a_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tellers: dict[str, Teller], flag: str, view: int
) -> None:
    lines(monkeypatch, "a\n\nb\n")
    assert answer(["model", "chat", flag]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["base: I do.", "trained: You."] * 2
    assert err == ""
    assert len(tellers["base"].requests[-1].messages) == view


def test_a_session_is_gone_on_with_and_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tellers: dict[str, Teller], workspace: Workspace
) -> None:
    lines(monkeypatch, "first\n")
    assert answer(["model", "chat", "--session", "mine"]) == 0
    lines(monkeypatch, "second\n")
    assert answer(["model", "chat", "--session", "mine"]) == 0
    assert "mine: 1 turns so far." in capsys.readouterr().err
    said = [message["content"] for message in tellers["base"].requests[-1].messages]
    assert said == ["first", "I do.", "second"]
    assert answer(["model", "chat", "--session", "mine", "--question", "third"]) == 0
    assert Transcripts(workspace).load("mine").questions == ("first", "second", "third")
    capsys.readouterr()
    assert answer(["model", "chat", "--list-sessions"]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("mine  20")
    assert listed.endswith("3 turns  first\n")
    assert answer(["model", "chat", "--list-sessions", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["models"] == ["base", "trained"]


def test_lines_of_a_pipe_are_kept_only_where_a_session_is_named(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, capsys: Captured
) -> None:
    lines(monkeypatch, "a\n")
    assert answer(["model", "chat"]) == 0
    assert Transcripts(workspace).names() == []
    assert answer(["model", "chat", "--list-sessions"]) == 0
    assert capsys.readouterr().err == "No session was kept yet.\n"


def test_what_fails_is_said_and_what_was_said_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tellers: dict[str, Teller], workspace: Workspace
) -> None:
    tellers["base"].most = 0
    lines(monkeypatch, "a\n/nothing\nb\n")
    assert answer(["model", "chat", "--session", "mine"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["base: ", "trained: You."] * 2
    assert err.count("error: the request does not fit\nhint: shorten it\n") == 2
    assert "error: there is no command /nothing\nhint: /help lists them\n" in err
    assert Transcripts(workspace).load("mine").answers["trained"] == ("You.", "You.")


def test_quit_ends_it_before_the_input_does(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    lines(monkeypatch, "/quit\nhello\n")
    assert answer(["model", "chat"]) == 0
    assert capsys.readouterr().out == ""


def test_a_session_that_is_open_elsewhere_is_refused(workspace: Workspace, capsys: Captured) -> None:
    with Transcripts(workspace).hold("mine"):
        assert answer(["model", "chat", "--session", "mine", "--question", "a"]) == 2
    assert "the chat mine is open in another program" in capsys.readouterr().err


def test_a_conversation_is_one_object_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tellers: dict[str, Teller], workspace: Workspace
) -> None:
    assert answer(["model", "chat", "--session", "mine", "--question", "a", "--output", "json"]) == 0
    answers = {"base": ["I do."], "trained": ["You."]}
    found = json.loads(capsys.readouterr().out)
    assert found == {"session": "mine", "questions": ["a"], "answers": answers}
    lines(monkeypatch, "b\n/seed\n")
    assert answer(["model", "chat", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"questions": ["b"], "answers": answers}
    tellers["base"].most = 0
    assert answer(["model", "chat", "--session", "mine", "--question", "c", "--output", "json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["answers"] == {"base": [""], "trained": ["You."]}
    assert "error: the request does not fit" in err


def test_on_a_terminal_json_needs_its_questions(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert answer(["model", "chat", "--output", "json"]) == 2
    assert "give --question" in capsys.readouterr().err
