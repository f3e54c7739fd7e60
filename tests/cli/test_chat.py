import io
import json
from collections.abc import Sequence

import pytest

from workbench.cli.main import answer
from workbench.engines import chat as module
from workbench.engines.chat import Transcript


class Conversation:
    def __init__(self) -> None:
        self.heard = 0

    def say(self, text: str) -> str:
        self.heard += 1
        return f"{self.heard}. {text}"

    def forget(self) -> None:
        self.heard = 0


class Chat:
    names = ("base", "trained")
    closed = False

    def __init__(self, *arguments: object) -> None: ...

    def ask(self, questions: Sequence[str]) -> Transcript:
        return Transcript(tuple(questions), {"base": tuple(question.upper() for question in questions)})

    def conversation(self, name: str) -> Conversation:
        return Conversation()

    def close(self) -> None:
        Chat.closed = True


@pytest.fixture(autouse=True)
def chat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Chat", Chat)
    monkeypatch.setattr(Chat, "closed", False)


def test_questions_are_answered_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["model", "chat", "--question", "who?", "--question", "when?"]) == 0
    assert capsys.readouterr().out == "user: who?\nbase: WHO?\n\nuser: when?\nbase: WHEN?\n"
    assert Chat.closed
    assert answer(["model", "chat", "--question", "who?", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"questions": ["who?"], "answers": {"base": ["WHO?"]}}


@pytest.mark.parametrize(("flag", "last"), [("--remember", "2. b"), ("--no-remember", "1. b")])
def test_lines_are_a_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flag: str, last: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nb\n"))
    assert answer(["model", "chat", flag]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["base: 1. a", "trained: 1. a", f"base: {last}", f"trained: {last}"]
    assert err == ""
