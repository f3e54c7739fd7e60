from pathlib import Path

from workbench.taxonomy.tree import Taxonomy
from workbench.widgets.document_reader import DocumentReader
from workbench.widgets.draft_forms import DraftForms
from workbench.widgets.leaf_draft import draft_at


def test_forms_write_into_their_own_draft(taxonomy: Taxonomy, tmp_path: Path) -> None:
    reader = DocumentReader(lambda: tmp_path, lambda text: None)
    drafts = [draft_at(taxonomy, leaf.path) for leaf in list(taxonomy)[:2]]
    forms = [DraftForms(draft, lambda: None, reader) for draft in drafts]
    forms[0].about._fields[0].input.value = "somebody"
    forms[0].attribution._fields[0].input.value = "Something"
    assert drafts[0].get(("created_by",)) == "somebody"
    assert drafts[0].attribution.title == "Something"
    assert not drafts[1].changed
    drafts[0].reopen()
    forms[0].show()
    assert forms[0].about._fields[0].input.value == "instructlab-workbench"
