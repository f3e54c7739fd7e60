from pathlib import Path

from tests.taxonomy.conftest import KNOWLEDGE
from workbench.taxonomy.qna import Qna, qna_of
from workbench.taxonomy.seed_changes import compare_seeds, compare_texts
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.yaml_file import parse_yaml

TEXT = starting_files("skill")["qna.yaml"]


def _qna(text: str) -> Qna:
    return qna_of(parse_yaml(text, "qna.yaml"), "skill")


def test_all_examples_of_a_new_leaf_are_added() -> None:
    changes = compare_seeds(None, _qna(TEXT))
    assert (len(changes.added), changes.summary) == (5, "5 added")


def test_examples_that_only_moved_are_unchanged() -> None:
    head, *seeds = TEXT.split("  - question")
    moved = "  - question".join([head + "\n\n", *reversed(seeds)])
    assert compare_seeds(_qna(TEXT), _qna(moved)).summary == "unchanged"


def test_an_edit_is_told_from_a_removal_and_an_addition() -> None:
    after = TEXT.replace("It is noon.", "It is twelve o'clock, noon.")
    after = after.replace("How is 07:30 said on a 12-hour clock?", "What does a sundial show at night?")
    after = after.replace("It is half past seven in the morning.", "Nothing.")
    changes = compare_seeds(_qna(TEXT), _qna(after))
    assert changes.summary == "1 added, 1 removed, 1 edited"
    [(old, new)] = changes.edited
    assert (old.pairs[0].answer, new.pairs[0].answer) == ("It is noon.", "It is twelve o'clock, noon.")
    assert changes.added[0].pairs[0].answer == "Nothing."


def test_a_new_pair_edits_its_context(tree: Path) -> None:
    text = (tree / KNOWLEDGE / "qna.yaml").read_text()
    after = text.replace(
        "answer: Everyone.\n", "answer: Everyone.\n      - question: Why?\n        answer: To learn.\n"
    )
    assert compare_seeds(_qna(text), _qna(after)).summary == "1 edited"


def test_a_new_question_to_the_same_answer_is_an_edit() -> None:
    after = TEXT.replace("How is 07:30 said on a 12-hour clock?", "What do you say at that time?")
    [(old, new)] = compare_seeds(_qna(TEXT), _qna(after)).edited
    assert (old.pairs[0].answer, new.pairs[0].question) == (new.pairs[0].answer, "What do you say at that time?")


def test_those_most_alike_belong_together_whatever_their_order() -> None:
    before = [("What is the colour of the first door?", "Red."), ("What is the colour of the last door?", "Red.")]
    after = [("What is the exact colour of the last door?", "Red."), ("What is the colour of the front door?", "Red.")]
    texts = [
        "seed_examples:\n" + "".join(f"- {{question: '{q}', answer: {a}}}\n" for q, a in m) for m in (before, after)
    ]
    changes = compare_seeds(*map(_qna, texts))
    assert [(old.line, new.line) for old, new in changes.edited] == [(3, 2), (2, 3)]


def test_the_same_example_several_times_is_counted() -> None:
    one = "- {question: a, answer: b}\n"
    twice, thrice = (_qna("seed_examples:\n" + one * count) for count in (2, 3))
    assert compare_seeds(twice, thrice).summary == "1 added"
    assert compare_seeds(thrice, twice).summary == "1 removed"


def test_what_was_edited_in_an_example_is_told_by_its_number(tree: Path) -> None:
    text = (tree / KNOWLEDGE / "qna.yaml").read_text()
    after = text.replace("Ten crowns a year.", "Six crowns.").replace("Anyone who is sixteen", "Anyone who is fifteen")
    after = after.replace("What do new members of the tool library show?", "What is shown?", 1)
    after = after.replace(
        "A letter with their address.\n", "A letter with their address.\n      - {question: Why, answer: So.}\n", 2
    )
    [(old, new)] = compare_seeds(_qna(text), _qna(after)).edited
    told = [(change.name, change.before[:12], change.after[:12]) for change in compare_texts(old, new)]
    assert ("answer 2", "Ten crowns a", "Six crowns.") in told
    assert ("question 3", "What do new ", "What is show") in told
    assert ("question 4", "", "Why") in told
    assert told[0] == ("context", "Anyone who i", "Anyone who i")
    assert not any("question 1" in name for name, _, _ in told)


def test_a_pair_that_went_is_told_last() -> None:
    before, after = (
        "seed_examples:\n- context: c\n  questions_and_answers:\n" + pairs
        for pairs in ("  - {question: a, answer: b}\n  - {question: c, answer: d}\n", "  - {question: c, answer: e}\n")
    )
    [(old, new)] = compare_seeds(_qna(before), _qna(after)).edited
    assert [(one.name, one.before, one.after) for one in compare_texts(old, new)] == [
        ("answer 1", "d", "e"),
        ("question 2", "a", ""),
        ("answer 2", "b", ""),
    ]


def test_thousands_of_new_examples_end() -> None:
    before, after = (
        _qna("seed_examples:\n" + "".join(f"- {{question: q{n}, answer: {word} {n}}}\n" for n in range(400)))
        for word in ("yes", "no")
    )
    assert compare_seeds(before, after).summary == "400 edited"
