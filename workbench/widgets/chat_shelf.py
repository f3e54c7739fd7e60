"""Where a chat is saved, and taken up again."""

from collections.abc import Callable
from html import escape
from typing import Any

from workbench.engines.transcripts import Transcripts
from workbench.errors import UsageError, WorkbenchError, explain
from workbench.widgets.field import column, html, row, set_html
from workbench.widgets.panel import button, dropdown, live

# Does it under a name, and says what came of it.
Do = Callable[[str], str]


class ChatShelf:
    """`save` and `load` are called with a chat's name; what they say, or what is wrong, stands below."""

    def __init__(self, kept: Transcripts, save: Do, load: Do) -> None:
        import ipywidgets

        self._kept = kept
        self.name = ipywidgets.Text("chat", description="Name:", style={"description_width": "initial"})
        self.saved = dropdown("Saved chats:", kept.names(), None)
        self.save, self.load = button("Save"), button("Load")
        self.save.on_click(lambda pressed: self._do(save, self.name.value.strip()))
        self.load.on_click(lambda pressed: self._do(load, self.saved.value))
        self.said = html(live(""))
        self.widget: Any = column([row([self.name, self.save, self.saved, self.load]), self.said])

    def _do(self, what: Do, name: str | None) -> None:
        try:
            if name is None:
                raise UsageError("no chat is chosen", hint="save one, or choose one of the saved chats")
            said = what(name)
        except WorkbenchError as error:
            said = explain(error)
        set_html(self.said, live(f'<div class="workbench-text">{escape(said)}</div>'))
        names = self._kept.names()
        if list(self.saved.options) != names:
            self.saved.options = names
            self.saved.value = None
