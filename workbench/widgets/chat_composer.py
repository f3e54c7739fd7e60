"""Where a message is written: ipywidgets cannot tell Enter from Shift+Enter."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

Say = Callable[[str], bool]


def composer(say: Say) -> Any:
    """A widget that calls `say` with what was written, and is emptied where that answers True; while `busy` it sends
    nothing."""
    widget = _composer_class()()

    def hear(sender: Any, content: Any, buffers: object) -> None:
        text = content.get("say") if isinstance(content, dict) else None
        if isinstance(text, str) and say(text):
            widget.send({"taken": text})

    widget.on_msg(hear)
    return widget


@cache
def _composer_class() -> Any:
    import anywidget
    import traitlets

    class Composer(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("chat_composer.js")
        busy = traitlets.Bool(False).tag(sync=True)

    return Composer
