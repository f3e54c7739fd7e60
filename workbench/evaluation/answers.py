"""Open questions: what a model answers when it always takes the likeliest token."""

import hashlib
from collections.abc import Callable, Sequence

from workbench.engines.engine import Engine, Request, Sampling
from workbench.errors import ContextError
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.questions import Question
from workbench.messages import user

Prompt = Callable[[Question], str]
Read = Callable[[Question, str], Row]


def answer(engine: Engine, questions: Sequence[Question], journal: Journal, sitting: "Sitting") -> None:
    """Journals what `sitting.read` makes of each answer. A question that does not fit the context is kept as failed."""
    waiting: dict[str, Question] = {}
    with engine.session() as session:
        for question in journal.left(questions):
            try:
                session.submit(sitting.request(question))
                waiting[question.tag] = question
            except ContextError as error:
                journal.keep(question, failure(error.message))
        for completion in session:
            question = waiting[completion.request.tag]
            journal.keep(question, sitting.read(question, completion.text))


class Sitting:
    """How questions are put and answers read: what the user says, the longest answer in tokens, the seed."""

    def __init__(self, prompt: Prompt, read: Read, *, max_tokens: int, seed: int) -> None:
        self.read = read
        self._prompt = prompt
        self._sampling = Sampling(max_tokens=max_tokens)
        self._seed = seed

    def request(self, question: Question) -> Request:
        message = user(self._prompt(question))
        seed = int.from_bytes(hashlib.sha256(f"{self._seed}/{question.tag}".encode()).digest()[:4], "little")
        return Request(question.tag, messages=(message,), sampling=self._sampling, seed=seed)


def asked(question: Question) -> str:
    """The question as it is."""
    return question.asked


def compared(question: Question, text: str) -> Row:
    """Right when it is the expected answer but for white space and case."""
    right = normalised(text) == normalised(question.expected)
    return {"expected": question.expected, "answer": text.strip(), "reworded": question.reworded, "right": right}


def kept(question: Question, text: str) -> Row:
    """The answer alone, for a judge to read later."""
    return {"expected": question.expected, "answer": text.strip()}


def normalised(text: str) -> str:
    return " ".join(text.split()).casefold()
