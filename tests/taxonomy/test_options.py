from workbench.taxonomy.options import TaxonomyOptions


def test_where_a_taxonomy_lies_never_changes_a_fingerprint() -> None:
    assert TaxonomyOptions(taxonomy_path="elsewhere", taxonomy_base="empty").result_values() == {}
