import pytest

from workbench.taxonomy.text_quotes import with_quoted_texts


@pytest.mark.parametrize(
    "spelling", ["yes", "No", "ON", "false", "1305", "0123", "1.50", "2001-01-01", "13:05", ".inf"]
)
def test_a_text_keeps_its_spelling(spelling: str) -> None:
    text = f"version: 3\nseed_examples:\n  - question: What? # x\n    answer: {spelling} # y\n"
    mended, paths = with_quoted_texts(text)
    assert mended == text.replace(spelling, f'"{spelling}"')
    assert paths == [".seed_examples[0].answer"]


@pytest.mark.parametrize(
    "text",
    [
        "version: 3\n",
        "answer: yes it is\n",
        "answer: 'yes'\n",
        "answer: ~\n",
        "answer:\n",
        "answer: !!int 3\n",
        "answer: [yes]\n",
        "other: yes\n",
        "version: &v 3\ncreated_by: *v\n",
        "domain: &v 3\nversion: *v\n",
        "answer: b: c\n",
    ],
)
def test_what_is_no_lost_quote_stays(text: str) -> None:
    assert with_quoted_texts(text) == (text, [])


def test_a_tag_says_that_it_is_no_text_and_does_not_keep_others_from_it() -> None:
    assert with_quoted_texts("created_by: 5\nanswer: !!int 3\n")[0] == 'created_by: "5"\nanswer: !!int 3\n'


def test_texts_of_knowledge_and_behind_anchors_are_found() -> None:
    text = "document: {repo: ., commit: 1234567, patterns: [1, a]}\ndomain: &x 7\nanswer: *x\nanswers: [yes]\n"
    mended, paths = with_quoted_texts(text)
    assert (
        mended
        == 'document: {repo: ., commit: "1234567", patterns: ["1", a]}\ndomain: &x "7"\nanswer: *x\nanswers: [yes]\n'
    )
    assert paths == [".document.commit", ".document.patterns[0]", ".domain", ".answer"]
