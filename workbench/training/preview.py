"""Rows of a training file as the model will see them, with what it learns told from what it is merely given."""

from dataclasses import dataclass
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import NotFoundError
from workbench.records import read_jsonl
from workbench.training.encoding import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LEARNED = "font-weight:bold;text-decoration:underline"


@dataclass(frozen=True)
class Piece:
    """Neighbouring tokens, decoded; `learned` says whether they count in the loss."""

    text: str
    tokens: int
    learned: bool


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, each cut into pieces."""

    title: str
    rows: tuple[tuple[Piece, ...], ...]

    @property
    def caption(self) -> str:
        """`knowledge_train_msgs.jsonl: 3 rows, 30 of 210 tokens are learned (in bold and underlined).`"""
        pieces = [piece for row in self.rows for piece in row]
        learned = sum(piece.tokens for piece in pieces if piece.learned)
        total = sum(piece.tokens for piece in pieces)
        rows = "1 row" if len(self.rows) == 1 else f"{len(self.rows)} rows"
        return f"{self.title}: {rows}, {learned} of {total} tokens are learned"

    def __repr__(self) -> str:
        lines = ("".join(f"[{p.text}]" if p.learned else p.text for p in row) for row in self.rows)
        return "\n\n".join([f"{self.caption} (in square brackets).", *lines])

    def _repr_html_(self) -> str:
        body = "".join(
            '<pre style="white-space:pre-wrap;border-left:3px solid #888;padding-left:0.6em">'
            f"{''.join(map(_html, row))}</pre>"
            for row in self.rows
        )
        return f"<p>{escape(self.caption)} (in bold and underlined).</p>{body}"


def preview(file: Path, model: Path, count: int = 3) -> Preview:
    """`model` is a Hugging Face folder, whose tokenizer and template are used; NotFoundError where the file is not."""
    from transformers import AutoTokenizer

    if not file.is_file():
        raise NotFoundError(f"there is no training file {file}", hint="generate data first")
    tokenizer = AutoTokenizer.from_pretrained(model)
    return Preview(file.name, tuple(_pieces(row, tokenizer) for row in islice(read_jsonl(file), count)))


def _pieces(row: dict[str, object], tokenizer: "PreTrainedTokenizerBase") -> tuple[Piece, ...]:
    messages: list[object] = list(row["messages"])  # type: ignore[call-overload]
    sample = encode(messages, tokenizer, unmask=bool(row.get("unmask")))  # type: ignore[arg-type]
    groups: list[tuple[bool, list[int]]] = []
    for token, weight in zip(sample.tokens, sample.weights, strict=True):
        learned = weight > 0
        if not groups or groups[-1][0] != learned:
            groups.append((learned, []))
        groups[-1][1].append(token)
    return tuple(Piece(_decode(tokens, tokenizer), len(tokens), learned) for learned, tokens in groups)


def _decode(tokens: list[int], tokenizer: "PreTrainedTokenizerBase") -> str:
    return str(tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _html(piece: Piece) -> str:
    text = escape(piece.text)
    return f'<mark style="{_LEARNED}">{text}</mark>' if piece.learned else text
