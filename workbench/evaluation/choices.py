"""Multiple choice: the choice that a model finds likeliest as its whole answer."""

import math
from collections.abc import Sequence

from workbench.engines.engine import Engine
from workbench.errors import ContextError, EvaluationError
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.questions import Question
from workbench.messages import assistant, user


def choose(engine: Engine, questions: Sequence[Question], journal: Journal) -> None:
    """Journals for each question the choices' log-likelihoods in nats, the index chosen, and whether it is right.

    The sum over a choice's tokens counts, with the token that ends the answer and not divided by their number. A
    question that does not fit the context is kept as failed. EvaluationError when the engine cannot score.
    """
    left = journal.left(questions)
    if left and "score" not in engine.capabilities:
        raise EvaluationError(
            f"{engine.name} cannot tell how likely a text is, which multiple choice needs",
            hint="take a GGUF file or a Hugging Face folder, or leave out proof, reading and mmlu_branch",
        )
    for question in left:
        journal.keep(question, _choose(engine, question))


def _choose(engine: Engine, question: Question) -> Row:
    prompt = engine.render([user(question.asked)])
    try:
        scores = engine.score(prompt, [_said(engine, question.asked, prompt, choice) for choice in question.choices])
    except ContextError as error:
        return failure(error.message)
    if not all(map(math.isfinite, scores)):
        raise EvaluationError(
            f"{engine.name} gives no log-likelihood to the choices of {question.tag}: {scores}",
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


def _said(engine: Engine, asked: str, prompt: str, choice: str) -> str:
    """The choice as the template writes it behind the prompt, with the token that ends an answer.

    Without that token a choice could never lose against a longer one that begins with it.
    """
    whole = engine.render([user(asked), assistant(choice)], add_generation_prompt=False)
    return whole[len(prompt) :].rstrip() if whole.startswith(prompt + choice) else choice
