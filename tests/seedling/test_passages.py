import random

from workbench.seedling.names import Space
from workbench.seedling.passages import Passage, new_passage, sentence, short_passage, two_things
from workbench.seedling.world import world

PASSAGES = [new_passage(random.Random(f"{number}"), Space.RECIPE) for number in range(300)]


def test_every_fact_is_stated() -> None:
    for passage in PASSAGES:
        assert all(fact.value in passage.text for fact in passage.facts)
        assert all(entity.name in passage.text for entity in passage.entities)
        assert len({(fact.entity.name, fact.relation.key) for fact in passage.facts}) == len(passage.facts)


def body(passage: Passage) -> str:
    return passage.text.split("\n\n")[-1]


def test_a_pronoun_never_leaves_open_who_is_meant() -> None:
    for passage in PASSAGES:
        first = body(passage).split(". ")[0]
        assert any(entity.name in first for entity in passage.entities)
        if len(passage.entities) == 2:
            sentences = body(passage).rstrip(".").split(". ")
            assert len(sentences) == len(passage.facts)
            assert all(any(entity.name in one for entity in passage.entities) for one in sentences)


def test_a_heading_names_the_one_it_is_about() -> None:
    headed = [passage for passage in PASSAGES if passage.text.startswith("## ")]
    assert 50 < len(headed) < 250
    assert all(passage.text.split("\n")[0] == f"## {passage.entities[0].name}" for passage in headed)
    assert all(len(passage.entities) == 1 for passage in headed)


def test_passages_are_of_many_kinds() -> None:
    assert {len(passage.entities) for passage in PASSAGES} == {1, 2}
    assert {len(passage.facts) for passage in PASSAGES} == {3, 4, 5, 6}
    assert {passage.entities[0].family for passage in PASSAGES} == set(world().families)
    assert any(filler in passage.text for passage in PASSAGES for filler in world().fillers)
    assert any(" It " in passage.text for passage in PASSAGES)


def test_two_of_a_passage_have_two_names() -> None:
    for passage in PASSAGES:
        assert len({entity.name for entity in passage.entities}) == len(passage.entities)


def test_a_short_passage_has_one_or_two_facts() -> None:
    drawn = [short_passage(random.Random(f"{number}"), Space.RECIPE) for number in range(100)]
    assert {len(passage.facts) for passage in drawn} == {1, 2}
    assert {len(passage.entities) for passage in drawn} == {1}


def test_a_sentence_without_the_name_says_it() -> None:
    fact = PASSAGES[0].facts[0]
    said = {sentence(random.Random(n), fact, named=False) for n in range(40)}
    assert len(said) == 4
    assert all(("It " in one or " it" in one) and fact.entity.name not in one for one in said)


def test_equal_seeds_give_equal_passages() -> None:
    assert [new_passage(random.Random(f"{number}"), Space.RECIPE) for number in range(300)] == PASSAGES


def test_a_passage_about_two_things_names_both() -> None:
    for number in range(100):
        passage = two_things(random.Random(f"two {number}"), Space.RECIPE)
        assert len({entity.name for entity in passage.entities}) == 2
        assert len({entity.family for entity in passage.entities}) == 1
        assert all(entity.name in passage.text for entity in passage.entities)
