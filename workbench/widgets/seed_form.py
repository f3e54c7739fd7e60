"""One seed example to be filled in."""

from collections.abc import Callable
from typing import Any

from workbench.taxonomy.content_rules import CONTEXT_WORDS
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.yaml_file import Keys, yaml_path
from workbench.widgets.field import Field, Note, column, html, set_html
from workbench.widgets.finding_places import ByPlace
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.pair_form import PairForm
from workbench.widgets.panel import button
from workbench.widgets.seed_list import PAIR_LIST, SEEDS, SeedList

_CONTEXT_ROWS = 8


class SeedForm:
    """Belongs to one example, wherever that one moves in the list.

    The browser may send the last letters of what was typed after the press of a button; they must not end in another
    example, which is why each has inputs of its own. `retired`, it takes nothing any more.
    """

    def __init__(self, draft: LeafDraft, changed: Callable[[], None]) -> None:
        self.number = 0
        self.retired = False
        self._draft, self._changed = draft, changed
        self._pairs: list[PairForm] = []
        self._in_view: list[PairForm] = []
        self.context = Field("Context:", self._put, rows=_CONTEXT_ROWS, advised=CONTEXT_WORDS)
        self._more = button("Add a pair")
        self._more.on_click(lambda pressed: self._edit(lambda seeds: seeds.add_pair(self.number)))
        self._more.layout.display = "" if draft.kind == "knowledge" else "none"
        self._head, self._note, self._rows = html(), Note(), column([])
        self.widget = column([self._head, self._note.widget, self.context.widget, self._rows, self._more])

    @property
    def places(self) -> list[str]:
        return [self.context.place, *(place for pair in self._in_view for place in pair.places)]

    def show(self, number: int, *, grounded: bool) -> None:
        """What the draft holds at that number; `grounded` says whether there is a field for the context."""
        self.number = number
        knowledge, seed = self._draft.kind == "knowledge", (SEEDS, number)
        seeds = SeedList(self._draft)
        set_html(self._head, f"<h4>Seed example {number + 1} of {len(seeds)}</h4>")
        self.context.widget.layout.display = "" if grounded else "none"
        self.context.show(self._draft.get((*seed, "context")), (*seed, "context"))
        places = [(*seed, PAIR_LIST, place) for place in range(seeds.pairs(number))] if knowledge else [seed]
        while len(self._pairs) < len(places):
            self._pairs.append(self._pair(len(self._pairs)))
        self._in_view = self._pairs[: len(places)]
        for pair, keys in zip(self._in_view, places, strict=True):
            pair.show(self._draft.get, keys)
        children = tuple(pair.widget for pair in self._in_view)
        if self._rows.children != children:
            self._rows.children = children

    def take_context(self, text: str) -> None:
        self.context.show(text)
        self._put(self.context.keys, text)

    def tell(self, found: ByPlace) -> None:
        of_seed: list[Finding] = found.get(yaml_path((SEEDS, self.number)), [])
        self._note.tell(of_seed)
        self.context.tell(found.get(self.context.place, ()))
        for pair in self._in_view:
            pair.tell(found)

    def _pair(self, place: int) -> PairForm:
        """The one pair of a skill's example has no number."""
        number = place + 1 if self._draft.kind == "knowledge" else 0
        return PairForm(number, self._put, lambda: self._edit(lambda seeds: seeds.remove_pair(self.number, place)))

    def _edit(self, action: Callable[[SeedList], None]) -> None:
        action(SeedList(self._draft))
        self.show(self.number, grounded=True)
        self._changed()

    def _put(self, keys: Keys, value: Any) -> None:
        """A skill's example without a context has no such key."""
        if self.retired:
            return
        if keys[-1] != "context":
            self._draft.put(keys, value)
        elif value or self._draft.kind == "knowledge":
            SeedList(self._draft).put_context(self.number, str(value))
        else:
            self._draft.drop(keys)
        self._changed()
