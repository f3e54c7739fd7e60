"""Conversations as token ids with a loss weight for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import TrainingDataError
from workbench.training.conversations import Conversation, Turn, plain
from workbench.training.layout import ChatTemplate, Layout, Span

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


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


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample with the layout it came from; `last` has for each token the number of the last letter it stands for,
    -1 where it stands for none."""

    sample: Sample
    layout: Layout
    last: tuple[int, ...]


def encode(
    messages: Sequence[Turn],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    unmask: bool = False,
    weights: Weights = Weights(),
) -> Sample:
    """The tokens that the tokenizer's own template gives the whole conversation; one counts where its last letter does.

    TrainingDataError where the template refuses the messages, or writes earlier ones anew when later ones come.
    """
    (found,) = encode_all([plain(messages, unmask=unmask)], ChatTemplate(tokenizer), weights)
    if isinstance(found, TrainingDataError):
        raise found
    return found.sample


def encode_all(
    conversations: Sequence[Conversation], template: ChatTemplate, weights: Weights = Weights()
) -> Iterator[Encoded | TrainingDataError]:
    """For each conversation what `encode` gives, or the error that it raises; all are tokenised in one call."""
    layouts = list(template.layouts(conversations))
    texts = [layout.text for layout in layouts if isinstance(layout, Layout)]
    # `verbose` would warn of rows longer than the model's context, which the caller counts.
    made = (
        template.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False) if texts else {}
    )
    rows = zip(made.get("input_ids", ()), made.get("offset_mapping", ()), strict=True)
    for layout in layouts:
        if isinstance(layout, Layout):
            tokens, offsets = next(rows)
            yield _weighed(layout, tokens, offsets, weights)
        else:
            yield layout


def _tokenised(
    texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[tuple[Sequence[int], Sequence[Span]]]:
    """Tokens and the letters that they stand for."""
    # `verbose` would warn of rows longer than the model's context, which the caller counts.
    made = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return zip(made["input_ids"], made["offset_mapping"], strict=True)


def _weighed(layout: Layout, tokens: Sequence[int], offsets: Sequence[Span], weights: Weights) -> Encoded:
    # One letter more than the text has: the place that -1 looks at.
    learned = bytearray(len(layout.text) + 1)
    for start, end in layout.learned:
        learned[start:end] = b"\1" * (end - start)
    last = tuple(end - 1 for _, end in offsets)
    loss = tuple(weights.said if learned[place] else weights.given for place in last)
    return Encoded(Sample(tuple(tokens), loss), layout, last)
