from workbench.taxonomy.field_changes import FieldChange, compare_fields

BEFORE = {
    "version": 2,
    "created_by": "a",
    "task_description": "Say it.",
    "document": {"repo": ".", "commit": "HEAD", "patterns": ["*.md", "*.pdf"]},
    "seed_examples": [1],
}


def test_fields_that_are_equal_are_left_out() -> None:
    assert compare_fields(BEFORE, dict(BEFORE)) == ()
    assert compare_fields(BEFORE, BEFORE | {"seed_examples": [2]}) == ()


def test_each_field_is_told_with_both_texts() -> None:
    document = {"repo": ".", "commit": "main", "patterns": ["*.md"]}
    after = {"version": 3, "domain": "Town", "task_description": "Say it.", "document": document}
    assert compare_fields(BEFORE, after) == (
        FieldChange("version", "2", "3"),
        FieldChange("domain", "", "Town"),
        FieldChange("document.commit", "HEAD", "main"),
        FieldChange("document.patterns", "*.md, *.pdf", "*.md"),
        FieldChange("created_by", "a", ""),
    )


def test_contents_of_another_shape_are_no_fields() -> None:
    assert compare_fields(None, {"version": 3}) == (FieldChange("version", "", "3"),)
    assert compare_fields([1], ["x"]) == ()
    assert compare_fields({"document": "a"}, {"document": {"repo": "b"}}) == (
        FieldChange("document.repo", "", "b"),
        FieldChange("document", "a", ""),
    )


def test_a_number_that_became_a_text_is_no_change_of_wording() -> None:
    assert compare_fields({"created_by": 1}, {"created_by": "1"}) == ()
