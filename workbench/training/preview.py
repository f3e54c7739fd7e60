"""Rows of a training file as the model will see them, with what it learns told from what it is merely given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingDataError
from workbench.training.blocks import encode_documents
from workbench.training.encoding import Encoded, encode_all
from workbench.training.layout import ChatTemplate
from workbench.training.rows import check_template, conversation_at, document_of, is_document, load_tokenizer, placed
from workbench.training.sources import placed_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LEARNED = "font-weight:bold;text-decoration:underline"
_ADDED = "font-style:italic;opacity:0.7"
_ROW = "white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #888;padding-left:0.6em"
_MOST_LETTERS = 3000


@dataclass(frozen=True)
class Piece:
    """Neighbouring tokens, decoded: `learned` where they count in the loss, `added` where the template wrote them."""

    text: str
    tokens: int
    learned: bool
    added: bool = False


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, each cut into pieces."""

    title: str
    rows: tuple[tuple[Piece, ...], ...]

    @property
    def caption(self) -> str:
        """`knowledge_train_msgs.jsonl: 3 rows, 30 of 210 tokens are learned`"""
        pieces = [piece for row in self.rows for piece in row]
        learned = sum(piece.tokens for piece in pieces if piece.learned)
        total = sum(piece.tokens for piece in pieces)
        rows = "1 row" if len(self.rows) == 1 else f"{len(self.rows)} rows"
        return f"{self.title}: {rows}, {learned} of {total} tokens are learned"

    def __repr__(self) -> str:
        told = f"{self.caption} (in square brackets); the chat template adds what stands in « »."
        return "\n\n".join([told, *("".join(_marked(row)) for row in self.rows)])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        body = "".join(f'<pre style="{_ROW}">{"".join(map(_html, _shortened(row)))}</pre>' for row in self.rows)
        told = f"{self.caption} (in bold and underlined); the chat template adds what is in italics."
        return f"<p>{escape(told)}</p>{body}"


def preview(file: Path, model: Path, count: int = 3) -> Preview:
    """`model` is a Hugging Face folder, whose tokenizer and template are used.

    NotFoundError where the file is not; RecordError or TrainingDataError, with its line, for a row that is broken.
    """
    rows = list(islice(placed_rows(file), count))
    tokenizer = load_tokenizer(model)
    template = ChatTemplate(tokenizer)
    return Preview(file.name, tuple(_pieces(file, line, row, template) for line, row in rows))


def _pieces(file: Path, line: int, row: dict[str, Any], template: ChatTemplate) -> tuple[Piece, ...]:
    if is_document(row):
        (tokens,) = encode_documents([document_of(row)], template.tokenizer)
        return tuple(_cut(tokens, [(True, False)] * len(tokens), template.tokenizer))
    talk = conversation_at(file, line, row)
    check_template(template)
    if talk.blank:
        return ()
    (encoded,) = encode_all([talk], template)
    if isinstance(encoded, TrainingDataError):
        raise placed(encoded, file, line) from encoded
    return tuple(_cut(encoded.sample.tokens, _kinds(encoded), template.tokenizer))


def _kinds(encoded: Encoded) -> list[tuple[bool, bool]]:
    """For each token whether it is learned, and whether the template added it."""
    own = bytearray(len(encoded.layout.text) + 1)
    for start, end in encoded.layout.own:
        own[start:end] = b"\1" * (end - start)
    pairs = zip(encoded.sample.weights, encoded.last, strict=True)
    return [(weight > 0, not own[place]) for weight, place in pairs]


def _cut(
    tokens: Sequence[int], kinds: Sequence[tuple[bool, bool]], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[Piece]:
    """Each piece is what it adds to the text before it: some tokenizers drop the blank that a text begins with."""
    place, shown = 0, ""
    for (learned, added), group in groupby(kinds):
        size = len(list(group))
        whole = _decode(tokens[: place + size], tokenizer)
        yield Piece(whole[len(shown) :], size, learned, added)
        place, shown = place + size, whole


def _decode(tokens: Sequence[int], tokenizer: "PreTrainedTokenizerBase") -> str:
    return str(tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _shortened(row: Sequence[Piece]) -> Iterator[Piece]:
    """The row without the middle of pieces so long that nobody would read them."""
    for piece in row:
        cut = len(piece.text) - _MOST_LETTERS
        if cut > 0:
            half = _MOST_LETTERS // 2
            text = f"{piece.text[:half]} [... {cut:,} letters ...] {piece.text[-half:]}"
            piece = Piece(text, piece.tokens, piece.learned, piece.added)
        yield piece


def _marked(row: Sequence[Piece]) -> Iterator[str]:
    """The pieces as text: `«<|user|>»Who?«<|assistant|>»[Tarn.«<|end|>»]`."""
    for learned, pieces in groupby(_shortened(row), key=lambda piece: piece.learned):
        text = "".join(f"«{piece.text}»" if piece.added else piece.text for piece in pieces)
        yield f"[{text}]" if learned else text


def _html(piece: Piece) -> str:
    style = "; ".join(filter(None, (_LEARNED if piece.learned else "", _ADDED if piece.added else "")))
    if not style:
        return escape(piece.text)
    tag = "mark" if piece.learned else "span"
    return f'<{tag} style="{style}">{escape(piece.text)}</{tag}>'
