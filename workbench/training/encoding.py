"""Conversations as token ids with a loss weight for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from workbench.errors import TrainingDataError
from workbench.messages import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Piece = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """Token ids, and for each the weight of its prediction in the loss (0: given, not learned)."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a token counts in the loss: what the assistant says through its end token, and all else."""

    said: float = 1.0
    given: float = 0.0


def encode(
    messages: Sequence[Message],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    unmask: bool = False,
    weights: Weights = Weights(),
) -> Sample:
    """The tokens that the tokenizer's own template gives the whole conversation; one counts where its last letter does.

    TrainingDataError where the template refuses the messages, or writes earlier ones anew when later ones come.
    """
    text, learned = "", list[bool]()
    for piece, counts in pieces(messages, tokenizer, unmask):
        text += piece
        learned += [counts] * len(piece)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    loss = [weights.said if end and learned[end - 1] else weights.given for _, end in encoded["offset_mapping"]]
    return Sample(tuple(encoded["input_ids"]), tuple(loss))


def pieces(messages: Sequence[Message], tokenizer: "PreTrainedTokenizerBase", unmask: bool) -> Iterator[Piece]:
    """The rendered conversation in pieces, each with whether it is learned.

    The template is rendered for every beginning of the conversation; what a message adds beyond the prompt for it is
    what its author says. With `unmask` every role but the system's is learned.
    """
    done = ""
    for index, message in enumerate(messages):
        try:
            whole = _render(messages[: index + 1], tokenizer, prompt=False)
        except TemplateError as error:
            if index + 1 < len(messages):
                continue  # A template may want a user behind the system, say; its text then comes with the next piece.
            raise TrainingDataError(f"the model's chat template refuses the messages: {error}") from error
        if not whole.startswith(done):
            raise TrainingDataError(
                "the model's chat template changes earlier messages when later ones come",
                hint="train on conversations of one answer each",
            )
        if message["role"] == "assistant":
            given = len(_prompt(messages[:index], tokenizer, done, whole))
            yield from _answer(whole[len(done) :], given, message["content"], tokenizer.eos_token)
        else:
            yield whole[len(done) :], unmask and message["role"] != "system"
        done = whole


def _answer(text: str, given: int, content: str, end: object) -> Iterator[Piece]:
    """What a message added: its prompt, what is said through the end token, and what the template puts behind that."""
    start = given or max(0, text.find(content.strip()))
    stop = len(text)
    if isinstance(end, str) and end and (found := text.rfind(end, start)) >= 0:
        stop = found + len(end)
    yield from ((text[:start], False), (text[start:stop], True), (text[stop:], False))


def _prompt(messages: Sequence[Message], tokenizer: "PreTrainedTokenizerBase", done: str, whole: str) -> str:
    """What the prompt for an answer adds, or nothing where the template writes a finished answer in another way."""
    try:
        head = _render(messages, tokenizer, prompt=True) if messages else done
    except TemplateError:
        return ""
    return head[len(done) :] if head.startswith(done) and whole.startswith(head) else ""


def _render(messages: Sequence[Message], tokenizer: "PreTrainedTokenizerBase", *, prompt: bool) -> str:
    rendered = tokenizer.apply_chat_template(
        [dict(message) for message in messages], tokenize=False, add_generation_prompt=prompt
    )
    return str(rendered)
