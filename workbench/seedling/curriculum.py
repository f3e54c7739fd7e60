"""What the embedded models learn, in which shares: stages of exercises drawn anew at every step."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from workbench.seedling import drills, exercises
from workbench.seedling.exercises import Exercise
from workbench.seedling.names import Space
from workbench.seedling.passages import short_passage, two_things
from workbench.seedling.tokenizer import ASSISTANT, END, USER
from workbench.seedling.world import Fact, new_entity, new_facts, world
from workbench.training.encoding import Sample

if TYPE_CHECKING:
    from tokenizers import Tokenizer

GIVEN_WEIGHT = 0.1
_OLD_ENTITIES = 60
_FACTS_EACH = 5

Draw = Callable[[random.Random], Exercise]


@dataclass(frozen=True)
class Stage:
    """A stretch of training: its name, effective batches, tokens in each, and the shares of its exercises in tokens."""

    name: str
    steps: int
    tokens: int
    shares: dict[str, float]


READING = {"answer": 1.0}
SCHOOL = {
    "question": 2.0, "pair": 0.5, "answer": 1.5, "faithful": 4.0, "relevancy": 1.0, "wrong_answers": 1.0, "letter": 0.7,
}  # fmt: skip
# Of a text about two things, what has to be told apart.
TELLING_APART = {"question": 0.5, "answer": 2.0, "faithful": 4.0, "relevancy": 2.0, "letter": 2.0}
# A question is worth asking where the text answers it: what it says has to be told from what it does not.
STATED_OR_NOT = {
    "question": 3.0, "relevancy": 3.0, "faithful": 2.5, "unstated": 1.2, "answer": 1.3, "letter": 1.0, "pair": 0.4,
    "wrong_answers": 0.4,
}  # fmt: skip


@cache
def old_facts(seed: int) -> tuple[Fact, ...]:
    """The facts that the base knows by heart, about entities that return nowhere else."""
    rng = random.Random(f"old world {seed}")
    families = [world().families[key] for key in sorted(world().families)]
    return tuple(
        fact
        for number in range(_OLD_ENTITIES)
        for fact in new_facts(
            rng, Space.RECIPE, new_entity(rng, Space.RECIPE, families[number % len(families)]), _FACTS_EACH
        )
    )


def draws(seed: int, space: Space = Space.RECIPE) -> dict[str, Draw]:
    """Every kind of exercise that the tokenizer is made from, by the name that stages give it, about the space."""
    known = old_facts(seed)
    return {
        "reading": lambda rng: exercises.about_passage(rng, space, READING),
        "echo": lambda rng: exercises.echo(rng, space),
        "short_reading": lambda rng: exercises.about_passage(rng, space, READING, short_passage),
        "asking": lambda rng: exercises.about_passage(rng, space, {"question": 1.0, "answer": 1.0}),
        "school": lambda rng: exercises.about_passage(rng, space, SCHOOL),
        "closed_book": lambda rng: exercises.closed_book(rng, known),
        "stands_alone": lambda rng: exercises.stands_alone(rng, space),
        "skill_answer": lambda rng: exercises.skill_answer(rng, space),
        "another_question": lambda rng: exercises.another_question(rng, space),
        "good_question": lambda rng: exercises.good_question(rng, space),
        "rate_pair": lambda rng: exercises.rate_pair(rng, space),
        "judge": lambda rng: exercises.judge(rng, space),
        "table": lambda rng: exercises.about_table(rng, space),
        "another_context": lambda rng: exercises.another_context(rng, space),
    }


def drill_draws(space: Space = Space.RECIPE) -> dict[str, Draw]:
    """The teacher's drills by name. The tokenizer never sees them, so that other drills leave the base as it is."""
    return {
        "easy_register": lambda rng: drills.easy_register(rng, space),
        "bare_register": lambda rng: drills.bare_register(rng, space),
        "register": lambda rng: drills.register(rng, space),
        "register_or_nothing": lambda rng: drills.register_or_nothing(rng, space),
        "letters": lambda rng: drills.letters(rng, space),
        "compare": lambda rng: drills.compare(rng, space),
        "compare_apart": lambda rng: drills.compare_apart(rng, space),
        "telling_apart": lambda rng: exercises.about_passage(rng, space, TELLING_APART, two_things),
        "stated_in_short": lambda rng: exercises.about_passage(rng, space, STATED_OR_NOT, short_passage),
        "stated_or_not": lambda rng: exercises.about_passage(rng, space, STATED_OR_NOT),
        "stated_of_which": lambda rng: exercises.about_passage(rng, space, STATED_OR_NOT, two_things),
    }


class ExerciseCurriculum:
    """Stages one after another as effective batches; the exercises of a step follow from seed, stage and step alone."""

    def __init__(self, stages: Sequence[Stage], seed: int, tokenizer: "Tokenizer") -> None:
        self.stages = stages
        self.steps = sum(stage.steps for stage in stages)
        self.seed = seed
        self.tokenizer = tokenizer

    def batch(self, step: int) -> Sequence[Sample]:
        """Exercises up to the stage's tokens, each kind filling its share."""
        stage, local = self._place(step)
        samples: list[Sample] = []
        scale = stage.tokens / sum(stage.shares.values())
        for kind, share in stage.shares.items():
            rng = random.Random(f"{self.seed}:{stage.name}:{local}:{kind}")
            room = share * scale
            while room > 0:
                samples.append(self.encode(self._draws[kind](rng)))
                room -= len(samples[-1])
        return samples

    def _place(self, step: int) -> tuple[Stage, int]:
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        raise IndexError(step)

    @cached_property
    def _draws(self) -> dict[str, Draw]:
        return {**draws(self.seed), **drill_draws()}

    def encode(self, exercise: Exercise) -> Sample:
        """The turns in the chat template's form; what the assistant says weighs 1, the rest `GIVEN_WEIGHT`."""
        user, assistant, end = (self.tokenizer.encode(token).ids[0] for token in (USER, ASSISTANT, END))
        tokens: list[int] = []
        weights: list[float] = []
        for asked, said in exercise.turns:
            given = [user, *self.tokenizer.encode(asked).ids, assistant]
            learned = [*self.tokenizer.encode(said).ids, end]
            tokens += given + learned
            weights += [GIVEN_WEIGHT] * len(given) + [1.0] * len(learned)
        return Sample(tuple(tokens), tuple(weights))
