"""The seed examples of a leaf: a list of all, and the form of the one in view.

A form is made when its example is first looked at, so that a leaf of twenty opens as quickly as one of five.
"""

from collections.abc import Callable
from typing import Any

from workbench.taxonomy.yaml_file import yaml_path
from workbench.widgets.field import Note, column, row, watch
from workbench.widgets.finding_places import ByPlace
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.panel import button
from workbench.widgets.seed_form import SeedForm
from workbench.widgets.seed_list import SEEDS, SeedList

_ROWS = 7


class SeedsForm:
    """`number`, from 0, is the example in view; `changed` is called when the draft holds something else."""

    def __init__(self, draft: LeafDraft, changed: Callable[[], None], beside: Any) -> None:
        self.number = 0
        self._draft, self._changed = draft, changed
        self._seeds = SeedList(draft)
        self._quiet = False
        self._found: ByPlace = {}
        # By the example, as an object, so that it is found again when it has moved.
        self._forms: dict[int, SeedForm] = {}
        # Contexts that were switched off: switching on brings them back.
        self._put_away: dict[int, str] = {}
        self._build(beside)

    @property
    def places(self) -> list[str]:
        form = self._form()
        seeds = [yaml_path((SEEDS, number)) for number in range(len(self._seeds))]
        return [yaml_path((SEEDS,)), *seeds, *(form.places if form else ())]

    def show(self) -> None:
        """What the draft holds now: other examples than before, perhaps."""
        for form in self._forms.values():
            form.retired = True
        self._forms, self._put_away, self._found = {}, {}, {}
        self._quiet = True
        self._grounded.value = self._draft.kind == "knowledge" or self._draft.grounded
        self._quiet = False
        self.go(self.number)

    def go(self, number: int) -> None:
        """Puts an example into view."""
        self.number = max(0, min(number, len(self._seeds) - 1))
        form = self._form()
        if form:
            form.show(self.number, grounded=self._grounded.value)
        self._page.children = (form.widget,) if form else ()
        self._list_all()

    def take_context(self, text: str) -> None:
        """Makes a passage the context of the example in view."""
        if not len(self._seeds):
            self.go(self._seeds.add(-1))
        if form := self._form():
            form.take_context(text)

    def tell(self, found: ByPlace) -> None:
        self._found = found
        if form := self._form():
            form.tell(found)
        self._all.tell(found.get(yaml_path((SEEDS,)), ()))
        self._list_all()

    def _build(self, beside: Any) -> None:
        import ipywidgets

        self._chooser = ipywidgets.Select(description="Seed example:", rows=_ROWS)
        self._chooser.add_class("workbench-input")
        watch(self._chooser, "index", self._chosen, lambda: self._quiet)
        self._grounded = ipywidgets.Checkbox(description="Each example has a context", indent=False)
        watch(self._grounded, "value", self._switch, lambda: self._quiet)
        self._all = Note()
        self._page = column([], "workbench-half")
        overview = [self._chooser, row(self._buttons()), self._all.widget]
        knowledge = self._draft.kind == "knowledge"
        body = row([self._page, beside]) if knowledge else column([self._grounded, self._page])
        self.widget = column([*overview, body])

    def _buttons(self) -> list[Any]:
        actions: tuple[tuple[str, Callable[[], int]], ...] = (
            ("Add example", lambda: self._seeds.add(self.number)),
            ("Remove example", self._remove),
            ("Move up", lambda: self._seeds.move(self.number, -1) if len(self._seeds) else 0),
            ("Move down", lambda: self._seeds.move(self.number, 1) if len(self._seeds) else 0),
        )
        return [self._button(label, action) for label, action in actions]

    def _button(self, label: str, action: Callable[[], int]) -> Any:
        made = button(label)
        made.on_click(lambda pressed: self._edit(action))
        return made

    def _edit(self, action: Callable[[], int]) -> None:
        """All forms learn the new numbers of their examples, also those out of view."""
        number = action()
        self._found = {}
        for place in range(len(self._seeds)):
            if form := self._forms.get(self._seeds.key(place)):
                form.show(place, grounded=self._grounded.value)
        self.go(number)
        self._changed()

    def _remove(self) -> int:
        if not len(self._seeds):
            return 0
        if form := self._forms.pop(self._seeds.key(self.number), None):
            form.retired = True
        return self._seeds.remove(self.number)

    def _chosen(self, number: int | None) -> None:
        if number is not None and number != self.number:
            self.go(number)
            self._changed()

    def _form(self) -> SeedForm | None:
        """Of the example in view."""
        if self.number >= len(self._seeds):
            return None
        key = self._seeds.key(self.number)
        if key not in self._forms:
            self._forms[key] = SeedForm(self._draft, self._changed)
            self._forms[key].show(self.number, grounded=self._grounded.value)
        return self._forms[key]

    def _list_all(self) -> None:
        """Only a list that differs is sent: sending it moves the browser's focus about."""
        options = [(self._seeds.title(number) + self._count(number), number) for number in range(len(self._seeds))]
        self._quiet = True
        if list(self._chooser.options) != options:
            self._chooser.options = options
        self._chooser.index = self.number if options else None
        self._quiet = False

    def _count(self, number: int) -> str:
        start = yaml_path((SEEDS, number))
        count = sum(len(found) for place, found in self._found.items() if f"{place}.".startswith(f"{start}."))
        return f" ({count} to look at)" if count else ""

    def _switch(self, on: bool) -> None:
        for number in range(len(self._seeds)):
            key, keys = self._seeds.key(number), (SEEDS, number, "context")
            if on and (text := self._put_away.pop(key, "")):
                self._seeds.put_context(number, text)
            elif not on and self._draft.get(keys):
                self._put_away[key] = str(self._draft.get(keys))
                self._draft.drop(keys)
        for form in self._forms.values():
            form.show(form.number, grounded=on)
        self._changed()
