from typing import Any

import pytest

from workbench.widgets.chat_composer import composer


@pytest.mark.parametrize("takes", [True, False])
def test_a_text_is_emptied_once_it_was_taken(monkeypatch: pytest.MonkeyPatch, takes: bool) -> None:
    heard: list[str] = []
    sent: list[Any] = []

    def say(text: str) -> bool:
        heard.append(text)
        return takes

    widget = composer(say)
    monkeypatch.setattr(type(widget), "send", lambda self, content: sent.append(content))
    widget._handle_custom_msg({"say": "hello"}, [])
    assert heard == ["hello"]
    assert sent == ([{"taken": "hello"}] if takes else [])


def test_anything_else_is_passed_over() -> None:
    widget = composer(lambda text: pytest.fail("nothing was said"))
    for content in ({}, {"say": 1}, "say"):
        widget._handle_custom_msg(content, [])
