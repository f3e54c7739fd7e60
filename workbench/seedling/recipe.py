"""The recipe's figures: sizes, stages, rates, seed. Change one and the models are others."""

from dataclasses import dataclass

from workbench.seedling.curriculum import Stage

COPYING = {"echo": 0.45, "short_reading": 0.35, "reading": 0.2}
TRUNK = {"reading": 0.5, "asking": 0.2, "closed_book": 0.22, "echo": 0.08}
TEACHING = {
    "school": 0.42, "reading": 0.04, "stands_alone": 0.03, "table": 0.11, "another_context": 0.05, "skill_answer": 0.07,
    "another_question": 0.06, "good_question": 0.07, "rate_pair": 0.08, "judge": 0.07,
}  # fmt: skip


@dataclass(frozen=True)
class Schooling:
    """Stages under one course of the learning rate: warm-up to `rate`, then a cosine to nothing."""

    name: str
    rate: float
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Shape:
    """A Llama's sizes; the width is a multiple of 256, so that all matrices become true K-quants."""

    vocabulary: int = 1536
    layers: int = 4
    width: int = 256
    inner: int = 768
    heads: int = 8
    context: int = 1024


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, beside the text of the world and the forms."""

    seed: int = 7
    threads: int = 2
    tokenizer_exercises: int = 1500
    shape: Shape = Shape()
    row: int = 320
    warmup: int = 40
    base: Schooling = Schooling("trunk", 6e-3, (Stage("copying", 110, 4096, COPYING), Stage("trunk", 640, 4096, TRUNK)))
    teacher: tuple[Schooling, ...] = (Schooling("teaching", 5e-3, (Stage("teaching", 1900, 4096, TEACHING),)),)

    @property
    def steps(self) -> int:
        """Steps of all schoolings together."""
        return sum(stage.steps for schooling in (self.base, *self.teacher) for stage in schooling.stages)

    @property
    def tokens(self) -> int:
        """Tokens of all schoolings together, about."""
        return sum(stage.steps * stage.tokens for schooling in (self.base, *self.teacher) for stage in schooling.stages)


RECIPE = Recipe()
