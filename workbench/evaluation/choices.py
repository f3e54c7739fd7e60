"""Multiple choice: the choice that a model finds likeliest."""

import math
from collections.abc import Sequence

from workbench.engines.engine import Completion, Engine
from workbench.errors import ContextError, EvaluationError
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.papers import Answers, Paper
from workbench.evaluation.questions import Question


def choose(engine: Engine, questions: Sequence[Question], journal: Journal, paper: Paper | None = None) -> None:
    """Journals for each question the choices' log-likelihoods in nats, the index chosen, and whether it is right.

    The sum over a choice's tokens counts, not divided by their number. A question that does not fit the context is kept
    as failed. EvaluationError when the engine cannot score, and when it is the examples that do not fit.
    """
    left, paper = journal.left(questions), paper or Answers()
    if left and "score" not in engine.capabilities:
        raise EvaluationError(
            f"{engine.name} cannot tell how likely a text is, which multiple choice needs",
            hint="take a GGUF file or a Hugging Face folder, or leave out proof, reading, mmlu and mmlu_branch",
        )
    with engine.session() as session:
        too_long: list[tuple[Question, str]] = []
        for question in left:
            try:
                session.submit(paper.request(engine, question))
            except ContextError as error:
                too_long.append((question, error.message))
        if too_long:
            paper.check_room(engine, left)
        for question, reason in too_long:
            journal.keep(question, failure(reason))
        waiting = {question.tag: question for question in left}
        for completion in session:
            question = waiting[completion.request.tag]
            journal.keep(question, _row(engine, question, completion))


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
