import io
import json
from collections.abc import Sequence

import pytest

from workbench.cli.main import answer
from workbench.engines import chat as module
from workbench.engines.engine import Sampling
from workbench.engines.replies import Asked, Reply
from workbench.engines.transcript import Answer, Transcript, Turn


class Chat:
    names = ("base", "trained")
    sampling, seed = Sampling(), 0
    closed = False

    def __init__(self, *arguments: object) -> None: ...

    def ask(self, questions: Sequence[str]) -> Transcript:
        return Transcript(tuple(Turn(question, {"base": Answer(question.upper())}) for question in questions))

    def start(self, asked: Asked) -> Reply:
        reply = Reply(asked)
        reply._answer.set_result(Answer(f"{len(asked.before) + 1}. {asked.question}"))
        return reply

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
