"""Going through many records one by one: choices that narrow a list, the list, and a page of the record in view."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.widgets.field import column, html, row, set_html
from workbench.widgets.keyboard import own_keys
from workbench.widgets.panel import Panel, button, live

_STYLE = Path(__file__).with_name("sample_browser.css")
# So many lines are sent to the page at once, however many records there are.
_WINDOW = 100

Choices = tuple[tuple[str, str, str], ...]


class Browser(Panel):
    """Arrow keys in the list go through the records; beyond the last comes the first.

    `noun` is what a record is called, `choices` are names, labels, and what taking all is called.
    """

    noun: str
    choices: Choices

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[Any] = ()
        self._number = 0
        self._quiet = False
        self._built = False

    @abstractmethod
    def look_for(self, wanted: Mapping[str, str]) -> None:
        """Show the first of the records that are so, by the names of the choices and `words`; "" takes all."""

    @abstractmethod
    def chosen(self, name: str) -> str:
        """What is wanted now, by the same names."""

    @abstractmethod
    def offered(self, name: str, every: str) -> list[tuple[str, str]]:
        """Labels and values of one choice, `every` for the one that takes all."""

    @abstractmethod
    def line(self, entry: Any) -> str:
        """A record in the list."""

    @abstractmethod
    def page(self) -> str:
        """HTML of the record in view, or what to do when there is none."""

    def move(self, steps: int) -> None:
        """Forwards or, with a negative number, backwards; beyond the last comes the first."""
        if self._found:
            self._number = (self._number + steps) % len(self._found)
        self._tell()

    def build(self) -> Any:
        import ipywidgets

        wide = {"description_width": "initial"}
        self._chosen = {name: ipywidgets.Dropdown(description=label, style=wide) for name, label, _ in self.choices}
        self._words = ipywidgets.Text(description="Words:", style=wide, continuous_update=False)
        self._list = ipywidgets.Select(description=f"{self.noun.capitalize()}s:", rows=8, style=wide)
        self._back, self._on = button(f"Previous {self.noun}"), button(f"Next {self.noun}")
        self._place, self._page = html(), html()
        for control in (*self._chosen.values(), self._words):
            control.observe(self._filtered, names="value")
        self._list.observe(self._picked, names="index")
        self._back.on_click(lambda pressed: self.move(-1))
        self._on.on_click(lambda pressed: self.move(1))
        style = html(f"<style>{_STYLE.read_text('utf-8')}</style>")
        keys = row([self._back, self._on, self._place])
        box = column(
            [style, own_keys(), row([*self._chosen.values(), self._words]), self._list, keys, self._page],
            *("workbench-editor", "workbench-browser"),
        )
        self._built = True
        self._offer()
        self._tell()
        return box

    def _present(self, found: Sequence[Any]) -> None:
        self._found, self._number = found, 0
        self._offer()
        self._tell()

    def _offer(self) -> None:
        """What can be chosen depends on what is wanted, not on where one is in the list."""
        if not self._built:
            return
        self._quiet = True
        for name, _, every in self.choices:
            _put(self._chosen[name], self.offered(name, every), self.chosen(name))
        self._words.value = self.chosen("words")
        self._quiet = False

    def _filtered(self, change: object) -> None:
        if not self._quiet:
            chosen = {name: str(control.value) for name, control in self._chosen.items()}
            self.look_for(chosen | {"words": self._words.value})

    def _picked(self, change: Any) -> None:
        if not self._quiet and change["new"] is not None:
            self._number = self._start + change["new"]
            self._tell()

    @property
    def _start(self) -> int:
        return self._number - self._number % _WINDOW

    def _tell(self) -> None:
        """Put what is in view into the list and the page, which do not answer meanwhile."""
        if not self._built:
            return
        self._quiet = True
        shown = self._found[self._start : self._start + _WINDOW]
        lines = tuple(f"{self._start + place}. {self.line(entry)}" for place, entry in enumerate(shown, start=1))
        if self._list.options != lines:
            self._list.options = lines
        self._list.index = self._number - self._start if lines else None
        set_html(self._place, live(self._told()))
        set_html(self._page, self.page())
        self._quiet = False

    def _told(self) -> str:
        if not self._found:
            return f"No {self.noun} is so."
        return f"{self.noun.capitalize()} {self._number + 1:,} of {len(self._found):,}"


def _put(control: Any, options: list[tuple[str, str]], value: str) -> None:
    """Replaces the choices and the choice together; the same ones are not sent again."""
    if list(control.options) != options:
        control.options = options
    if control.value != value:
        control.value = value
