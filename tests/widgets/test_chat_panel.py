from typing import Any

import pytest

from workbench.engines.engine import Sampling
from workbench.engines.replies import Asked, Reply
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.engines.transcript import heard as heard_by
from workbench.errors import ContextError
from workbench.widgets.chat_panel import ALL, ChatPanel

TRANSCRIPT = Transcript((Turn("Who?", {"base": Answer("I."), "trained": Answer("You.")}),))


class Chat:
    """Says how much it has in view."""

    names = ("base", "trained")
    sampling, seed = Sampling(), 0

    def start(self, asked: Asked) -> Reply:
        reply = Reply(asked)
        if asked.question == "too much":
            reply._answer.set_exception(ContextError("the request does not fit", hint="start over"))
        else:
            number = len(heard_by(asked.before, asked.name)) + 1
            reply._answer.set_result(Answer(f"{asked.name} <{number}> {asked.question}"))
        return reply


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
