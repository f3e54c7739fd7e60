"""The editor as it is seen: where the leaf is, tabs of forms, and what was found.

A form is built when its tab is first opened, and all are brought up to date once the person at the keys pauses.
"""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any, Protocol

from workbench.errors import WorkbenchError, explain
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.qna import Kind
from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.attribution_form import PLACE
from workbench.widgets.debounce import Debounce
from workbench.widgets.document_reader import DocumentReader
from workbench.widgets.draft_forms import DraftForms
from workbench.widgets.field import Note, column, html, is_blank, row, set_html, told
from workbench.widgets.finding_places import WHOLE, ByPlace, placed
from workbench.widgets.keyboard import own_keys
from workbench.widgets.leaf_draft import LeafDraft, Saved
from workbench.widgets.panel import button, live
from workbench.widgets.place_form import PlaceForm
from workbench.widgets.text_form import TextForm
from workbench.workspace import Workspace

_STYLE = Path(__file__).with_name("editor.css")
_TABS = ("About", "Seed examples", "Attribution", "YAML", "Findings")
_UNREADABLE = "The form cannot show this file. The tab YAML has its text, to be mended there."


class Editor(Protocol):
    """What can be done with a draft, seen or unseen."""

    draft: LeafDraft
    taxonomy: Taxonomy

    def open(self, path: str) -> None: ...
    def place(self, kind: Kind, path: str) -> None: ...
    def upload(self, data: bytes) -> bool: ...
    def reopen(self) -> None: ...
    def save(self) -> Saved: ...


class EditorView:
    """Shows the editor's draft and passes on what is done to it."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._later = Debounce(self._refresh)
        self._place = PlaceForm(editor.taxonomy, lambda path: self._attempt(lambda: editor.open(path)), self._moved)
        self._note, self._status, self._message = Note(), html(), html()
        self._reader = DocumentReader(_cache, self._take)
        self._known: dict[LeafDraft, DraftForms] = {}
        self._text = TextForm(self._use_text)
        self._table = html()
        # What was typed just before a button was pressed may arrive after the press.
        self._save_soon = Debounce(lambda: self._attempt(lambda: self._say(editor.save().summary)))
        self.widget = self._frame()

    @property
    def _draft(self) -> LeafDraft:
        return self._editor.draft

    @property
    def _forms(self) -> DraftForms:
        if self._draft not in self._known:
            self._known[self._draft] = DraftForms(self._draft, self._later, self._reader)
        return self._known[self._draft]

    def saved(self, draft: LeafDraft, taxonomy: Taxonomy) -> None:
        """The forms stay as they are: somebody may be typing in them."""
        self._place.offer(taxonomy)
        self._place.show(draft)
        self._later()

    def show(self, draft: LeafDraft, *, anew: bool = False) -> None:
        """A draft's own forms, as they were left; `anew` where it holds other contents than they show."""
        self._place.show(draft)
        if anew:
            self._forms.show()
        for page in self._tabs.children:
            page.children = ()
        self._turn()
        self._say(_UNREADABLE if draft.unreadable else "", "error")
        if draft.kind == "knowledge":
            self._reader.show(draft)
        self._refresh()

    def _frame(self) -> Any:
        import ipywidgets

        self._tabs = ipywidgets.Tab([column([]) for _ in _TABS], titles=_TABS, selected_index=0)
        self._tabs.observe(lambda change: self._turn(), names="selected_index")
        self._save, self._again = button("Save"), button("Reopen from disk")
        self._save.button_style = "primary"
        self._upload = ipywidgets.FileUpload(description="Upload a qna.yaml", accept=".yaml,.yml", icon="")
        self._upload.layout.width = "auto"
        self._save.on_click(lambda pressed: self._save_soon())
        self._again.on_click(lambda pressed: self._attempt(self._editor.reopen))
        self._upload.observe(lambda change: self._uploaded(change["new"]), names="value")
        buttons = row([self._save, self._again, self._upload])
        style = html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")
        head = [style, own_keys(), self._place.widget, buttons, self._message, self._status, self._note.widget]
        return column([*head, self._tabs], "workbench-editor")

    def _turn(self) -> None:
        """Puts the form of the tab in view into its page, when it is there for the first time."""
        page = self._tabs.children[self._tabs.selected_index]
        if not page.children:
            forms = (self._forms.about, self._forms.seeds, self._forms.attribution, self._text)
            pages = [*(form.widget for form in forms), self._table]
            page.children = (pages[self._tabs.selected_index],)

    def _attempt(self, action: Callable[[], object]) -> None:
        """What goes wrong is said in the editor: an error in a widget's callback is seen by nobody."""
        try:
            action()
        except WorkbenchError as error:
            self._say(explain(error), "error")

    def _say(self, text: str, kind: str = "count") -> None:
        shown = escape(text).replace("\n", "<br>")
        set_html(self._message, live(f'<div class="workbench-{kind}">{shown}</div>') if text else "")

    def _take(self, passage: str) -> None:
        self._forms.seeds.take_context(passage)
        self._say(f"The passage is the context of seed example {self._forms.seeds.number + 1} now.")

    def _moved(self, kind: Kind, path: str) -> None:
        self._attempt(lambda: self._editor.place(kind, path))
        self._later()

    def _use_text(self, text: str) -> None:
        self._load(text.encode(), "The form holds what the text says.")

    def _uploaded(self, files: Any) -> None:
        if files:
            self._load(bytes(files[0]["content"]), f"{files[0]['name']} is in the form; save writes it into the tree.")
            self._upload.value = ()

    def _load(self, data: bytes, said: str) -> None:
        taken = self._editor.upload(data)
        self._say(said if taken else _UNREADABLE, "count" if taken else "error")

    def _refresh(self) -> None:
        self._attempt(self._tell)

    def _tell(self) -> None:
        draft = self._draft
        file = draft.file
        findings = draft.check(file)
        of_file = [one for one in told(findings) if not one.path.endswith(draft.attribution_name)]
        forms = (self._forms.about, self._forms.seeds)
        found = placed(of_file, file, {place for form in forms for place in form.places})
        found[PLACE] = [one for one in findings if one.path.endswith(draft.attribution_name)]
        for form in (*forms, self._forms.attribution):
            form.tell(found)
        self._note.tell(found.get(WHOLE, ()))
        self._place.tell(draft)
        self._text.show(draft)
        set_html(self._table, findings._repr_html_())
        self._summarise(draft, findings, found)

    def _summarise(self, draft: LeafDraft, findings: Findings, found: ByPlace) -> None:
        blank = sum(is_blank(one) for one in findings)
        rest = Findings(one for one in told(findings) if not is_blank(one))
        parts = [rest.summary if rest or not blank else "", f"{blank} still empty" if blank else ""]
        parts.append("changes not saved" if draft.changed else "saved")
        said = "; ".join(part for part in parts if part)
        set_html(self._status, live(f'<div class="workbench-status">{escape(said)}</div>'))
        places = [("About", self._forms.about.places), ("Attribution", [PLACE])]
        counts = {name: sum(len(found.get(place, ())) for place in of_tab) for name, of_tab in places}
        counts["Seed examples"] = sum(len(one) for place, one in found.items() if place.startswith(".seed_examples"))
        titles = tuple(f"{name} ({counts[name]})" if counts.get(name) else name for name in _TABS)
        if self._tabs.titles != titles:
            self._tabs.titles = titles


def _cache() -> Path:
    return Workspace.find().cache
