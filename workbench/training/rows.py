"""Training files: rows of `messages` as samples, with what was left out and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingDataError
from workbench.messages import Message
from workbench.records import read_jsonl
from workbench.training.encoding import Sample, encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class TrainingRows:
    """The samples of a file, in its order, and the number of rows left out by reason."""

    samples: tuple[Sample, ...]
    left_out: dict[str, int]


def read_rows(path: Path, tokenizer: "PreTrainedTokenizerBase", max_length: int, most_left_out: float) -> TrainingRows:
    """Encode a JSONL file; rows over `max_length` tokens or with nothing to learn are left out.

    TrainingDataError for a broken row, or where more than the share `most_left_out` of them is left out.
    """
    _check_tokenizer(tokenizer)
    samples: list[Sample] = []
    left_out: Counter[str] = Counter()
    for number, row in enumerate(read_jsonl(path), start=1):
        sample = _sample(row, tokenizer, f"{path.name}: row {number}")
        if len(sample) > max_length:
            left_out[f"over {max_length} tokens"] += 1
        elif not any(sample.weights[1:]):
            left_out["with nothing to learn"] += 1
        else:
            samples.append(sample)
    rows = len(samples) + left_out.total()
    if not samples or left_out.total() > most_left_out * rows:
        counts = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "it is empty"
        raise TrainingDataError(
            f"{path}: {left_out.total()} of {rows} rows cannot be trained on ({counts})",
            hint="raise max_length, or look at the rows; most_left_out is the share that may be missing",
        )
    return TrainingRows(tuple(samples), dict(left_out))


def _check_tokenizer(tokenizer: "PreTrainedTokenizerBase") -> None:
    name = tokenizer.name_or_path
    if not tokenizer.chat_template:
        raise TrainingDataError(f"{name}: its tokenizer has no chat template", hint="take an instructed model")
    if not tokenizer.is_fast:
        raise TrainingDataError(
            f"{name}: its tokenizer does not tell which letters a token stands for",
            hint="take a model with tokenizer.json",
        )


def _sample(row: Mapping[str, Any], tokenizer: "PreTrainedTokenizerBase", where: str) -> Sample:
    try:
        return encode(_messages(row), tokenizer, unmask=row.get("unmask") is True)
    except TrainingDataError as error:
        raise TrainingDataError(f"{where}: {error.message}", hint=error.hint) from error


def _messages(row: Mapping[str, Any]) -> list[Message]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise TrainingDataError(
            "there are no `messages`", hint='a row is {"messages": [{"role": ..., "content": ...}]}'
        )
    for message in messages:
        if not (
            isinstance(message, dict) and message.get("role") in _ROLES and isinstance(message.get("content"), str)
        ):
            raise TrainingDataError(
                f"{str(message)[:80]} is no message", hint=f"role is one of {', '.join(_ROLES)}, content a text"
            )
    return [{"role": message["role"], "content": message["content"]} for message in messages]
