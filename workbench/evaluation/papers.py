"""How multiple choice is put to a model: as a chat whose answer is a choice, or on a sheet that lists the choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.engines.engine import Engine, Request
from workbench.errors import EvaluationError, ModelError
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.mmlu import PREFIX
from workbench.evaluation.questions import LETTERS, Question
from workbench.messages import Message, assistant, system, user


class Paper(Protocol):
    @property
    def chat(self) -> bool:
        """Whether questions are put into the model's chat template."""

    def request(self, engine: Engine, question: Question) -> Request:
        """A request with a continuation for each choice."""

    def check_room(self, engine: Engine, questions: Sequence[Question]) -> None:
        """EvaluationError where questions do not fit into the model's context because of what is put before them."""


class Answers:
    """Each choice is scored as the model's whole answer, with the token that ends it.

    Without that token a choice could never lose against a longer one that begins with it.
    """

    chat = True

    def request(self, engine: Engine, question: Question) -> Request:
        prompt = engine.render([user(question.asked)])
        said = (_said(engine, question.asked, prompt, choice) for choice in question.choices)
        return Request(question.tag, prompt=prompt, continuations=tuple(said))

    def check_room(self, engine: Engine, questions: Sequence[Question]) -> None:
        """Nothing is put before them."""


@dataclass(frozen=True)
class Sheet:
    """The choices are listed under the question, and what is likeliest behind `Answer:` counts: a letter, or with
    `texts` a choice as it is written. `shots` worked examples come first. With `chat` examples are turns of a
    conversation in the model's own template.

    Text, examples and cut between prompt and answer are those of lm-evaluation-harness 0.4.13 for its `mmlu` tasks.
    """

    examples: Examples
    shots: int
    texts: bool = False
    chat: bool = False

    def request(self, engine: Engine, question: Question) -> Request:
        prompt, said = self._parts(engine, question, self.shots)
        return Request(question.tag, prompt=prompt, continuations=said)

    def check_room(self, engine: Engine, questions: Sequence[Question]) -> None:
        fitting = {question.leaf: self.shots for question in questions}
        for question in questions:
            fitting[question.leaf] = self._fitting(engine, question, fitting[question.leaf])
        leaf = min(fitting, key=fitting.__getitem__)
        if fitting[leaf] < self.shots:
            raise EvaluationError(
                f"{leaf}: with {self.shots} examples questions do not fit into the {engine.context_size} tokens of "
                f"{engine.name}; with {fitting[leaf]} they do",
                hint=f"ask with --few-shots {fitting[leaf]}, or take a model with a longer context",
            )

    def _fitting(self, engine: Engine, question: Question, most: int) -> int:
        """How many examples leave room for the question; `most` where not even the question alone fits."""
        sizes = ((shots, self._tokens(engine, question, shots)) for shots in range(most, -1, -1))
        return next((shots for shots, size in sizes if size <= engine.context_size), most)

    def _tokens(self, engine: Engine, question: Question, shots: int) -> int:
        prompt, said = self._parts(engine, question, shots)
        # One more for the token that begins texts.
        return 1 + max(engine.count_tokens(prompt + each) for each in said)

    def _parts(self, engine: Engine, question: Question, shots: int) -> tuple[str, tuple[str, ...]]:
        """The prompt, and what may follow it; white space at the end of a prompt goes with what follows."""
        examples = self.examples.before(question, shots)
        whole = self._conversation(engine, question, examples) if self.chat else self._text(question, examples)
        prompt = whole.rstrip()
        between = whole[len(prompt) :] + ("" if self.chat else " ")
        return prompt, tuple(f"{between}{each}" for each in self._choices(question))

    def _text(self, question: Question, examples: Sequence[Question]) -> str:
        shown = "".join(f"{_listed(each)} {self._right(each)}\n\n" for each in examples)
        return f"{_heading(question.leaf)}{shown}{_listed(question)}"

    def _conversation(self, engine: Engine, question: Question, examples: Sequence[Question]) -> str:
        turns: list[Message] = []
        for each in examples:
            turns += [user(_listed(each)), assistant(self._right(each))]
        turns.append(user(_listed(question)))
        heading = _heading(question.leaf)
        if not heading:
            return engine.render(turns)
        try:
            return engine.render([system(heading), *turns])
        except ModelError:
            # There are templates that know no system.
            return engine.render(turns)

    def _choices(self, question: Question) -> Sequence[str]:
        return question.choices if self.texts else LETTERS[: len(question.choices)]

    def _right(self, question: Question) -> str:
        return self._choices(question)[question.answer]


def _listed(question: Question) -> str:
    listed = "".join(f"{letter}. {choice}\n" for letter, choice in zip(LETTERS, question.choices, strict=False))
    return f"{question.asked.strip()}\n{listed}Answer:"


def _heading(leaf: str) -> str:
    """What stands above the questions of a subject of MMLU; nothing above others."""
    if not leaf.startswith(PREFIX):
        return ""
    about = leaf.removeprefix(PREFIX).replace("_", " ")
    return f"The following are multiple choice questions (with answers) about {about}.\n\n"


def _said(engine: Engine, asked: str, prompt: str, choice: str) -> str:
    """The choice as the template writes it behind the prompt, with the token that ends an answer."""
    whole = engine.render([user(asked), assistant(choice)], add_generation_prompt=False)
    return whole[len(prompt) :].rstrip() if whole.startswith(prompt + choice) else choice
