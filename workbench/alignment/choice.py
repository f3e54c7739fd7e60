"""Which checkpoint of a phase goes on: by what it is chosen, and when one is better than the last."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from workbench.alignment.exam import Exam
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import PhasePlan, Rule
from workbench.errors import OptionsError
from workbench.evaluation.questions import Key
from workbench.records import read_json, write_json
from workbench.training.phase_spec import told

# With fewer questions even one checkpoint that is much better than another would not be found out.
LEAST_QUESTIONS = 30
_NOISE = 0.05
_RECORD = "choice.json"
Values = Mapping[Key, float]


@dataclass(frozen=True)
class Candidate:
    """`score` is on the scale of what it is chosen by, None where nothing could be scored; of a benchmark `interval` is
    that of 95 %, `better` and `worse` are the questions that it answers better and worse than the last checkpoint."""

    name: str
    score: float | None
    interval: tuple[float, float] | None = None
    better: int = 0
    worse: int = 0


@dataclass(frozen=True)
class Choice:
    """The checkpoint `chosen`, by what and why by that (`reason`), why it and no other (`because`)."""

    chosen: str
    by: str
    reason: str
    because: str
    candidates: tuple[Candidate, ...] = field(default=())

    def record(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self)

    def write(self, folder: Path) -> None:
        write_json(folder / _RECORD, self.record())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a phase's folder says was chosen, None while nothing is."""
        path = folder / _RECORD
        if not path.is_file():
            return None
        with told(path, "delete it: the checkpoint is chosen again"):
            return cls.from_record(read_json(path))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(**{**record, "candidates": tuple(map(_candidate, record["candidates"]))})


def _candidate(record: Mapping[str, Any]) -> Candidate:
    low_high = record["interval"]
    return Candidate(**{**record, "interval": tuple(low_high) if low_high else None})


def find_rule(options: AlignmentOptions, phase: PhasePlan, exam: Exam) -> Rule:
    """As wished, or what suits the phase and why; OptionsError or EvaluationError for what cannot choose here.

    A benchmark goes before the loss on rows set aside, which begins to rise while answers still become better.
    """
    if phase.epochs == 1:
        return Rule("last", "there is one epoch, and so one checkpoint")
    if options.choose_by == "auto":
        return _suitable(options, phase, exam)
    if options.choose_by == "validation_loss" and not options.validation_share:
        raise OptionsError(
            "choose_by validation_loss and validation_share 0: no loss is measured",
            hint="give validation_share 0.05, or choose_by auto",
        )
    kept_for = {"last": ("last",), "best": ("last", "validation_loss")}.get(options.keep_checkpoints)
    if kept_for and options.choose_by not in kept_for:
        raise OptionsError(
            f"choose_by {options.choose_by} and keep_checkpoints {options.keep_checkpoints}: no others are kept to "
            "choose from",
            hint="give keep_checkpoints chosen, which keeps all until one is chosen",
        )
    if options.choose_by not in ("last", "validation_loss"):
        exam.plan([options.choose_by])
    return Rule(options.choose_by, "it was asked for")


def _suitable(options: AlignmentOptions, phase: PhasePlan, exam: Exam) -> Rule:
    if options.keep_checkpoints == "last":
        return Rule("last", "keep_checkpoints last leaves no other")
    if options.keep_checkpoints == "best":
        return Rule("validation_loss", "keep_checkpoints best keeps that one")
    name, few = _benchmark(phase, exam)
    count = exam.count(name) if name else 0
    if count >= LEAST_QUESTIONS:
        exam.plan([name])
        return Rule(name, f"its {count} questions are about what the phase teaches")
    few = few or f"{name} has {count} questions, too few to tell checkpoints apart"
    if options.validation_share:
        return Rule("validation_loss", few)
    return Rule("last", f"{few}, and no rows are set aside for validation")


def _benchmark(phase: PhasePlan, exam: Exam) -> tuple[str, str]:
    """The benchmark that suits a phase, or why there is none.

    Knowledge by multiple choice and skills by ratings, as InstructLab does; by held-out answers where no judge is
    there whose ratings mean much. None of them is the proof, which must not have been used before."""
    if not exam.data:
        return "", "files of one's own come without questions"
    if phase.number == 1:
        return "mmlu_branch", ""
    if exam.judged:
        return "mt_bench_branch", ""
    return ("heldout", "") if exam.compact else ("", "the embedded judge's ratings do not tell checkpoints apart")


def last_of(rule: Rule, names: Sequence[str]) -> Choice:
    """The checkpoint at the end of the phase."""
    return Choice(names[-1], rule.by, rule.reason, "it is the end of the phase")


def lowest_of(rule: Rule, losses: Mapping[str, float | None]) -> Choice:
    """The checkpoint with the lowest validation loss, the earlier of equals; the last where none was measured."""
    measured = {name: loss for name, loss in losses.items() if loss is not None}
    if not measured:
        return last_of(Rule("last", f"{rule.reason}, but there were too few rows to set some aside"), [*losses])
    best = min(measured, key=measured.__getitem__)
    candidates = tuple(Candidate(name, loss) for name, loss in losses.items())
    return Choice(best, rule.by, rule.reason, f"its loss of {measured[best]:.3f} is the lowest", candidates)


def best_of(rule: Rule, values: Mapping[str, Values], scores: Mapping[str, Mapping[str, Any]]) -> Choice:
    """The last checkpoint, unless an earlier one answers measurably better; then the best of those, the earlier of
    equals.

    `values` say by checkpoint what each question counted, in the order of training; `scores` are the results' own.
    Measurably: a sign test over the questions that one answers better than the other, one-sided, at 5 % divided by the
    number of earlier checkpoints, as Bonferroni has it. Equal within the noise goes to the last, because the learning
    rate has fallen there: a checkpoint on the way is a model in full motion.
    """
    *earlier, last = values
    candidates = []
    for name in values:
        better, worse = compared(values[name], values[last])
        found = scores[name]
        interval = tuple(found["interval"]) if found["interval"] else None
        candidates.append(Candidate(name, found["score"], interval, better, worse))
    sure = [one for one in candidates if one.name != last and _luck(one.better, one.worse) <= _NOISE / len(earlier)]
    if not sure:
        because = "no earlier checkpoint answers better by more than noise"
        return Choice(last, rule.by, rule.reason, because, tuple(candidates))
    best = max(sure, key=lambda one: one.score or 0.0)
    because = f"it answers {best.better} questions better than the last checkpoint and {best.worse} worse"
    return Choice(best.name, rule.by, rule.reason, because, tuple(candidates))


def compared(one: Values, other: Values) -> tuple[int, int]:
    """Questions on which one is better, and on which it is worse; what only one could be asked does not count."""
    both = one.keys() & other.keys()
    return sum(one[key] > other[key] for key in both), sum(one[key] < other[key] for key in both)


def _luck(better: int, worse: int) -> float:
    """How likely it is that a fair coin falls on one side at least so often."""
    tosses = better + worse
    ways = sum(math.comb(tosses, heads) for heads in range(better, tosses + 1))
    return ways / (1 << tosses)
