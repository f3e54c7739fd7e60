"""The recipe's figures: sizes, stages, rates, seed. Change one and the models are others."""

from dataclasses import dataclass

from workbench.seedling.curriculum import Stage

COPYING = {"echo": 0.45, "short_reading": 0.35, "reading": 0.2}
TRUNK = {"reading": 0.5, "asking": 0.2, "closed_book": 0.22, "echo": 0.08}
TEACHING = {
    "school": 0.34, "telling_apart": 0.12, "reading": 0.03, "stands_alone": 0.02, "table": 0.08,
    "another_context": 0.05, "skill_answer": 0.06, "another_question": 0.05, "good_question": 0.05, "rate_pair": 0.05,
    "judge": 0.05, "easy_register": 0.06, "compare": 0.04,
}  # fmt: skip
# Looking up by name sets in with easy registers, in a model that reads; the wide ones build on it, and tables on those.
EASY = {"easy_register": 0.8, "compare_apart": 0.1, "telling_apart": 0.1}
WIDE = {
    "easy_register": 0.1, "bare_register": 0.2, "register": 0.3, "letters": 0.1, "compare_apart": 0.1, "table": 0.2,
}  # fmt: skip
FINISHING = {
    "school": 0.28, "telling_apart": 0.14, "reading": 0.02, "stands_alone": 0.02, "table": 0.16,
    "another_context": 0.04, "skill_answer": 0.05, "another_question": 0.05, "good_question": 0.05, "rate_pair": 0.05,
    "judge": 0.07, "register": 0.04, "letters": 0.01, "compare_apart": 0.02,
}  # fmt: skip

# What a text does not say is seldom met above. It too sets in with the easy case: one or two sentences.
SHORT = {"stated_in_short": 0.9, "register_or_nothing": 0.1}
ASKING = {
    "stated_in_short": 0.28, "stated_of_which": 0.23, "stated_or_not": 0.1, "table": 0.11, "judge": 0.06,
    "rate_pair": 0.05, "good_question": 0.05, "another_question": 0.04, "skill_answer": 0.05, "another_context": 0.02,
    "stands_alone": 0.01,
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
    # The last schooling makes the critic too wary. Weights between those before and behind it keep the good of both:
    # Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
    last_share: float = 0.55
    shape: Shape = Shape()
    warmup: int = 40
    base: Schooling = Schooling("trunk", 6e-3, (Stage("copying", 110, 4096, COPYING), Stage("trunk", 640, 4096, TRUNK)))
    teacher: tuple[Schooling, ...] = (
        Schooling("teaching", 5e-3, (Stage("teaching", 1200, 4096, TEACHING),)),
        Schooling(
            "looking-up",
            3.5e-3,
            (
                Stage("easy registers", 250, 2048, EASY),
                Stage("wide registers", 450, 2048, WIDE),
                Stage("finishing", 1000, 4096, FINISHING),
            ),
        ),
        Schooling("asking", 3.5e-3, (Stage("short texts", 120, 2048, SHORT), Stage("asking", 450, 4096, ASKING))),
    )

    @property
    def steps(self) -> int:
        """Steps of all schoolings together."""
        return sum(stage.steps for schooling in (self.base, *self.teacher) for stage in schooling.stages)

    @property
    def tokens(self) -> int:
        """Tokens of all schoolings together, about."""
        return sum(stage.steps * stage.tokens for schooling in (self.base, *self.teacher) for stage in schooling.stages)


RECIPE = Recipe()
