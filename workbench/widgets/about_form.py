"""What a leaf is about: its author, a skill's task, or a knowledge leaf's subject and where its document is."""

from collections.abc import Callable, Mapping
from typing import Any

from workbench.taxonomy.qna import Kind
from workbench.taxonomy.yaml_file import Keys
from workbench.widgets.field import Field, Note, Put, column, html
from workbench.widgets.finding_places import ByPlace
from workbench.widgets.leaf_draft import LeafDraft

_OF_ALL = (("Author, as a GitHub name:", "created_by", 1),)
_OF_KIND: Mapping[Kind, tuple[tuple[str, str, int], ...]] = {
    "skill": (("Task description, what the skill does:", "task_description", 3),),
    "knowledge": (("Domain:", "domain", 1), ("Document outline, what the document is about:", "document_outline", 3)),
}
_DOCUMENT = (("Repository, a URL, or . for the leaf's own folder:", "repo"), ("Commit, its full hash:", "commit"))
_WHERE = "<h4>The document</h4>"


class AboutForm:
    """The fields depend on the kind of the draft that is shown."""

    def __init__(self, put: Put, document_changed: Callable[[], None]) -> None:
        self._put, self._document_changed = put, document_changed
        self._kind: Kind | None = None
        self._fields: list[Field] = []
        self._note = Note()
        self.widget = column([])

    @property
    def places(self) -> list[str]:
        return [field.place for field in self._fields] + [".document"] * (self._kind == "knowledge")

    def show(self, draft: LeafDraft) -> None:
        if self._kind != draft.kind:
            self._build(draft.kind)
        for field in self._fields:
            field.show(_shown(draft.get(field.keys)))

    def tell(self, found: ByPlace) -> None:
        for field in self._fields:
            field.tell(found.get(field.place, ()))
        self._note.tell(found.get(".document", ()))

    def _build(self, kind: Kind) -> None:
        self._kind = kind
        self._fields = [
            Field(label, self._put, rows=rows, keys=(key,)) for label, key, rows in (*_OF_ALL, *_OF_KIND[kind])
        ]
        children = [field.widget for field in self._fields]
        if kind == "knowledge":
            document = [Field(label, self._put_document, keys=("document", key)) for label, key in _DOCUMENT]
            document.append(Field("Files, as patterns with commas:", self._put_patterns, keys=("document", "patterns")))
            children += [html(_WHERE), *(field.widget for field in document), self._note.widget]
            self._fields += document
        self.widget.children = children

    def _put_document(self, keys: Keys, value: Any) -> None:
        self._put(keys, value)
        self._document_changed()

    def _put_patterns(self, keys: Keys, text: str) -> None:
        self._put_document(keys, [part.strip() for part in text.split(",") if part.strip()])


def _shown(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
