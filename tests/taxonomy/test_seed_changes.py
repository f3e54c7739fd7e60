from pathlib import Path

from tests.taxonomy.conftest import KNOWLEDGE
from workbench.taxonomy.qna import Qna, qna_of
from workbench.taxonomy.seed_changes import compare_seeds
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
