"""Open questions: what a model answers when it always takes the likeliest token."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.engines.engine import Completion, Engine, Request, Sampling
from workbench.evaluation.asking import ask
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.names import states
from workbench.evaluation.questions import Question
from workbench.messages import user


@dataclass(frozen=True)
class Answering:
    """Answers have at most `max_tokens`; `loose` ones are right with the names and numbers of the expected one."""

    max_tokens: int
    seed: int = 0
    loose: bool = False


def answer(engine: Engine, questions: Sequence[Question], journal: Journal, answering: Answering) -> None:
    """Journals each answer, and whether it is right. A question that does not fit the context is kept as failed."""
    left = {question.tag: question for question in journal.left(questions)}
    sampling = Sampling(max_tokens=answering.max_tokens)

    def heard(completion: Completion) -> None:
        question = left[completion.request.tag]
        journal.keep(question, compared(question, completion.text, loose=answering.loose))

    def refused(tag: str, reason: str) -> None:
        journal.keep(left[tag], failure(reason))

    requests = (
        Request(tag, messages=(user(question.asked),), sampling=sampling, seed=seed_of(answering.seed, tag))
        for tag, question in left.items()
    )
    ask(engine, requests, heard, refused)


def seed_of(seed: int, *names: str) -> int:
    """32 bits for a draw of that name."""
    text = "/".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


def compared(question: Question, text: str, *, loose: bool = False) -> Row:
    """Right when it is the expected answer but for white space and case, loosely when it has its names and numbers."""
    right = normalised(text) == normalised(question.expected)
    right = right or (loose and states(text, question.expected, question.asked))
    return {"expected": question.expected, "answer": text.strip(), "reworded": question.reworded, "right": right}


def normalised(text: str) -> str:
    return " ".join(text.split()).casefold()
