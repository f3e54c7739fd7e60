from typing import Any

import pytest

from workbench.engines.chat import Transcript
from workbench.errors import ContextError
from workbench.widgets.chat_panel import ALL, ChatPanel

TRANSCRIPT = Transcript(("Who?",), {"base": ("I.",), "trained": ("You.",)})


class Recorder:
    """Stands in for a conversation: counts what it has in view."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard = 0

    def say(self, text: str) -> str:
        if text == "too much":
            raise ContextError("the request does not fit", hint="start over")
        self.heard += 1
        return f"{self.name} <{self.heard}> {text}"

    def forget(self) -> None:
        self.heard = 0


class Chat:
    names = ("base", "trained")

    def conversation(self, name: str) -> Recorder:
        return Recorder(name)


@pytest.fixture
def panel() -> ChatPanel:
    chat: Any = Chat()
    return ChatPanel(chat, TRANSCRIPT)


def controls(panel: ChatPanel) -> tuple[Any, Any, Any, Any, Any, Any]:
    page, text, choosers, pressers = panel.widget.children
    return page, text, *choosers.children, *pressers.children


def test_a_message_goes_to_all_models(panel: ChatPanel) -> None:
    page, text, _, _, send, _ = controls(panel)
    assert "Nothing was said here yet" in page.value
    text.value = "hello"
    send.click()
    assert panel.value == [("you", "hello"), ("base", "base <1> hello"), ("trained", "trained <1> hello")]
    assert text.value == ""
    assert "<b>trained:</b> trained &lt;1&gt; hello" in page.value


def test_one_model_and_a_memory_can_be_chosen(panel: ChatPanel) -> None:
    _, text, to, remember, send, _ = controls(panel)
    assert to.value == ALL
    to.value, remember.value = "trained", True
    for message in ("one", "two"):
        text.value = message
        send.click()
    assert panel.value[-2:] == [("you", "two"), ("trained", "trained <2> two")]
    remember.value = False
    text.value = "three"
    send.click()
    assert panel.value[-1] == ("trained", "trained <1> three")


def test_an_empty_message_is_not_sent(panel: ChatPanel) -> None:
    controls(panel)[4].click()
    assert panel.value == []


def test_an_error_is_said_in_the_chat(panel: ChatPanel) -> None:
    panel.say("too much", "base")
    assert panel.value[-1] == ("base", "(the request does not fit\nhint: start over)")


def test_starting_over_forgets(panel: ChatPanel) -> None:
    panel.say("hello")
    page, *_, again = controls(panel)
    again.click()
    assert panel.value == []
    assert "Nothing was said" in page.value


def test_the_static_form_is_the_transcript(panel: ChatPanel) -> None:
    assert panel.html() == TRANSCRIPT._repr_html_()
    panel.say("hello", "base")
    assert "<b>base:</b> base &lt;1&gt; hello" in panel.html()
    assert panel.text() == "user: Who?\nbase: I.\ntrained: You.\n\nyou: hello\n\nbase: base <1> hello"


def test_every_control_has_a_label(panel: ChatPanel) -> None:
    assert [control.description for control in controls(panel)[1:]] == [
        *("Your message:", "Model:", "Keep earlier messages in view", "Send", "Start over")
    ]
