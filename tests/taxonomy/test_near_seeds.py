from collections.abc import Sequence

import pytest

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.near_seeds import check_likeness
from workbench.taxonomy.qna import Kind, qna_of
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.yaml_file import parse_yaml

LONG = "Which of the boats that lie in the long harbour of the old town belongs to the man who mends the nets"


def _found(text: str, kind: Kind) -> list[Finding]:
    file = parse_yaml(text, "qna.yaml")
    return list(check_likeness(file, qna_of(file, kind)))


def _skill(seeds: Sequence[tuple[str, ...]]) -> list[Finding]:
    names = ("question", "answer", "context")
    lines = ["seed_examples:"]
    for seed in seeds:
        lines += [f"  {'-' if not n else ' '} {names[n]}: {text}" for n, text in enumerate(seed)]
    return _found("\n".join(lines) + "\n", "skill")


@pytest.mark.parametrize("kind", ["skill", "knowledge"])
def test_seeds_of_one_pattern_are_none(kind: Kind) -> None:
    assert _found(starting_files(kind)["qna.yaml"], kind) == []


def test_a_question_that_comes_again_is_pointed_at() -> None:
    [found] = _skill([("Why?", "a"), ("How?", "b"), ("why ?", "c")])
    assert (found.code, found.severity, found.yaml_path, found.line) == (
        "repeated-question",
        "warning",
        ".seed_examples[2].question",
        6,
    )
    assert found.message == "the same question as in line 2"


def test_the_same_question_about_another_context_is_another() -> None:
    assert _skill([("Sum it up.", "a", "One text."), ("Sum it up.", "b", "Another text.")]) == []


def test_nearly_the_same_is_advice() -> None:
    [found] = _skill([(f"{LONG}?", "The blue one."), ("Why?", "So."), (f"{LONG} today?", "The blue one.")])
    assert (found.code, found.severity, found.yaml_path) == ("near-duplicate", "advice", ".seed_examples[2].question")
    assert found.message == "nearly the same question as in line 2"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (f"{LONG} today?", "The red one."),
        (f"{LONG} in 1905?", "The blue one."),
        ("Is 7 prime?", "The blue one."),
        (LONG.replace("boats", "ships").replace("long", "deep").replace("old", "new"), "The blue one."),
    ],
)
def test_what_differs_in_number_answer_or_several_words_is_another(question: str, answer: str) -> None:
    assert _skill([(f"{LONG}?", "The blue one."), (question, answer)]) == []


def test_contexts_of_knowledge_are_compared_and_questions_within_one() -> None:
    pairs = "    questions_and_answers:\n" + "".join(f"      - {{question: q{n % 2}, answer: a}}\n" for n in range(3))
    text = "seed_examples:\n" + "".join(
        f"  - context: {one}\n{pairs}" for one in (LONG, "else", f"**{LONG}**", f"{LONG}!")
    )
    found = _found(text.replace("**", ""), "knowledge")
    assert [(one.code, one.yaml_path) for one in found if "question" not in one.code] == [
        ("repeated-context", ".seed_examples[2].context"),
        ("near-duplicate", ".seed_examples[3].context"),
    ]
    assert [one.yaml_path for one in found if one.code == "repeated-question"] == [
        f".seed_examples[{n}].questions_and_answers[2].question" for n in range(4)
    ]


def test_every_twin_is_found_that_comparing_all_pairs_finds() -> None:
    import random

    from workbench.taxonomy.near_seeds import _is_like, _Item, _twins

    rng = random.Random(4)
    items = []
    for number in range(150):
        words = [f"w{rng.choice('abcdefghij')}{rng.choice('klm')}" for _ in range(rng.randrange(3, 25))]
        copies = [list(words) for _ in range(2)]
        copies[1][rng.randrange(len(words))] = "other"
        items += [_Item((number,), (tuple(copy), ("same",))) for copy in copies]
    slow = {id(item) for place, item in enumerate(items) if any(_is_like(one, item) for one in items[:place])}
    assert {id(second) for _, second in _twins(items)} == slow
    assert 50 < len(slow) < 150
