import hashlib
import os
import random
import re
import subprocess
import sys
from functools import cache

import pytest

from workbench.seedling import exercises
from workbench.seedling.curriculum import draws, drill_draws
from workbench.seedling.exercises import Exercise
from workbench.seedling.names import Space
from workbench.seedling.passages import new_passage
from workbench.seedling.sample import leaf_files
from workbench.seedling.world import read_question

KINDS = {**draws(7), **drill_draws()}
NAME_OR_NUMBER = re.compile(r"\b(?:[A-Z]\w+|\d+)\b")


@cache
def drawn(kind: str) -> list[Exercise]:
    return [KINDS[kind](random.Random(f"test {kind} {number}")) for number in range(2500)]


def texts(kind: str) -> list[str]:
    return [text for exercise in drawn(kind) for turn in exercise.turns for text in turn]


def turns(form: str, *kinds: str) -> list[tuple[str, str]]:
    """Question and answer of all turns whose question ends as those of a form do."""
    return [turn for kind in kinds for one in drawn(kind) for turn in one.turns if turn[0].endswith(form)]


def test_no_name_and_no_number_of_the_sample_occurs_in_the_recipes_text() -> None:
    said = {word for kind in KINDS for text in texts(kind) for word in re.findall(r"\w+", text.casefold())}
    files = {name: text for name, text in leaf_files().items() if not name.endswith("attribution.txt")}
    # Every name and number of the sample but the plain words of its sentences, which the recipe shares.
    mentioned = {word for text in files.values() for word in NAME_OR_NUMBER.findall(text)}
    invented = {word.casefold() for word in mentioned} - plain_words()
    assert len(invented) > 200
    assert {"firemric", "pelcourt", "gilelholm", "136", "1214"} <= invented
    assert not invented & said


def plain_words() -> set[str]:
    from importlib import resources

    world = resources.files("workbench.seedling").joinpath("world.yaml").read_text("utf-8")
    tables = resources.files("workbench.seedling").joinpath("tables.py").read_text("utf-8")
    head = "version 3 5 Repair the spelling Say this a question in other words Look up Lighthouses Islands HEAD"
    return set(re.findall(r"\w+", f"{world} {tables} {head}".casefold()))


@pytest.mark.parametrize("kind", KINDS)
def test_an_exercise_is_asked_and_answered(kind: str) -> None:
    for exercise in drawn(kind)[:500]:
        assert exercise.turns
        assert all(asked.strip() == asked and said.strip() == said and asked and said for asked, said in exercise.turns)
        assert not re.search(r"[{}]|<\|", " ".join(text for turn in exercise.turns for text in turn))


@pytest.mark.parametrize("kind", KINDS)
def test_exercises_of_a_kind_differ_and_follow_from_the_seed(kind: str) -> None:
    again = [KINDS[kind](random.Random(f"test {kind} {number}")) for number in range(100)]
    assert again == drawn(kind)[:100]
    assert len(set(drawn(kind))) > 300


def digest() -> str:
    first = [KINDS[kind](random.Random(f"digest {kind}")) for kind in sorted(KINDS)]
    return hashlib.sha256(repr(first).encode()).hexdigest()


def test_another_process_draws_the_same() -> None:
    code = "from tests.seedling.test_exercises import digest; print(digest())"
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == digest()


def test_questions_that_are_asked_lead_to_a_fact_of_the_passage() -> None:
    for asked, said in turns("Write a question.", "school", "asking"):
        found = read_question(said)
        assert found
        assert found[0] in asked or not asked.startswith("##")


def test_judgements_say_yes_and_no_about_as_often() -> None:
    verdicts = [said.rsplit(": ", 1) for _, said in turns("Is the answer true to the text?", "school")]
    share = sum(verdict == "YES" for _, verdict in verdicts) / len(verdicts)
    assert len(verdicts) > 1000
    assert 0.4 < share < 0.6


def test_a_yes_repeats_the_answer_and_a_no_says_another() -> None:
    for asked, said in turns("Is the answer true to the text?", "school"):
        value, verdict = said.rsplit(": ", 1)
        answer = re.search(r"\nAnswer: (.*)\n", asked)
        assert answer
        assert (answer[1] == value) == (verdict == "YES")


def test_of_what_a_text_does_not_state_nothing_is_read() -> None:
    verdicts = [said for _, said in turns("Is the answer true to the text?", "stated_of_which", "stated_or_not")]
    share = verdicts.count("nothing: NO") / len(verdicts)
    assert 0.25 < share < 0.5
    assert "nothing: YES" not in verdicts


@pytest.mark.parametrize(
    ("form", "kind", "verdicts"),
    [
        ("does the text answer it?", "school", {"1 1", "1 0", "0 0"}),
        ("Does it stand alone?", "stands_alone", {"0", "1"}),
        ("Is it a good question?", "good_question", {"0", "1"}),
        ("Rate the pair from 1 to 3.", "rate_pair", {"1", "2", "3"}),
        ("Rate the answer from 1 to 10.", "judge", {"[[1]]", "[[3]]", "[[5]]", "[[10]]"}),
        ("Answer with the letter.", "school", set("ABCD")),
    ],
)
def test_every_verdict_is_taught(form: str, kind: str, verdicts: set[str]) -> None:
    said = [answer for _, answer in turns(form, kind)]
    assert set(said) == verdicts
    assert min(said.count(verdict) for verdict in verdicts) > 0.05 * len(said)


def test_what_stands_alone_names_whom_it_asks_about() -> None:
    for asked, said in turns("Does it stand alone?", "stands_alone"):
        question = asked.split("\n")[0].removeprefix("Question: ")
        assert (read_question(question) is not None) == (said == "1")


def test_wrong_answers_are_three_and_wrong() -> None:
    for asked, said in turns("Write three wrong answers.", "school"):
        right = re.search(r"\nAnswer: (.*)\n", asked)
        assert right
        assert len({*said.split("\n"), right[1]}) == 4


def test_a_repaired_sentence_is_another_and_a_reworded_question_asks_the_same() -> None:
    for exercise in drawn("skill_answer"):
        ((asked, said),) = exercise.turns
        task, text = asked.split(": ", 1)
        assert text != said
        if task == "Say this in other words":
            assert read_question(text) == read_question(said) is not None
        else:
            assert len(text.split()) == len(said.split())


def test_an_echo_says_it_again() -> None:
    assert all(asked.endswith(said) for one in drawn("echo") for asked, said in one.turns)


def test_the_answers_of_tables_are_their_cells() -> None:
    for exercise in drawn("table")[:500]:
        table = exercise.turns[0][0].split("\n\n")[0]
        for asked, said in exercise.turns:
            if "Rate the pair" in asked:
                assert f"|{said.rsplit(': ', 1)[0]}" in table
            elif "Write a question" not in asked and "good question" not in asked:
                assert f"|{said}" in table


def test_a_wrong_value_is_wrong() -> None:
    rng = random.Random(1)
    swapped = 0
    for _ in range(500):
        passage = new_passage(rng, Space.RECIPE)
        fact = rng.choice(passage.facts)
        wrong = exercises.wrong_value(rng, fact, passage, Space.RECIPE)
        assert wrong != fact.value
        swapped += wrong in {other.value for other in passage.facts}
    assert 150 < swapped < 350


def test_an_absent_fact_is_not_in_the_passage() -> None:
    rng = random.Random(1)
    for _ in range(300):
        passage = new_passage(rng, Space.RECIPE)
        absent = exercises.absent_fact(rng, passage, Space.RECIPE)
        stated = {(fact.entity, fact.relation.key) for fact in passage.facts}
        assert absent is None or (absent.entity, absent.relation.key) not in stated
