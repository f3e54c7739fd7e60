"""The documents of a knowledge leaf to read, and a passage of them to take: with the mouse, or from a list."""

from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from workbench.documents.convert import Document, read_documents
from workbench.documents.sources import Origin, Place
from workbench.errors import UsageError, WorkbenchError, explain
from workbench.taxonomy.content_rules import CONTEXT_WORDS
from workbench.taxonomy.qna import qna_of
from workbench.widgets.field import column, html, row, set_html, watch
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.markdown_page import page, passages, selected, source
from workbench.widgets.panel import button, dropdown, live

_ROWS = 7
_UNSAVED = "The leaf has no folder yet. Save it, put its document beside qna.yaml, and read the documents again."


class DocumentReader:
    """`passage` is the Markdown source that is chosen; `take` is called with it when the button is pressed."""

    def __init__(self, cache_folder: Callable[[], Path], take: Callable[[str], None]) -> None:
        self.passage = ""
        self._cache, self._take = cache_folder, take
        self._draft: LeafDraft | None = None
        self._quiet = False
        self._build()

    def show(self, draft: LeafDraft, *, offline: bool = True) -> None:
        """Reads the draft's documents, without a network unless asked; what is wrong is shown in their place."""
        self._draft = draft
        try:
            draft.documents = tuple(_documents(draft, self._cache(), offline=offline))
            set_html(self.status, "")
        except WorkbenchError as error:
            draft.documents = ()
            said = escape(_UNSAVED if _waits_for_folder(draft) else explain(error)).replace("\n", "<br>")
            set_html(self.status, live(f'<div class="workbench-warning">{said}</div>'))
        names = [document.name for document in draft.documents]
        self._quiet = True
        self.chooser.options = names
        self.chooser.index = 0 if names else None
        self._quiet = False
        self.chooser.layout.display = "" if len(names) > 1 else "none"
        self._open()

    def choose(self, first: int, end: int, words: str = "") -> None:
        """The passage in those lines, or the words that were selected in them."""
        document = self._document()
        if document:
            self.passage = selected(document.text, first, end, words) if words else source(document.text, first, end)
            self.page.marked = [first, end]
            self._tell()

    def _build(self) -> None:
        import ipywidgets

        self.status = html()
        self.chooser = dropdown("Document:", [], None)
        self.page = page_widget()
        self.list = ipywidgets.SelectMultiple(description="Passages:", rows=_ROWS)
        self.list.add_class("workbench-input")
        self.use, self.reload = button("Use as context"), button("Read the documents again")
        watch(self.chooser, "value", lambda name: self._open(), lambda: self._quiet)
        watch(self.page, "selection", self._read, lambda: False)
        watch(self.list, "index", self._pick, lambda: self._quiet)
        self.use.on_click(lambda pressed: self._take(self.passage) if self.passage else None)
        self.reload.on_click(lambda pressed: self.show(self._draft, offline=False) if self._draft else None)
        buttons = row([self.use, self.reload])
        self.widget = column([self.status, self.chooser, self.page, self.list, buttons], "workbench-half")

    def _document(self) -> Document | None:
        documents: Sequence[Document] = self._draft.documents if self._draft else ()
        return next((one for one in documents if one.name == self.chooser.value), None)

    def _open(self) -> None:
        document = self._document()
        text = document.text if document else ""
        self.passage = ""
        self.page.marked = [0, 0]
        self.page.name = f"Document {document.name}" if document else "No document"
        self.page.page = page(text) if document else "<p><i>There is no document to show yet.</i></p>"
        self._quiet = True
        self.list.options = [(one.title, place) for place, one in enumerate(passages(text))]
        self.list.index = ()
        self._quiet = False
        self._tell()

    def _pick(self, places: Sequence[int]) -> None:
        """From the first to the last that are picked: a context is one piece of its document."""
        document = self._document()
        if places and document:
            found = passages(document.text)
            self.choose(found[min(places)].first, found[max(places)].end)

    def _read(self, selection: Sequence[Any]) -> None:
        if len(selection) == 3:
            self.choose(int(selection[0]), int(selection[1]), str(selection[2]))

    def _tell(self) -> None:
        words = len(self.passage.split())
        over = f"; at most {CONTEXT_WORDS} are advised" if words > CONTEXT_WORDS else ""
        self.use.disabled = not words
        told = f"Chosen: {words} words{over}" if words else "Select a passage above, or pick one or more from the list."
        self.page.told = told


def page_widget() -> Any:
    """Where the page stands and a selection on it is told: what no widget of ipywidgets does."""
    return _page_class()()


@cache
def _page_class() -> Any:
    import anywidget
    import traitlets

    synced = {"sync": True}

    class DocumentPage(anywidget.AnyWidget):
        """`selection` is first line, line behind the last, and the words; `marked` are lines to show as chosen."""

        _esm = Path(__file__).with_name("document_page.js")
        page = traitlets.Unicode().tag(**synced)
        name = traitlets.Unicode().tag(**synced)
        told = traitlets.Unicode().tag(**synced)
        marked = traitlets.List([0, 0]).tag(**synced)
        selection: Any = traitlets.List([]).tag(**synced)

    return DocumentPage


def _waits_for_folder(draft: LeafDraft) -> bool:
    return not draft.existing and draft.get(("document", "repo")) == "."


def _documents(draft: LeafDraft, cache_folder: Path, *, offline: bool) -> list[Document]:
    """Of what the form says now, saved or not."""
    document = qna_of(draft.file, "knowledge").document
    if not document or not document.repo or not document.patterns or _waits_for_folder(draft):
        raise UsageError("it is not said where the document is", hint="fill in repository and files under About")
    leaf = draft.standing
    origin = Origin(document.repo, document.commit, document.patterns)
    return read_documents(origin, Place(leaf.root, leaf.folder, cache_folder), offline=offline)
