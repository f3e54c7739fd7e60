"""Choosing a leaf of the taxonomy."""

from html import escape
from typing import Any

from workbench.taxonomy.tree import Leaf, Taxonomy
from workbench.widgets.panel import Panel, dropdown


class LeafPicker(Panel):
    """`value` is the path of the leaf that is chosen; NotFoundError where there is none at the path given."""

    def __init__(self, taxonomy: Taxonomy, leaf: str) -> None:
        super().__init__()
        self._taxonomy = taxonomy
        self._first = taxonomy.leaf(leaf).path

    @property
    def value(self) -> str:
        return str(self.widget.value)

    @property
    def leaf(self) -> Leaf:
        return self._taxonomy.leaf(self.value)

    def build(self) -> Any:
        picker = dropdown("Leaf:", [leaf.path for leaf in self._taxonomy], self._first)
        picker.layout.width = "40em"
        return picker

    def html(self) -> str:
        return f"<p>Leaf: <b>{escape(self.value)}</b></p>"

    def text(self) -> str:
        return f"Leaf: {self.value}"
