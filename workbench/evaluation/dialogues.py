"""Conversations with a model: each turn is asked behind the turns before it, with the model's own answers."""

from collections.abc import Mapping, Sequence

from workbench.engines.engine import Completion, Engine, Request, Sampling
from workbench.evaluation.answers import seed_of
from workbench.evaluation.asking import ask
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.questions import Key, Question
from workbench.messages import Message, assistant, user

# As MT-Bench draws answers; L. Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, 2023.
_TEMPERATURES = {
    **dict.fromkeys(("extraction", "math", "coding", "reasoning"), 0.0),
    **dict.fromkeys(("stem", "humanities"), 0.1),
    **dict.fromkeys(("writing", "roleplay"), 0.7),
}
_OTHER = 0.7


def converse(engine: Engine, questions: Sequence[Question], journal: Journal, *, max_tokens: int, seed: int) -> None:
    """Journals the answer to every part of the questions, second turns as soon as the first is answered. A turn that
    does not fit the context is kept as failed, and so are those behind it."""
    talk = _Talk(questions, journal, max_tokens, seed)
    ask(engine, talk.begin(), talk.heard, talk.refused)


def temperature(category: str) -> float:
    """Examples of a taxonomy have no category: each has one good answer, so that the likeliest token is taken."""
    return _TEMPERATURES.get(category, _OTHER) if category else 0.0


def history(question: Question, answers: Mapping[Key, Row], turns: int) -> tuple[Message, ...]:
    """The first turns with the model's answers."""
    said = ((user(part.asked), assistant(answers[part.key]["answer"])) for part in question.parts()[:turns])
    return tuple(message for pair in said for message in pair)


class _Talk:
    """Where each conversation stands is in the journal; `_waiting` are the questions under way, by tag."""

    def __init__(self, questions: Sequence[Question], journal: Journal, max_tokens: int, seed: int) -> None:
        self._questions = questions
        self._journal = journal
        self._max_tokens = max_tokens
        self._seed = seed
        self._waiting: dict[str, Question] = {}

    def begin(self) -> list[Request]:
        return [request for question in self._questions if (request := self._next(question))]

    def heard(self, completion: Completion) -> Request | None:
        question = self._waiting.pop(completion.request.tag)
        self._journal.keep(self._journal.left(question.parts())[0], {"answer": completion.text.strip()})
        return self._next(question)

    def refused(self, tag: str, reason: str) -> None:
        self._give_up(self._waiting.pop(tag), reason)

    def _give_up(self, question: Question, reason: str) -> None:
        for part in self._journal.left(question.parts()):
            self._journal.keep(part, failure(reason))

    def _next(self, question: Question) -> Request | None:
        """The first turn that has no answer yet, if there is any."""
        left = self._journal.left(question.parts())
        if not left:
            return None
        turn = len(question.turns) - len(left)
        before = self._journal.rows[question.parts()[turn - 1].key] if turn else {}
        if "failed" in before:
            self._give_up(question, before["failed"])
            return None
        part = left[0]
        self._waiting[part.tag] = question
        return Request(
            part.tag,
            messages=(*history(question, self._journal.rows, turn), user(part.asked)),
            sampling=Sampling(max_tokens=self._max_tokens, temperature=temperature(question.category)),
            seed=seed_of(self._seed, part.tag),
        )
