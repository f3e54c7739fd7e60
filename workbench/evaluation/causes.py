"""Why a leaf was not learned: measured on what the runs left, each cause with its evidence and what to do next.

The questions that the trained model still answers wrong are looked up in what it was trained on. Where most of their
answers are not in the training rows as answers, the data are the cause: they are missing, left out, in another form, or
something else is taught. Where most are, the model is asked its own training rows: if it knows those, they are too
few to carry over to other words; if it does not, the training is the cause, and its loss tells which.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.evaluation.coverage import Asked, Coverage, Place, places, unsupported
from workbench.evaluation.descent import Descent
from workbench.evaluation.intervals import wilson
from workbench.evaluation.lessons import Lesson
from workbench.evaluation.wrapping import Wrapping, wrapping

CAUSES = (
    "too_few_samples",
    "loss_still_falling",
    "samples_truncated",
    "wrong_template_or_mask",
    "rate_too_small",
    "data_not_true",
)
# Where halving the loss at its pace takes longer than so many trainings, the rate is at fault and not their length.
_TOO_LONG = 10.0
_HALF = 0.5
# How often the loss should halve until the rows are known: to an eighth.
_HALVINGS = 3
_MOST_EPOCHS, _MOST_SAMPLES = 10, 10
# How far the weights move in a training that learns, and the bounds of how much the rate is raised for it.
_MOVES, _LEAST_RATE, _MOST_RATE = 0.03, 10.0, 1000.0


@dataclass(frozen=True)
class Cause:
    """`evidence` and `remedy` are sentences; `figures` are the numbers in them."""

    name: str
    evidence: str
    remedy: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"figures": dict(self.figures)}


@dataclass(frozen=True)
class Training:
    """What is known of a run: its options, the course of each phase's loss, how far its weights moved, by how much its
    template changed in words (empty where it did not), and the samples that were asked for of each leaf."""

    options: Mapping[str, Any]
    descents: Mapping[int, Descent]
    drift: float | None
    changed_template: str
    asked_for: Mapping[str, int]
    from_file: bool


@dataclass(frozen=True)
class Rehearsal:
    """How many of so many training rows the trained model said right when it was asked them again."""

    right: int
    asked: int

    def __str__(self) -> str:
        return f"The model says {self.right} of {self.asked} training rows right when it is asked them again"


@dataclass(frozen=True)
class Pupil:
    """A leaf: its rows, what was asked about it, and the rehearsal of its rows and of those that the base did not know,
    a row that shows its passage for one."""

    leaf: str
    skill: bool
    lessons: Sequence[Lesson]
    asked: Sequence[Asked]
    rehearsal: Rehearsal
    new_rows: Rehearsal

    @property
    def kept(self) -> list[Lesson]:
        return [lesson for lesson in self.lessons if not lesson.left_out]

    @property
    def phase(self) -> int:
        """That in which most of its rows are."""
        return Counter(lesson.phase for lesson in self.lessons).most_common(1)[0][0] if self.lessons else 1

    @property
    def knows_rows(self) -> bool | None:
        """Whether it surely says more than half of what was new in its rows; None where none of that was asked."""
        found = self.new_rows
        return wilson(found.right / found.asked, found.asked)[0] > _HALF if found.asked else None


def find_cause(pupil: Pupil, coverage: Coverage, training: Training) -> Cause | None:
    """None where nothing that can be measured explains it."""
    if training.changed_template:
        return _changed(training)
    wrong = [asked for asked in pupil.asked if not asked.right]
    found = Counter[Place]() if pupil.skill else places(coverage, wrong)
    found.pop("unknown", None)
    if pupil.skill or not found:
        return _of_rows(pupil, training) or _of_training(pupil, training)
    place = max(found, key=lambda each: (found[each], each))
    makers = {
        "nowhere": _missing,
        "left_out": _left_out,
        "unlearned": _unlearned,
        "otherwise": _otherwise,
    }
    if place in makers:
        return makers[place](pupil, found, coverage, training)
    return _of_training(pupil, training)


def _changed(training: Training) -> Cause:
    return Cause(
        "wrong_template_or_mask",
        f"The model is asked in another chat template than it was trained in: {training.changed_template}.",
        "Put the chat_template.jinja of the base into the folder of the model, and evaluate again.",
    )


def _missing(pupil: Pupil, found: Counter[Place], coverage: Coverage, training: Training) -> Cause:
    wrong, rows = found.total(), len(pupil.kept)
    every = Counter(coverage.place(each) for each in pupil.asked)
    share = every["taught"] / max(1, every.total())
    evidence = (
        f"The answers to {found['nowhere']} of {wrong} questions answered wrong stand in no training row; "
        f"{_count(rows, 'row')} of this leaf {'was' if rows == 1 else 'were'} trained on."
    )
    figures = {"wrong": wrong, "nowhere": found["nowhere"], "rows": rows, "taught_share": round(share, 3)}
    return Cause("too_few_samples", evidence, _more_samples(pupil, training, 1 / max(share, 0.1)), figures)


def _left_out(pupil: Pupil, found: Counter[Place], coverage: Coverage, training: Training) -> Cause:
    return _truncated(
        pupil,
        training,
        f"the answers to {found['left_out']} of {found.total()} questions answered wrong stand in those alone",
    )


def _truncated(pupil: Pupil, training: Training, told: str = "") -> Cause:
    lost = [lesson for lesson in pupil.lessons if lesson.left_out]
    reason = Counter(lesson.left_out for lesson in lost).most_common(1)[0][0]
    longest = max(lesson.tokens for lesson in pupil.lessons)
    evidence = f"{len(lost)} of {len(pupil.lessons)} rows of this leaf were left out, most of them because {reason}"
    if reason.startswith("over"):
        was = training.options.get("max_length", "another length")
        remedy = f"Train again with max_length {longest}, as long as the longest row (it was {was})."
    elif reason.startswith("under"):
        shortest = min(lesson.tokens for lesson in pupil.lessons)
        remedy = f"Train again with min_length {shortest} (it was {training.options.get('min_length', 0)})."
    else:
        remedy = "Look at those rows: the assistant says nothing in them that could be learned."
    figures = {"left_out": len(lost), "rows": len(pupil.lessons), "longest": longest}
    return Cause("samples_truncated", f"{evidence}{'; ' if told else ''}{told}.", remedy, figures)


def _unlearned(pupil: Pupil, found: Counter[Place], coverage: Coverage, training: Training) -> Cause:
    documents = sum(lesson.document for lesson in pupil.kept)
    if documents * 2 > len(pupil.kept):
        how, remedy = (
            f"{documents} of {len(pupil.kept)} rows are plain texts, which no chat template goes around",
            'Write the rows as {"messages": [...]} with the roles user and assistant, and train again.',
        )
    else:
        how, remedy = (
            "in them they are given and not learned",
            "Look at the preview of the rows in 04_train: it is the assistant who has to say the answer.",
        )
    evidence = (
        f"The answers to {found['unlearned']} of {found.total()} questions answered wrong were trained on, but never "
        f"as the answer in a chat: {how}."
    )
    figures = {"wrong": found.total(), "unlearned": found["unlearned"], "documents": documents}
    return Cause("wrong_template_or_mask", evidence, remedy, figures)


def _otherwise(pupil: Pupil, found: Counter[Place], coverage: Coverage, training: Training) -> Cause:
    with_passage = [lesson for lesson in pupil.kept if lesson.passage and lesson.said]
    false = sum(map(unsupported, with_passage))
    passages = (
        f" In {false} of {len(with_passage)} rows the answer does not stand in the passage that it was written from."
        if with_passage
        else ""
    )
    evidence = (
        f"For {found['otherwise']} of {found.total()} questions answered wrong the training rows teach another answer."
        f"{passages}"
    )
    file = "the training file" if training.from_file else f"Artifacts/{pupil.leaf}.jsonl of the data run"
    remedy = f"Compare {file} with the document, and generate again with another model or critic_model."
    figures = {"wrong": found.total(), "otherwise": found["otherwise"], "rows": len(with_passage), "unsupported": false}
    return Cause("data_not_true", evidence, remedy, figures)


def _of_rows(pupil: Pupil, training: Training) -> Cause | None:
    """What the rows of a leaf say by themselves, where answers cannot be looked up."""
    lost = len(pupil.lessons) - len(pupil.kept)
    return None if lost * 2 <= len(pupil.lessons) else _truncated(pupil, training)


def _of_training(pupil: Pupil, training: Training) -> Cause | None:
    """The rows hold the answers, or free text: does the model know its own rows, and what does its loss say?"""
    around = wrapping(pupil.kept, [asked.question for asked in pupil.asked])
    if around:
        return _wrapped(pupil, around)
    if pupil.knows_rows is None:
        return None
    if pupil.knows_rows:
        return _not_carried_over(pupil, training)
    descent = training.descents.get(pupil.phase)
    return _of_form(pupil, training) or (_of_descent(pupil, descent, training) if descent else None)


def _wrapped(pupil: Pupil, around: Wrapping) -> Cause:
    return Cause(
        "wrong_template_or_mask",
        f"{around.rows} of {len(pupil.kept)} rows put {around.told} the question, which nobody does who asks.",
        "Take it out of the rows: the chat template alone marks who speaks. Then train again.",
        {"rows": len(pupil.kept), "wrapped": around.rows},
    )


def _not_carried_over(pupil: Pupil, training: Training) -> Cause:
    missed = "but not questions of the same kind" if pupil.skill else "but not the same in other words"
    rows = _count(len(pupil.kept), "row")
    evidence = f"{pupil.new_rows}, {missed}: {rows} of this leaf are too few to learn more than these."
    figures = {"recalled": pupil.new_rows.right, "rehearsed": pupil.new_rows.asked, "rows": len(pupil.kept)}
    return Cause("too_few_samples", evidence, _more_samples(pupil, training, 2.0), figures)


def _of_form(pupil: Pupil, training: Training) -> Cause | None:
    """Rows that a training with such a loss cannot have left unknown were trained in another form than they are asked
    in; nothing is said of rows that a later phase had no more, and may have made the model forget."""
    descent = training.descents.get(max((lesson.phase for lesson in pupil.kept), default=0))
    if descent is None or descent.phase < max(training.descents):
        return None
    recall = pupil.rehearsal
    # At worst all rows that may be unknown are of this leaf.
    share = sum(lesson.phase == descent.phase for lesson in pupil.kept) / max(1, descent.rows)
    least = 1 - descent.unknown / share
    if wilson(recall.right / recall.asked, recall.asked)[1] >= least:
        return None
    evidence = (
        f"{recall}, though with the loss of {descent.last:.2g} that training ended with at least "
        f"{100 * least:.0f} % must be right when they are asked as they were trained."
    )
    remedy = "Ask the model in the template it was trained in: compare chat_template.jinja of the base and of Model/."
    return Cause("wrong_template_or_mask", evidence, remedy, _figures(recall, descent))


def _figures(recall: Rehearsal, descent: Descent) -> dict[str, Any]:
    return {"recalled": recall.right, "rehearsed": recall.asked, **asdict(descent)}


def _of_descent(pupil: Pupil, descent: Descent, training: Training) -> Cause | None:
    """The model does not know its own rows."""
    recall, figures = pupil.rehearsal, _figures(pupil.rehearsal, descent)
    moved = f", and its weights moved by {100 * training.drift:.2g} %" if training.drift is not None else ""
    course = f"the loss went from {descent.first:.2f} to {descent.last:.2f} in {_count(descent.steps, 'step')}{moved}"
    if descent.falling and descent.more is not None and descent.more <= _TOO_LONG:
        epochs = descent.epochs * min(_MOST_EPOCHS, max(2, math.ceil(1 + _HALVINGS * descent.more)))
        evidence = f"{recall}; {course}, and was still falling when the training ended."
        remedy = f"Train longer: phase_{descent.phase}_epochs {epochs} (it was {descent.epochs})."
        return Cause("loss_still_falling", evidence, remedy, figures)
    if descent.last > descent.first / 2:
        wanted = _rounded(descent.rate * _factor(training.drift))
        evidence = f"{recall}; {course}: at this pace no number of epochs is enough."
        remedy = (
            f"Raise the rate, so that the weights move by some percent: phase_{descent.phase}_learning_rate {wanted} "
            f"(it was {descent.rate:g})."
        )
        return Cause("rate_too_small", evidence, remedy, figures)
    return None


def _factor(drift: float | None) -> float:
    """By how much to raise the rate. The optimizers here make steps of a length that the rate alone sets, so that the
    weights move in proportion to it."""
    return min(_MOST_RATE, max(_LEAST_RATE, _MOVES / drift)) if drift else _LEAST_RATE


def _rounded(rate: float) -> str:
    """To one digit."""
    return f"{float(f'{rate:.0e}'):g}"


def _more_samples(pupil: Pupil, training: Training, factor: float) -> str:
    if training.from_file or pupil.leaf not in training.asked_for:
        return "Add rows that hold what is missing, several for each fact and in different words, and train again."
    asked = training.asked_for[pupil.leaf]
    wanted = round(asked * min(_MOST_SAMPLES, max(2.0, factor)))
    return f"Generate again with num_instructions {wanted} (it was {asked}), and train on these."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
