"""Choosing a passage of the taxonomy that is put in front of a message."""

from collections.abc import Callable
from html import escape

from workbench.errors import NotFoundError, WorkbenchError, explain
from workbench.taxonomy.passages import Passage, document_passages, seed_passages
from workbench.taxonomy.tree import Taxonomy, read_taxonomy
from workbench.widgets.field import column, html, row, set_html
from workbench.widgets.panel import button, dropdown, live
from workbench.workspace import Workspace

Take = Callable[[str], None]
_NO_LEAF, _NO_PASSAGE = "no leaf", "no passage"
_NOTHING = "This leaf has no passages: its questions stand by themselves."


class PassageChooser:
    """`take` is called with each passage that is chosen, and with an empty text where none is any more; a leaf is read
    when it is asked for."""

    def __init__(self, workspace: Workspace, take: Take) -> None:
        self._workspace, self._take = workspace, take
        self._passages: dict[str, Passage] = {}
        self._problem = ""
        self.leaf = dropdown("Leaf:", [_NO_LEAF, *(leaf.path for leaf in self._taxonomy())], _NO_LEAF)
        self.passage = dropdown("Passage:", [_NO_PASSAGE], _NO_PASSAGE)
        self.remove = button("Remove the passage")
        self.shown = html()
        self.leaf.observe(lambda change: self.open(change["new"]), names="value")
        self.passage.observe(lambda change: self._tell(), names="value")
        self.remove.on_click(lambda pressed: self.clear())
        self.widget = column([row([self.leaf, self.passage, self.remove]), self.shown])
        self._tell()

    def open(self, path: str) -> None:
        """Offers what can be read of a leaf, and says what cannot."""
        found: list[Passage] = []
        self._problem = ""
        if path != _NO_LEAF:
            try:
                leaf = self._taxonomy().leaf(path)
                found += seed_passages(leaf)
                found += document_passages(leaf, self._workspace.cache)
            except WorkbenchError as error:
                self._problem = explain(error)
            self._problem = self._problem or ("" if found else _NOTHING)
        self._passages = {passage.name: passage for passage in found}
        self.passage.options = [_NO_PASSAGE, *self._passages]
        self.passage.value = next(iter(self._passages), _NO_PASSAGE)
        self._tell()

    def clear(self) -> None:
        self.leaf.value = _NO_LEAF

    def _taxonomy(self) -> Taxonomy:
        try:
            return read_taxonomy(self._workspace.taxonomy)
        except NotFoundError:
            return Taxonomy(self._workspace.taxonomy, ())

    def _tell(self) -> None:
        chosen = self._passages.get(self.passage.value)
        text = chosen.text if chosen else ""
        self._take(text)
        self.remove.disabled = not chosen
        shown = f"<b>In front of your message:</b>\n{escape(text)}" if chosen else ""
        parts = [f'<div class="workbench-text">{part}</div>' for part in (escape(self._problem), shown) if part]
        set_html(self.shown, live("".join(parts)))
