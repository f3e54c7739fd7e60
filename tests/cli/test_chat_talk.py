from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import click
import pytest

from tests.engines.tellers import Teller, chatting
from workbench.cli.chat_talk import Talk
from workbench.engines.chat import Chat
from workbench.engines.transcript import Answer
from workbench.engines.transcripts import Transcripts
from workbench.errors import ConflictError, NotFoundError
from workbench.workspace import Workspace


@pytest.fixture
def tellers() -> dict[str, Teller]:
    return {"base": Teller("I", " do."), "trained": Teller("You.")}


@pytest.fixture
def chat(tellers: dict[str, Teller], workspace: Workspace) -> Iterator[Chat]:
    with chatting(tellers, workspace) as chat:
        yield chat


def test_a_session_gets_a_name_once_something_was_said(chat: Chat, workspace: Workspace) -> None:
    with Talk(chat) as talk:
        assert talk.session == ""
        talk.say("hello")
        assert talk.session.startswith("chat-2")
        talk.say("again")
        assert Transcripts(workspace).load(talk.session).questions == ("hello", "again")


def test_an_older_session_is_let_go_for_another(chat: Chat, workspace: Workspace) -> None:
    with Talk(chat) as talk:
        talk.begin("one")
        talk.say("hello")
        talk.begin("two")
        assert talk.turns == ()
        with Transcripts(workspace).hold("one"), pytest.raises(ConflictError):
            talk.begin("one")
        assert talk.session == "two", "what cannot be opened leaves the session as it was"
        talk.begin("one")
        assert talk.kept.load("one").turns == talk.turns != ()


def test_ctrl_c_stops_the_answers_and_not_the_program(
    chat: Chat, tellers: dict[str, Teller], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = click.echo

    def interrupted(text: str = "", **how: Any) -> None:
        if text == "on":
            raise KeyboardInterrupt
        echo(text, **how)

    monkeypatch.setattr(click, "echo", interrupted)
    tellers["base"].pieces = chain(["on"], repeat(" and on"))
    with Talk(chat) as talk:
        turn = talk.say("hello")
        assert turn.answers["base"].end == "cancelled"
        assert list(turn.answers) == ["base"], "the others are not asked any more"
        assert "(stopped)" in capsys.readouterr().err
        tellers["base"].pieces = ("Yes.",)
        assert talk.say("again").answers["base"] == Answer("Yes.")


def test_one_model_answers_or_all(chat: Chat) -> None:
    with Talk(chat) as talk:
        talk.choose("trained")
        assert list(talk.say("hello").answers) == ["trained"]
        talk.choose("all")
        assert list(talk.say("hello").answers) == ["base", "trained"]
        with pytest.raises(NotFoundError):
            talk.choose("nothing")


def test_a_copy_is_saved(chat: Chat, workspace: Workspace) -> None:
    with Talk(chat, keeping=False) as talk:
        with pytest.raises(NotFoundError, match="nothing was said here yet"):
            talk.save("copy")
        talk.say("hello")
        assert [talk.save("copy"), talk.save("copy")] == ["copy", "copy-2"]
        assert Transcripts(workspace).names() == ["copy", "copy-2"]
