from workbench.taxonomy.markup import paragraph, table


def test_texts_are_escaped() -> None:
    assert "<script>" not in table("<script>", ["<script>"], [["<script>"]]) + paragraph("<script>")


def test_columns_have_heads_that_a_screen_reader_finds() -> None:
    shown = table("Caption", ["A", "B"], [["1", "2\n3"]])
    assert shown.count('<th scope="col"') == 2
    assert "Caption</caption>" in shown
    assert "2<br>3" in shown
