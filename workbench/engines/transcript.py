"""What was asked and what each model answered: as text, as a page, as Markdown and as a record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal, Self

from workbench.messages import Message, assistant, user

End = Literal["stop", "length", "cancelled", "failed"]


@dataclass(frozen=True)
class Answer:
    """`end` says how it came to its end; of a failed one `error` says why. `left_out` counts the model's oldest answers
    that were out of its view, with their questions, because they no longer fitted its context."""

    text: str
    end: End = "stop"
    left_out: int = 0
    error: str = ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know about it besides its text."""
        turns = "turn was" if self.left_out == 1 else "turns were"
        told = {"length": "cut off at the longest answer allowed", "cancelled": "stopped", "failed": self.error}
        fit = f"the oldest {self.left_out} {turns} left out of view to fit the model's context" if self.left_out else ""
        return tuple(filter(None, (told.get(self.end, ""), fit)))

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.text, *(f"({remark})" for remark in self.remarks))))

    def to_record(self) -> dict[str, Any]:
        record = {"text": self.text, "end": self.end, "left_out": self.left_out, "error": self.error}
        return {name: value for name, value in record.items() if value or name in ("text", "end")}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(**{name: record[name] for name in ("text", "end", "left_out", "error") if name in record})


@dataclass(frozen=True)
class Turn:
    """A question, with the passage that stood in front of it, and the answers by the models' names."""

    question: str
    answers: Mapping[str, Answer]
    context: str = ""

    @property
    def asked(self) -> str:
        """What the models read."""
        return in_front(self.context, self.question)

    def to_record(self) -> dict[str, Any]:
        context = {"context": self.context} if self.context else {}
        answers = {name: answer.to_record() for name, answer in self.answers.items()}
        return {"question": self.question, **context, "answers": answers}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        answers = {name: Answer.from_record(answer) for name, answer in record["answers"].items()}
        return cls(record["question"], answers, record.get("context", ""))


@dataclass(frozen=True)
class Transcript:
    """Turns in their order. `models` say which file or endpoint each name stood for."""

    turns: tuple[Turn, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    caption: str = "What was said"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the models, in the order in which they answered first."""
        return tuple(dict.fromkeys(name for turn in self.turns for name in turn.answers))

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(turn.question for turn in self.turns)

    @property
    def answers(self) -> dict[str, tuple[str, ...]]:
        """Texts by the models' names; empty where one was not asked."""
        nothing = Answer("")
        return {name: tuple(turn.answers.get(name, nothing).text for turn in self.turns) for name in self.names}

    def with_turn(self, turn: Turn) -> "Transcript":
        return replace(self, turns=(*self.turns, turn))

    def __str__(self) -> str:
        return "\n\n".join("\n".join(_lines(turn)) for turn in self.turns)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Question", *self.names))
        body = "".join(f"<tr>{_cell(_question(turn))}{self._cells(turn)}</tr>" for turn in self.turns)
        return f"<table><caption>{escape(self.caption)}</caption><tr>{heads}</tr>{body}</table>"

    def _cells(self, turn: Turn) -> str:
        return "".join(_cell(str(turn.answers.get(name, ""))) for name in self.names)

    def markdown(self, title: str) -> str:
        """A page to read; texts stand in quotes, so that nothing in them is taken for a part of the page."""
        told = [f"- {name}: {model}" for name, model in self.models.items()]
        parts = [f"# {title}", "\n".join(told)]
        for number, turn in enumerate(self.turns, start=1):
            parts += [f"## {number}", *([f"**passage**\n\n{_quoted(turn.context)}"] if turn.context else [])]
            parts.append(f"**you**\n\n{_quoted(turn.question)}")
            parts += [f"**{name}**\n\n{_quoted(str(answer))}" for name, answer in turn.answers.items()]
        return "\n\n".join(filter(None, parts)) + "\n"

    def to_record(self) -> dict[str, Any]:
        return {"models": dict(self.models), "turns": [turn.to_record() for turn in self.turns]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """KeyError, TypeError or AttributeError where the record is something else."""
        return cls(tuple(Turn.from_record(turn) for turn in record["turns"]), dict(record["models"]))


def in_front(context: str, question: str) -> str:
    return f"{context}\n\n{question}" if context else question


def messages(turns: Sequence[Turn], name: str, question: str, context: str = "") -> list[Message]:
    """The conversation as one model has it in view; a passage stands in front of the first question about it alone."""
    found: list[Message] = []
    standing = ""
    for turn in heard(turns, name):
        asked = turn.question if turn.context == standing else turn.asked
        found += [user(asked), assistant(turn.answers[name].text)]
        standing = turn.context
    return [*found, user(question if context == standing else in_front(context, question))]


def heard(turns: Sequence[Turn], name: str) -> list[Turn]:
    """Those in which the model said something, and did not fail meanwhile."""
    said = ((turn, turn.answers.get(name)) for turn in turns)
    return [turn for turn, answer in said if answer and answer.text and answer.end != "failed"]


def _lines(turn: Turn) -> Iterator[str]:
    if turn.context:
        yield f"passage: {turn.context}"
    yield f"user: {turn.question}"
    yield from (f"{name}: {answer}" for name, answer in turn.answers.items())


def _question(turn: Turn) -> str:
    return f"{turn.question}\n(with a passage: {turn.context})" if turn.context else turn.question


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def _quoted(text: str) -> str:
    """A block of code whose fence is longer than any in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
