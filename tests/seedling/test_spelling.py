import random
import re

from workbench.seedling.spelling import misspell

SENTENCE = "The keeper of Firemric Light looks after visitors from 1214 on, whatever the weather."


def changed(sentence: str, rng: random.Random) -> list[tuple[str, str]]:
    wrong = misspell(rng, sentence)
    pairs = zip(sentence.split(" "), wrong.split(" "), strict=True)
    return [(right, made) for right, made in pairs if right != made]


def test_one_or_two_words_are_misspelt() -> None:
    counts = {len(changed(SENTENCE, random.Random(number))) for number in range(200)}
    assert {1, 2} <= counts <= {0, 1, 2}, "two equal letters may have changed places"


def test_names_numbers_and_short_words_stay() -> None:
    for number in range(300):
        for right, made in changed(SENTENCE, random.Random(number)):
            assert re.fullmatch(r"[a-z]{4,}[.,]?", right)
            assert abs(len(made) - len(right)) <= 1
            assert made[0] == right[0]
            assert sorted(set(made)) == sorted(set(made) & set(right))


def test_a_sentence_without_such_words_stays() -> None:
    assert misspell(random.Random(1), "Firemric Light was old in 1214") == "Firemric Light was old in 1214"


def test_equal_seeds_misspell_alike() -> None:
    assert misspell(random.Random(9), SENTENCE) == misspell(random.Random(9), SENTENCE)
