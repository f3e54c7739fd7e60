from workbench.taxonomy.text_edits import Edit, apply_edits


def test_edits_are_put_in_at_once_and_overlapping_cuts_are_one() -> None:
    assert apply_edits("abcdef", [Edit(4, 5, "E"), Edit(1, 2, "")]) == "acdEf"
    assert apply_edits("abcdef", [Edit(1, 4, ""), Edit(2, 5, "")]) == "af"
    assert apply_edits("abcdef", [Edit(1, 4, ""), Edit(2, 2, "x"), Edit(1, 1, "y")]) == "ayxef"
    assert apply_edits("abc", [Edit(1, 2, "x"), Edit(1, 2, "x")]) == "axc"
    assert apply_edits("abc", []) == "abc"
