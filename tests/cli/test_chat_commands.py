from collections.abc import Iterator

import pytest

from tests.engines.tellers import Teller, chatting
from workbench.cli.chat_commands import COMMANDS, obey
from workbench.cli.chat_talk import Talk
from workbench.errors import NotFoundError, OptionsError, UsageError
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

LEAF = "knowledge/engineering/lighthouses"
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def talk(workspace: Workspace) -> Iterator[Talk]:
    with chatting({"base": Teller("I."), "trained": Teller("You.")}, workspace) as chat, Talk(chat) as talk:
        yield talk


def test_help_lists_every_command(talk: Talk, capsys: Captured) -> None:
    assert obey(talk, "/help")
    shown = capsys.readouterr().err
    assert all(name in shown for name in (*COMMANDS, "/quit"))
    assert not obey(talk, "/quit")
    with pytest.raises(UsageError, match="there is no command /nothing"):
        obey(talk, "/nothing")


def test_sessions_are_begun_saved_and_gone_on_with(talk: Talk, capsys: Captured) -> None:
    obey(talk, "/new one")
    talk.say("hello")
    obey(talk, "/save")
    assert "Saved as one-2: " in capsys.readouterr().err
    obey(talk, "/new")
    assert (talk.session, talk.turns) == ("", ())
    obey(talk, "/load one")
    assert "one has 1 turns so far." in capsys.readouterr().err
    with pytest.raises(UsageError, match="there is a session one-2 already"):
        obey(talk, "/new one-2")
    with pytest.raises(NotFoundError, match="there is no session two"):
        obey(talk, "/load two")
    assert talk.session == "one"


def test_a_passage_is_chosen_shown_and_removed(talk: Talk, capsys: Captured) -> None:
    taxonomy = lay_out_sample(talk.chat.workspace)
    obey(talk, "/context")
    assert LEAF in capsys.readouterr().err
    obey(talk, f"/context {LEAF}")
    assert "2. context 2" in capsys.readouterr().err
    assert talk.context == ""
    obey(talk, f"/context {LEAF} 2")
    assert talk.context == taxonomy.leaf(LEAF).qna().seed_examples[1].context.strip()
    assert talk.say("hello").context == talk.context
    with pytest.raises(UsageError, match="there is no passage 99"):
        obey(talk, f"/context {LEAF} 99")
    obey(talk, "/context off")
    assert talk.context == ""


def test_who_answers_and_how(talk: Talk, capsys: Captured) -> None:
    obey(talk, "/model trained")
    assert "base (silent): base.gguf" in capsys.readouterr().err
    obey(talk, "/temperature 0.7")
    obey(talk, "/seed 9")
    assert (talk.names, talk.sampling.temperature, talk.seed) == (["trained"], 0.7, 9)
    capsys.readouterr()
    for line in ("/temperature", "/seed"):
        obey(talk, line)
    assert capsys.readouterr().err == "The temperature is 0.7.\nThe seed is 9.\n"


@pytest.mark.parametrize("line", ["/temperature 9", "/temperature warm", "/seed -1", "/seed 1.5"])
def test_a_value_that_cannot_be_is_refused(talk: Talk, line: str) -> None:
    with pytest.raises((OptionsError, UsageError)):
        obey(talk, line)
