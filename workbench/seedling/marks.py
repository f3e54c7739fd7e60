"""Marks by form: how often a model answers an exercise as it should, on names that no training text holds."""

import random
from collections import Counter
from functools import partial

from workbench.engines.engine import Engine, Request, Sampling
from workbench.messages import Message
from workbench.seedling import exercises
from workbench.seedling.curriculum import Draw, draws
from workbench.seedling.exercises import Exercise
from workbench.seedling.names import Space

# The exercises of these names have one right answer; the others are matters of taste.
_ALONE = ("stands_alone", "good_question", "rate_pair", "judge")
_ABOUT_PASSAGE = ("answer", "faithful", "relevancy", "letter")
_ABOUT_TABLE = ("answer", "good", "rating")
_LONGEST = 60


def marks(engine: Engine, count: int, seed: int) -> dict[str, float]:
    """The share of `count` exercises of each form that the model answers greedily and right to the letter."""
    expected: dict[str, str] = {}
    with engine.session() as session:
        for form, draw in forms().items():
            rng = random.Random(f"marks {seed} {form}")
            for number in range(count):
                asked, said = draw(rng).turns[0]
                tag = f"{form} {number}"
                expected[tag] = said
                message = Message(role="user", content=asked)
                session.submit(Request(tag, messages=(message,), sampling=Sampling(max_tokens=_LONGEST)))
        right = Counter(
            done.request.tag.rpartition(" ")[0] for done in session if done.text.strip() == expected[done.request.tag]
        )
    return {form: right[form] / count for form in forms()}


def forms() -> dict[str, Draw]:
    """An exercise of each form by its name."""
    space = Space.TRIAL
    known = draws(0, space)
    about = {form: partial(_of_passage, form=form) for form in _ABOUT_PASSAGE}
    return {
        **about,
        **{form: known[form] for form in _ALONE},
        **{f"table {form}": partial(_of_table, form=form) for form in _ABOUT_TABLE},
        "repair": lambda rng: Exercise("repair", (exercises.repair_question(rng, space),)),
    }


def _of_passage(rng: random.Random, form: str) -> Exercise:
    return exercises.about_passage(rng, Space.TRIAL, {form: 1.0})


def _of_table(rng: random.Random, form: str) -> Exercise:
    return exercises.about_table(rng, Space.TRIAL, (form,))
