import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.tellers import Teller, chatting
from workbench.engines.chat import Chat
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.engines.transcripts import Transcripts
from workbench.errors import NotFoundError, UsageError
from workbench.widgets.chat_panel import ALL, ChatPanel
from workbench.workspace import Workspace

TRANSCRIPT = Transcript((Turn("Who?", {"base": Answer("I."), "trained": Answer("You.")}),))


@pytest.fixture
def tellers() -> dict[str, Teller]:
    return {"base": Teller("I", " <do>."), "trained": Teller("You.")}


@pytest.fixture
def chat(tellers: dict[str, Teller], workspace: Workspace) -> Iterator[Chat]:
    with chatting(tellers, workspace) as chat:
        yield chat


@pytest.fixture
def panel(chat: Chat) -> ChatPanel:
    return ChatPanel(chat, TRANSCRIPT)


class Controls:
    """The parts of the widget as a person meets them."""

    def __init__(self, panel: ChatPanel) -> None:
        _, _, log, self.composer, keys, settings, self.chooser, self.shelf = panel.widget.children
        self.past, self.now = log.children[0].children
        self.stop, self.again, self.status = keys.children
        self.to, self.temperature, self.seed, self.remember = settings.children


def said(panel: ChatPanel, text: str, to: str = ALL) -> Turn:
    assert panel.say(text, to)
    panel.wait()
    return panel.value.turns[-1]


def test_a_message_goes_to_all_models(panel: ChatPanel) -> None:
    controls = Controls(panel)
    assert "Nothing was said here yet" in controls.past.value
    controls.composer._handle_custom_msg({"say": " hello "}, [])
    panel.wait()
    assert panel.value.turns == (Turn("hello", {"base": Answer("I <do>."), "trained": Answer("You.")}),)
    assert "I &lt;do&gt;." in controls.past.value
    assert controls.now.value == ""
    assert "trained: You." in controls.status.value


def test_words_appear_while_they_are_drawn(panel: ChatPanel, tellers: dict[str, Teller]) -> None:
    half, go_on = threading.Event(), threading.Event()

    def pieces() -> Iterator[str]:
        yield "half "
        half.set()
        go_on.wait(60)
        yield "way"

    tellers["base"].pieces = pieces()
    controls = Controls(panel)
    assert panel.say("hello")
    assert half.wait(60)
    try:
        for _ in range(600):
            if "half" in controls.now.value:
                break
            time.sleep(0.1)
        assert '<section aria-label="base" aria-busy="true"><h5>base</h5><div class="workbench-text">half' in (
            controls.now.value
        )
        assert 'aria-busy="true"' in controls.now.value
        assert controls.composer.busy
        assert not controls.stop.disabled
        assert not panel.say("another"), "one message at a time"
        with pytest.raises(UsageError, match="an answer is on its way"):
            panel.start_over()
    finally:
        go_on.set()
    panel.wait()
    assert not controls.composer.busy
    assert controls.stop.disabled
    assert panel.value.answers["base"] == ("half way",)


def test_stop_ends_all_answers(panel: ChatPanel, tellers: dict[str, Teller]) -> None:
    begun = threading.Event()

    def endless() -> Iterator[str]:
        while True:
            yield "on "
            begun.set()

    for teller in tellers.values():
        teller.pieces = endless()
    controls = Controls(panel)
    panel.say("hello")
    assert begun.wait(60)
    controls.stop.click()
    panel.wait()
    assert {answer.end for answer in panel.value.turns[0].answers.values()} == {"cancelled"}


def test_one_model_and_a_memory_can_be_chosen(panel: ChatPanel, tellers: dict[str, Teller]) -> None:
    controls = Controls(panel)
    assert not controls.remember.value
    controls.remember.value = True
    said(panel, "one")
    said(panel, "two", "trained")
    assert [message["content"] for message in tellers["trained"].requests[-1].messages] == ["one", "You.", "two"]
    assert len(tellers["base"].requests) == 1
    controls.remember.value = False
    said(panel, "three", "trained")
    assert len(tellers["trained"].requests[-1].messages) == 1
    with pytest.raises(NotFoundError):
        panel.say("four", "nobody")
    assert said(panel, "four").question == "four"


def test_temperature_and_seed_go_with_the_message(panel: ChatPanel, tellers: dict[str, Teller]) -> None:
    controls = Controls(panel)
    controls.temperature.value, controls.seed.value = 0.7, 9
    said(panel, "hello")
    request = tellers["base"].requests[-1]
    assert (request.sampling.temperature, request.seed) == (0.7, 9)


def test_a_passage_stands_in_front(chat: Chat, tellers: dict[str, Teller], taxonomy: object) -> None:
    panel = ChatPanel(chat, TRANSCRIPT)
    leaf, _, remove = Controls(panel).chooser.children[0].children
    leaf.value = "knowledge/geography/islands"
    text = panel.context
    assert said(panel, "hello").context == text != ""
    assert tellers["base"].requests[-1].messages[0]["content"] == f"{text}\n\nhello"
    remove.click()
    assert said(panel, "hello").context == ""


def test_an_error_is_said_in_its_column(panel: ChatPanel, tellers: dict[str, Teller]) -> None:
    tellers["base"].most = 0
    controls = Controls(panel)
    said(panel, "hello")
    assert "the request does not fit\nhint: shorten it" in controls.past.value
    assert panel.value.answers["trained"] == ("You.",)


def test_an_empty_message_is_not_sent(panel: ChatPanel) -> None:
    assert not panel.say("  \n")
    assert panel.value.turns == ()


def test_a_chat_is_saved_and_taken_up_again(panel: ChatPanel, workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="nothing was said here yet"):
        panel.save("mine")
    said(panel, "hello")
    told = panel.save("mine")
    assert str(workspace.chats / "mine.md") in told
    assert "mine-2" in panel.save("mine")
    kept = Transcripts(workspace).load("mine")
    assert kept.models == {"base": "base.gguf", "trained": "trained.gguf"}
    controls = Controls(panel)
    controls.again.click()
    assert panel.value.turns == ()
    panel.load("mine")
    assert panel.value.turns == kept.turns
    assert "hello" in controls.past.value
    panel.remember = True
    assert len(said(panel, "again").answers) == 2


def test_the_static_form_is_the_transcript(panel: ChatPanel) -> None:
    assert panel.html() == TRANSCRIPT._repr_html_()
    assert panel.text() == "user: Who?\nbase: I.\ntrained: You."
    said(panel, "hello", "base")
    assert "I &lt;do&gt;." in panel.html()
    assert panel.text().endswith("\n\nuser: hello\nbase: I <do>.")


def test_every_control_has_a_label(panel: ChatPanel) -> None:
    controls = Controls(panel)
    named: list[Any] = [controls.stop, controls.again, controls.to, controls.temperature, controls.seed]
    assert [control.description for control in [*named, controls.remember]] == [
        *("Stop", "Start over", "To:", "Temperature:", "Seed:", "Keep earlier messages in view")
    ]
