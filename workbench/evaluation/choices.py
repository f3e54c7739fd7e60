"""Multiple choice: the choice that a model finds likeliest."""

import math
from collections.abc import Sequence

from workbench.engines.engine import Completion, Engine
from workbench.errors import EvaluationError
from workbench.evaluation.asking import ask
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.papers import Answers, Paper
from workbench.evaluation.questions import Question


def choose(engine: Engine, questions: Sequence[Question], journal: Journal, paper: Paper | None = None) -> None:
    """Journals for each question the choices' log-likelihoods in nats, the index chosen, and whether it is right.

    The sum over a choice's tokens counts, not divided by their number. A question that does not fit the context is kept
    as failed. EvaluationError when it is the examples that do not fit, and for a likelihood that is no number.
    """
    left, paper = {question.tag: question for question in journal.left(questions)}, paper or Answers()
    fitting = False

    def heard(completion: Completion) -> None:
        question = left[completion.request.tag]
        journal.keep(question, _row(engine, question, completion))

    def refused(tag: str, reason: str) -> None:
        nonlocal fitting
        if not fitting:
            paper.check_room(engine, [*left.values()])
        fitting = True
        journal.keep(left[tag], failure(reason))

    ask(engine, (paper.request(engine, question) for question in left.values()), heard, refused)


def _row(engine: Engine, question: Question, completion: Completion) -> Row:
    scores = completion.scores
    if not all(map(math.isfinite, scores)):
        raise EvaluationError(
            f"{engine.name} gives no log-likelihood to the choices of {question.tag}: {list(scores)}",
            hint="its weights are likely broken; look at the loss of its training, and train with a smaller rate",
        )
    chosen = max(range(len(scores)), key=scores.__getitem__)
    return {
        "choices": list(question.choices),
        "answer": question.answer,
        "scores": [round(score, 4) for score in scores],
        "chosen": chosen,
        "right": chosen == question.answer,
    }
