"""The file's text as it would be saved; where no form can show it, to be mended as text."""

from collections.abc import Callable
from typing import Any

from workbench.taxonomy.qna import FILE_NAME
from workbench.widgets.field import column, html, set_html, text_input
from workbench.widgets.file_view import text_box
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.panel import button

_ROWS = 16


class TextForm:
    """`use` is called with the text that was mended."""

    def __init__(self, use: Callable[[str], None]) -> None:
        self._page = html()
        self.input = text_input("Text of qna.yaml:", _ROWS)
        self.use = button("Take this text")
        self.use.on_click(lambda pressed: use(self.input.value))
        self._mending = column([self.input, self.use])
        self._shown: Any = None
        self.widget = column([self._page, self._mending])

    def show(self, draft: LeafDraft) -> None:
        unreadable = draft.unreadable is not None
        self._mending.layout.display = "" if unreadable else "none"
        self._page.layout.display = "none" if unreadable else ""
        if not unreadable:
            set_html(self._page, text_box(FILE_NAME, draft.text))
        elif self._shown != (id(draft), draft.source):
            self.input.value = draft.source
        self._shown = id(draft), draft.source
