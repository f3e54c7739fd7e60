"""A text file as it is, in a box that scrolls."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from workbench.errors import NotFoundError

_BOX = (
    "max-height:26em;overflow:auto;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "border:1px solid #8884;border-radius:4px;padding:0.6em 0.8em;margin:0.3em 0"
)


@dataclass(frozen=True)
class FileView:
    """`shown` is how the file is called above its text."""

    path: Path
    shown: str = ""

    @property
    def text(self) -> str:
        """NotFoundError where there is no such file; what is no UTF-8 is marked."""
        if not self.path.is_file():
            raise NotFoundError(f"there is no file {self.path}")
        return self.path.read_text(encoding="utf-8", errors="replace")

    @property
    def name(self) -> str:
        return self.shown or self.path.name

    def __repr__(self) -> str:
        return f"{self.name}\n\n{self.text}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.name)}</b></p>{text_box(self.name, self.text)}"


def text_box(name: str, text: str) -> str:
    """A box that scrolls must be reachable by the keyboard, and have a name."""
    return f'<pre tabindex="0" role="region" aria-label="{escape(name)}" style="{_BOX}">{escape(text)}</pre>'
