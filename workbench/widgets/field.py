"""A labelled input for one value of a leaf, and below it what is to be said about that value."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.yaml_file import Keys, yaml_path
from workbench.widgets.panel import live

Put = Callable[[Keys, Any], None]
# An empty field of a new leaf is no mistake of anybody's yet; upstream's schema calls it an error all the same.
_EMPTY = "empty-text"


class Field:
    """`rows` of more than one make a field for long texts; `advised` is how many words it should have at most."""

    def __init__(self, label: str, put: Put, *, rows: int = 1, advised: int = 0, keys: Keys = ()) -> None:
        self.keys, self._put, self._advised = keys, put, advised
        self.input = text_input(label, rows)
        self.note = html()
        self.widget = column([self.input, self.note], "workbench-field")
        self._said = ""
        self._quiet = False
        self.input.observe(self._typed, names="value")

    @property
    def place(self) -> str:
        return yaml_path(self.keys)

    def show(self, value: object, keys: Keys | None = None) -> None:
        """Puts a value into the input, as if it had been there all along."""
        self.keys = self.keys if keys is None else keys
        self._quiet = True
        self.input.value = "" if value is None else str(value)
        self._quiet = False
        self.tell(())

    def tell(self, findings: Sequence[Finding]) -> None:
        """Counts words, and says what was found about this value."""
        self._said = remarks(findings)
        self._refresh()

    def _typed(self, change: Any) -> None:
        if not self._quiet:
            self._put(self.keys, change["new"])
            self._refresh()

    def _refresh(self) -> None:
        counted = counter(self.input.value, self._advised) if self._advised else ""
        set_html(self.note, counted + (live(self._said) if self._said else ""))


class Note:
    """A line for what was found about several fields together."""

    def __init__(self) -> None:
        self.widget = html()

    def tell(self, findings: Sequence[Finding]) -> None:
        said = remarks(findings)
        set_html(self.widget, live(said) if said else "")


def counter(text: str, advised: int) -> str:
    """`12 of at most 250 words`; more than that is said in words too, never by colour alone."""
    words = len(text.split())
    over = f", {words - advised} too many" if words > advised else ""
    kind = "workbench-over" if over else "workbench-count"
    return f'<div class="{kind}">{words} of at most {advised} words{over}</div>'


def remarks(findings: Sequence[Finding]) -> str:
    return "".join(_remark(one) for one in findings)


def is_blank(finding: Finding) -> bool:
    return finding.code == _EMPTY


def told(findings: Sequence[Finding]) -> list[Finding]:
    """Without those that only repeat that nothing is written yet: empty examples are all the same."""
    blank = [one.yaml_path for one in findings if is_blank(one)]
    return [
        one
        for one in findings
        if one.code != "repeated-item" or not any(path.startswith(f"{one.yaml_path}.") for path in blank)
    ]


def _remark(finding: Finding) -> str:
    if is_blank(finding):
        return '<div class="workbench-advice">still empty</div>'
    hint = f" <i>{escape(finding.hint)}</i>" if finding.hint else ""
    return (
        f'<div class="workbench-{finding.severity}"><b>{finding.severity}:</b> {escape(finding.message)}.{hint}</div>'
    )


def text_input(label: str, rows: int = 1) -> Any:
    """Its label stands above it, so that long labels and narrow windows get along."""
    import ipywidgets

    style = {"description_width": "initial"}
    box = ipywidgets.Text(description=label, style=style) if rows == 1 else None
    box = box or ipywidgets.Textarea(description=label, style=style, rows=rows)
    box.add_class("workbench-input")
    return box


def watch(control: Any, trait: str, action: Callable[[Any], None], muted: Callable[[], bool]) -> None:
    """Calls `action` with each new value, but for those that the form itself puts there."""

    def changed(change: Any) -> None:
        if not muted():
            action(change["new"])

    control.observe(changed, names=trait)


def html(text: str = "") -> Any:
    import ipywidgets

    return ipywidgets.HTML(text)


def set_html(shown: Any, text: str) -> None:
    """Only what differs is sent to the browser."""
    if shown.value != text:
        shown.value = text


def column(children: Sequence[Any], *names: str) -> Any:
    return _box("VBox", children, names)


def row(children: Sequence[Any], *names: str) -> Any:
    """Side by side, and below each other where the window is narrow."""
    return _box("HBox", children, ("workbench-row", *names))


def _box(kind: str, children: Sequence[Any], names: Sequence[str]) -> Any:
    import ipywidgets

    box = getattr(ipywidgets, kind)(children)
    for name in names:
        box.add_class(name)
    return box
