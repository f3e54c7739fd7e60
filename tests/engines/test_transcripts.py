import pytest

from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.engines.transcripts import Transcripts
from workbench.errors import ConflictError, NotFoundError, OptionsError, RecordError
from workbench.workspace import Workspace

TALK = Transcript((Turn("Who?", {"base": Answer("I.")}),), {"base": "a folder"})


@pytest.fixture
def kept(workspace: Workspace) -> Transcripts:
    return Transcripts(workspace)


def test_what_is_kept_is_read_again(kept: Transcripts, workspace: Workspace) -> None:
    assert kept.add("demo", TALK) == "demo"
    assert kept.load("demo") == TALK
    assert (workspace.chats / "demo.md").read_text("utf-8") == TALK.markdown("demo")


def test_nothing_is_ever_overwritten(kept: Transcripts) -> None:
    other = TALK.with_turn(Turn("Why?", {"base": Answer("So.")}))
    assert [kept.add("demo", one) for one in (TALK, other, TALK)] == ["demo", "demo-2", "demo-3"]
    assert (kept.load("demo"), kept.load("demo-2")) == (TALK, other)
    long = "n" * 64
    assert [kept.add(long, TALK) for _ in range(2)] == [long, f"{'n' * 58}-2"]


@pytest.mark.parametrize("name", ["", "../up", ".hidden", "a b", "n" * 65])
def test_a_name_is_one_of_a_file(kept: Transcripts, name: str) -> None:
    with pytest.raises(OptionsError, match="cannot be the name of a chat"):
        kept.add(name, TALK)


def test_a_session_grows_on_the_disk(kept: Transcripts) -> None:
    with kept.hold("long") as session:
        assert session.transcript == Transcript()
        assert kept.names() == [], "an empty one is not kept"
        session.keep(TALK)
        assert kept.load("long") == TALK
    with kept.hold("long") as session:
        session.keep(session.transcript.with_turn(Turn("Why?", {})))
    assert kept.load("long").questions == ("Who?", "Why?")


def test_a_session_is_open_once(kept: Transcripts) -> None:
    with (
        kept.hold("long"),
        pytest.raises(ConflictError, match="the chat long is open in another program"),
        kept.hold("long"),
    ):
        pass
    with kept.hold("long"):
        pass


def test_the_overview_begins_with_the_last(kept: Transcripts) -> None:
    assert kept.overview() == []
    kept.add("early", TALK)
    kept.add("late", TALK)
    with kept.hold("early") as session:
        session.keep(TALK.with_turn(Turn("Why?", {})))
    assert [one.name for one in kept.overview()] == ["early", "late"]
    record = kept.overview()[0].to_record()
    assert record.pop("changed")
    assert record == {"name": "early", "turns": 2, "models": ["base"], "begins": "Who?"}


def test_one_that_is_not_there_or_broken_is_named(kept: Transcripts, workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="there is no chat called x") as caught:
        kept.load("x")
    assert caught.value.hint == "there are: none yet"
    workspace.chats.mkdir()
    for text in ("[]", "{}", '{"changed_at": 1, "transcript": {"turns": [1], "models": {}}}'):
        (workspace.chats / "x.json").write_text(text)
        with pytest.raises(RecordError, match=r"x\.json: not a chat"):
            kept.load("x")
    (workspace.chats / "x.json").write_text("{")
    with pytest.raises(RecordError, match="not JSON"):
        kept.load("x")
