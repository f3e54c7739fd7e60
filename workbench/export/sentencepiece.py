"""BPE as SentencePiece trains it (Llama 2, Mistral): blanks as "▁", bytes as a last resort, merges by score.

tokenizer.json holds it as an ordered list of merges. llama.cpp merges any two neighbours that make a token, the token
of the highest score first, so the list must hold every such pair, token by token.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import ExportError
from workbench.export.files import AGAIN

BLANK = "\u2581"
BYTES = [f"<0x{number:02X}>" for number in range(256)]
_REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": BLANK}
_PREPEND = {"type": "Prepend", "prepend": BLANK}
_METASPACE = {"type": "Metaspace", "replacement": BLANK, "split": False}
_DIFFERENT = {
    "always": "a text that begins with a blank has one blank in transformers and two in llama.cpp",
    "first": "a text that begins with no special token has a blank in front in transformers and none in llama.cpp; "
    "chats, whose template begins with one, are the same",
}


def is_sentencepiece(content: Mapping[str, Any]) -> bool:
    return bool(content["model"].get("byte_fallback"))


def blank_in_front(path: Path, content: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether llama.cpp is to put a blank in front of each text and behind each special token, and what becomes
    different by that, if anything.

    tokenizer.json has two ways to do the same, and one that llama.cpp has not: a blank in front of the very first word
    alone ("first"). Chat templates begin with a special token, where it means no blank at all, and so it is read.
    """
    normalizer, before = content.get("normalizer"), content.get("pre_tokenizer")
    steps = (normalizer or {}).get("normalizers", [normalizer] if normalizer else [])
    if not before and steps in ([_PREPEND, _REPLACE], [_REPLACE]):
        return len(steps) == 2, ""
    if not steps and before and {key: before.get(key) for key in _METASPACE} == _METASPACE:
        scheme = before.get("prepend_scheme", "always")
        return scheme == "always", _DIFFERENT.get(scheme, "")
    kinds = ", ".join(str(step.get("type")) for step in [*steps, before or {}] if step)
    raise ExportError(
        f"{path}: llama.cpp does not treat blanks as this tokenizer does ({kinds or 'nothing replaces them'})",
        hint="export knows Prepend and Replace, or a Metaspace without split, with bytes as a last resort",
    )


def scores(path: Path, model: Mapping[str, Any], ordinary: list[str]) -> dict[str, float]:
    """A score for each token that merges make: the earlier its merges, the higher. `ordinary` are the tokens that are
    not special; ExportError where llama.cpp would merge what the list does not, or in another order."""
    pairs = [_pair(path, merge) for merge in model["merges"]]
    names, found, last = frozenset(ordinary), dict[str, float](), ""
    for rank, token in enumerate(map("".join, pairs)):
        if token in names:
            if token in found and token != last:
                raise _foreign(path, f"the merges that make {token!r} do not stand together")
            last = token
        found.setdefault(token, -float(rank))
    listed = set(pairs)
    for pair in _splits(ordinary, frozenset(model["vocab"])):
        if pair not in listed:
            raise _foreign(path, f"{pair[0]!r} and {pair[1]!r} make a token, but are not merged")
    return found


def check_bytes(path: Path, vocabulary: Mapping[str, int]) -> None:
    if lost := [byte for byte in BYTES if byte not in vocabulary]:
        raise ExportError(f"{path}: it falls back to bytes, but has no token {lost[0]}", hint=AGAIN)


def _splits(tokens: list[str], vocabulary: frozenset[str]) -> Iterator[tuple[str, str]]:
    for token in tokens:
        for cut in range(1, len(token)):
            if token[:cut] in vocabulary and token[cut:] in vocabulary:
                yield token[:cut], token[cut:]


def _pair(path: Path, merge: str | list[str]) -> tuple[str, str]:
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if len(parts) != 2:
        raise _foreign(path, f"{merge!r} is no pair")
    return parts[0], parts[1]


def _foreign(path: Path, detail: str) -> ExportError:
    return ExportError(
        f"{path}: its merges are not those of a SentencePiece model: {detail}",
        hint="llama.cpp merges every two neighbours that make a token, so that ids would come out different",
    )
