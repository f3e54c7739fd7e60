import pytest

from workbench.engines.transcript import Transcript
from workbench.engines.transcripts import Transcripts
from workbench.errors import UsageError
from workbench.widgets.chat_shelf import ChatShelf
from workbench.workspace import Workspace


@pytest.fixture
def kept(workspace: Workspace) -> Transcripts:
    return Transcripts(workspace)


def test_a_saved_chat_can_be_chosen_and_loaded(kept: Transcripts) -> None:
    loaded: list[str] = []

    def load(name: str) -> str:
        loaded.append(name)
        return "Loaded it"

    shelf = ChatShelf(kept, lambda name: f"Saved as {kept.add(name, Transcript())}", load)
    shelf.name.value = " mine "
    shelf.save.click()
    assert "Saved as mine" in shelf.said.value
    assert shelf.saved.options == ("mine",)
    shelf.load.click()
    assert "no chat is chosen" in shelf.said.value
    shelf.saved.value = "mine"
    shelf.load.click()
    assert loaded == ["mine"]
    assert "Loaded it" in shelf.said.value


def test_what_is_wrong_is_said(kept: Transcripts) -> None:
    def save(name: str) -> str:
        raise UsageError("<no>", hint="say something")

    shelf = ChatShelf(kept, save, save)
    shelf.save.click()
    assert "&lt;no&gt;\nhint: say something" in shelf.said.value


def test_every_control_has_a_label(kept: Transcripts) -> None:
    shelf = ChatShelf(kept, str, str)
    labels = [control.description for control in (shelf.name, shelf.saved, shelf.save, shelf.load)]
    assert labels == ["Name:", "Saved chats:", "Save", "Load"]
