"""A leaf's qna.yaml and attribution.txt written in forms, without typing YAML."""

from collections.abc import Mapping
from copy import deepcopy
from html import escape
from typing import Any

from workbench.errors import ConflictError
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.qna import FILE_NAME, Kind
from workbench.taxonomy.tree import Leaf, Taxonomy, read_taxonomy
from workbench.widgets.editor_view import EditorView
from workbench.widgets.file_view import text_box
from workbench.widgets.leaf_draft import LeafDraft, Saved, draft_at
from workbench.widgets.panel import Panel


class QnaEditor(Panel):
    """`value` is what YAML reads from the file that `save` would write; `findings` are what the checks say of it.

    Without a path the editor begins with a new leaf. `contents` are put into the form in place of what the leaf's file
    holds; `preset` only where there is no such leaf yet. Nothing is written before `save`.
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        leaf: str = "",
        *,
        contents: Mapping[str, Any] | None = None,
        preset: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.taxonomy = taxonomy
        self.draft = draft_at(taxonomy, leaf)
        start = preset if contents is None and not self.draft.existing else contents
        if start is not None:
            self.draft.start(start)
        self._drafts: dict[str, LeafDraft] = {_key(self.draft): self.draft}
        self._view: EditorView | None = None

    @property
    def value(self) -> dict[str, Any]:
        """A copy; empty while the file cannot be read."""
        return deepcopy(self.draft.contents)

    @property
    def yaml(self) -> str:
        """qna.yaml as it would be saved."""
        return self.draft.text

    @property
    def findings(self) -> Findings:
        return self.draft.findings

    @property
    def leaf(self) -> Leaf:
        """UsageError while a new leaf has no path that it could have."""
        return self.draft.leaf

    def save(self) -> Saved:
        """Also with findings: they are told, not forbidden. ConflictError where a file has changed on disk."""
        key = _key(self.draft)
        saved = self.draft.save()
        self.taxonomy = read_taxonomy(self.taxonomy.root)
        self._drafts.pop(key, None)
        self._drafts[_key(self.draft)] = self.draft
        if self._view:
            self._view.saved(self.draft, self.taxonomy)
        return saved

    def open(self, path: str) -> None:
        """Another leaf; nothing stands for the new one. What is unsaved in the one before waits there."""
        known = self._drafts.get(path)
        self._show(known or (draft_at(self.taxonomy, path) if path else self._new("skill")))

    def place(self, kind: Kind, path: str) -> None:
        """Says where the new leaf is to be; each kind has contents of its own."""
        if self.draft.existing:
            raise ConflictError(f"{self.draft.path} has its place already", hint="open a new leaf")
        other = kind != self.draft.kind
        draft = self._new(kind) if other else self.draft
        draft.path = path
        if other:
            self._show(draft)

    def upload(self, data: bytes) -> bool:
        """Takes a file's text in place of what is in the form; False where the form cannot show it."""
        taken = self.draft.load(data)
        self._show(self.draft, anew=True)
        return taken

    def reopen(self) -> None:
        """The files as they are on disk now; what was not saved is gone."""
        self.draft.reopen()
        self._show(self.draft, anew=True)

    def build(self) -> Any:
        self._view = EditorView(self)
        self._view.show(self.draft)
        return self._view.widget

    def html(self) -> str:
        head = f"<p><b>{escape(self.draft.shown)}</b>: {escape(self.findings.summary)}</p>"
        found = self.findings._repr_html_() if self.findings else ""
        return head + text_box(FILE_NAME, self.yaml) + found

    def text(self) -> str:
        found = self.findings
        return "\n".join(part for part in (f"{self.draft.shown}: {found.summary}", self.yaml, found.text()) if part)

    def _new(self, kind: Kind) -> LeafDraft:
        return self._drafts.get(f" {kind}") or LeafDraft(self.taxonomy.root, kind)

    def _show(self, draft: LeafDraft, *, anew: bool = False) -> None:
        self.draft = self._drafts.setdefault(_key(draft), draft)
        if self._view:
            self._view.show(self.draft, anew=anew)


def _key(draft: LeafDraft) -> str:
    """A leaf's path; of a new leaf, whose path may still change, its kind behind a blank that no path begins with."""
    return draft.path if draft.existing else f" {draft.kind}"
