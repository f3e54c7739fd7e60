"""attribution.txt as a form: whose work the leaf is made from, and under which licence."""

from dataclasses import replace
from typing import Any

from workbench.taxonomy.attribution import ACCEPTED_LICENCES, Attribution
from workbench.widgets.field import Field, Note, Put, column, html
from workbench.widgets.finding_places import ByPlace
from workbench.widgets.leaf_draft import LeafDraft

PLACE = "attribution"
_FIELDS = (
    ("Title of work:", "title"),
    ("Link to work:", "link"),
    ("Link to the revision that was used:", "revision"),
    ("License of the work, as an SPDX identifier:", "licence"),
    ("Creator names:", "creators"),
)
_LICENCES = f"Licences that the upstream taxonomy accepts: {', '.join(ACCEPTED_LICENCES)}."


class AttributionForm:
    """Findings about the file stand at `attribution`, which is no path in qna.yaml."""

    def __init__(self, put: Put) -> None:
        self._fields = [Field(label, put, keys=(PLACE, name)) for label, name in _FIELDS]
        self._rest = Field("Other lines:", put, rows=3, keys=(PLACE, "rest"))
        self._note = Note()
        fields = [field.widget for field in (*self._fields, self._rest)]
        self.widget = column([self._note.widget, html(f"<p>{_LICENCES}</p>"), *fields])

    @property
    def places(self) -> list[str]:
        return [PLACE]

    def show(self, draft: LeafDraft) -> None:
        for field in self._fields:
            field.show(getattr(draft.attribution, str(field.keys[1])))
        self._rest.show("\n".join(draft.attribution.rest))

    def tell(self, found: ByPlace) -> None:
        self._note.tell(found.get(PLACE, ()))


def changed(attribution: Attribution, name: str, text: str) -> Attribution:
    """With another text of one field; only the other lines may be several."""
    value: Any = tuple(line for line in text.split("\n") if line.strip()) if name == "rest" else " ".join(text.split())
    return replace(attribution, **{name: value})
