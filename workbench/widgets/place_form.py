"""Which leaf is edited, or where in the tree a new one is made."""

from collections.abc import Callable
from html import escape
from typing import Any

from workbench.errors import UsageError, explain
from workbench.taxonomy.qna import FOLDERS, Kind
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.field import column, html, row, set_html, watch
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.panel import dropdown, live

NEW = "(a new leaf)"


class PlaceForm:
    """`chosen` is called with the path of a leaf, empty for a new one; `moved` when that one's place changes."""

    def __init__(self, taxonomy: Taxonomy, chosen: Callable[[str], None], moved: Callable[[Kind, str], None]) -> None:
        import ipywidgets

        self._chosen, self._moved = chosen, moved
        self._quiet = False
        self.leaf = dropdown("Leaf:", [NEW], NEW)
        self.kind = dropdown("Kind:", list(FOLDERS.values()), "skill")
        style = {"description_width": "initial"}
        self.path = ipywidgets.Combobox(description="Path in the tree:", style=style, continuous_update=True)
        self.path.placeholder = "for instance writing/letters"
        self.leaf.add_class("workbench-wide")
        self.path.add_class("workbench-wide")
        self.head, self.note = html(), html()
        self.new = row([self.kind, self.path])
        self.widget = column([self.head, self.leaf, self.new, self.note])
        watch(self.leaf, "value", self._choose, lambda: self._quiet)
        for control in (self.kind, self.path):
            watch(control, "value", self._move, lambda: self._quiet)
        self.offer(taxonomy)

    def offer(self, taxonomy: Taxonomy) -> None:
        """The leaves there are, and the folders in which a new one may lie."""
        self._quiet = True
        value = self.leaf.value
        self.leaf.options = [NEW, *(leaf.path for leaf in taxonomy)]
        self.leaf.value = value if value in self.leaf.options else NEW
        folders = {folder for leaf in taxonomy for folder in _above(leaf.path)}
        self.path.options = sorted(f"{folder}/" for folder in folders)
        self._quiet = False

    def show(self, draft: LeafDraft) -> None:
        self._quiet = True
        self.leaf.value = draft.path if draft.existing else NEW
        self.kind.value, self.path.value = draft.kind, "" if draft.existing else draft.path
        self._quiet = False
        set_html(self.head, f"<h4>Editing {escape(draft.path if draft.existing else NEW)}</h4>")
        self.new.layout.display = "none" if draft.existing else ""
        self.tell(draft)

    def tell(self, draft: LeafDraft) -> None:
        """Where the leaf will be, or why it cannot be there."""
        if draft.existing:
            set_html(self.note, "")
            return
        try:
            leaf = draft.leaf
        except UsageError as error:
            said = explain(error) if draft.path else "Say where in the tree it shall be: folders with / between them."
        else:
            there = leaf.qna_file.exists()
            said = f"There is a leaf {leaf.path} already: open it, or take another path." if there else ""
            said = said or f"It will be {leaf.path}."
        set_html(self.note, live(f'<div class="workbench-count">{escape(said)}</div>'))

    def _choose(self, value: Any) -> None:
        self._chosen("" if value == NEW else str(value))

    def _move(self, value: Any) -> None:
        self._moved(self.kind.value, self.path.value.strip())


def _above(path: str) -> list[str]:
    """The folders above a leaf, without the one that says its kind."""
    parts = path.split("/")[1:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
