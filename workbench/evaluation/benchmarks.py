"""The benchmarks there are: how each is asked, on which scale it is scored, and what its pure chance is."""

from dataclasses import dataclass
from typing import Literal

from workbench.evaluation.options import BENCHMARKS

Way = Literal["choices", "answers", "ratings"]
Who = Literal["base", "trained"]
WHO: tuple[Who, Who] = ("base", "trained")


@dataclass(frozen=True)
class Scale:
    """A score lies between `low` and `high`; `chance` is what guessing gets, None where nobody can guess."""

    low: float = 0.0
    high: float = 1.0
    chance: float | None = None

    @property
    def counts(self) -> bool:
        """Whether an item is right or wrong, and the score the share of the right ones."""
        return (self.low, self.high) == (0.0, 1.0)

    def share(self, score: float) -> float:
        """The score as a part of the scale, from 0 to 1."""
        return (score - self.low) / (self.high - self.low)

    def value(self, share: float) -> float:
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Benchmark:
    """`way`: a choice by log-likelihood, an answer compared with the expected one, or an answer rated by a judge.

    A `loose` comparison takes an answer that has the names and numbers of the expected one. A `control` tells of the
    base alone, and is asked of the trained model only when that is wanted. `set` says whose questions they are, where
    there are several sets.
    """

    name: str
    title: str
    way: Way
    scale: Scale = Scale()
    control: bool = False
    set: str = ""
    loose: bool = False


_TABLE = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("proof", "Proof questions", "choices", Scale(chance=0.25)),
        Benchmark("reading", "Proof questions with their passage", "choices", Scale(chance=0.25), control=True),
        Benchmark("mmlu", "General questions", "choices", Scale(chance=0.25)),
        Benchmark("mmlu_branch", "Questions of the data run", "choices", Scale(chance=0.25)),
        Benchmark("heldout", "Held-out answers", "answers"),
        Benchmark("seeds", "Seed questions", "answers", loose=True),
        Benchmark("rows", "Training rows, asked again", "answers", loose=True),
        Benchmark("mt_bench", "Conversations, rated by the judge", "ratings", Scale(1.0, 10.0)),
        Benchmark("mt_bench_branch", "Seed examples, rated by the judge", "ratings", Scale(1.0, 10.0)),
    )
}


def benchmark(name: str) -> Benchmark:
    """By its name, which the options have checked."""
    return _TABLE[name]


def all_benchmarks() -> list[Benchmark]:
    return [_TABLE[name] for name in BENCHMARKS]
