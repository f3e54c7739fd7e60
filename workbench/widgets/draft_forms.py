"""All forms that one leaf is written in."""

from collections.abc import Callable
from typing import Any

from workbench.taxonomy.yaml_file import Keys
from workbench.widgets.about_form import AboutForm
from workbench.widgets.attribution_form import AttributionForm, changed
from workbench.widgets.debounce import Debounce
from workbench.widgets.document_reader import DocumentReader
from workbench.widgets.leaf_draft import LeafDraft
from workbench.widgets.seeds_form import SeedsForm

# Before a document is looked for at another place, in seconds: a URL takes a while to type.
_PAUSE = 1.0


class DraftForms:
    """The forms of one draft. Each draft has its own: what the browser sends late must not end in another leaf."""

    def __init__(self, draft: LeafDraft, tell: Callable[[], None], reader: DocumentReader) -> None:
        self._draft, self._tell, self._reader = draft, tell, reader
        self.about = AboutForm(self._put, Debounce(self._read, pause=_PAUSE))
        self.seeds = SeedsForm(draft, tell, reader.widget)
        self.attribution = AttributionForm(self._put_attribution)
        self.show()

    def show(self) -> None:
        """The draft from its beginning; what was typed and has not arrived yet is dropped."""
        self.about.show(self._draft)
        self.seeds.show()
        self.attribution.show(self._draft)
        for form in (self.about, self.seeds):
            form.widget.layout.display = "none" if self._draft.unreadable else ""

    def _read(self) -> None:
        self._reader.show(self._draft)
        self._tell()

    def _put(self, keys: Keys, value: Any) -> None:
        self._draft.put(keys, value)
        self._tell()

    def _put_attribution(self, keys: Keys, text: Any) -> None:
        self._draft.attribution = changed(self._draft.attribution, str(keys[1]), text)
        self._tell()
