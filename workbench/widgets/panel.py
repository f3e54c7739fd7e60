"""What panels share: an ipywidget that is built when it is shown, and the same content as a page and as plain text."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from typing import Any

_VIEW = "application/vnd.jupyter.widget-view+json"
_WIDE = {"description_width": "initial"}


class Panel(ABC):
    """A notebook shows `widget`; a page made from it, and a reader without widgets, get `html`; a terminal `text`."""

    def __init__(self) -> None:
        self._widget: Any = None

    @property
    def widget(self) -> Any:
        """The ipywidget, the same one each time."""
        if self._widget is None:
            self._widget = self.build()
        return self._widget

    @abstractmethod
    def build(self) -> Any:
        """Makes the ipywidget; called when it is first wanted."""

    @abstractmethod
    def html(self) -> str:
        """The same content for a page without a kernel."""

    @abstractmethod
    def text(self) -> str:
        """The same content for a terminal."""

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text(), "text/html": self.html()}
        view = self.widget._repr_mimebundle_() or {}
        return bundle | {mime: content for mime, content in view.items() if mime == _VIEW}


def dropdown(label: str, choices: Sequence[str], value: str | None) -> Any:
    """Labelled by its description, which screen readers read."""
    import ipywidgets

    return ipywidgets.Dropdown(options=list(choices), value=value, description=label, style=_WIDE)


def button(label: str) -> Any:
    """Always with a text: an icon alone has no name."""
    import ipywidgets

    return ipywidgets.Button(description=label)


def live(html: str, role: str = "status") -> str:
    """A part of the page whose changes screen readers announce."""
    return f'<div role="{escape(role)}" aria-live="polite">{html}</div>'
