"""Byte-level BPE: llama.cpp's names for the ways in which tokenizers split text before they merge it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import ExportError
from workbench.export.model_config import ELSEWHERE

_GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_BYTES_ONLY = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
_DIGITS = {"type": "Digits", "individual_digits": True}
_WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
_BLANKS = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"


def _split(digits: str) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": _WORDS % digits + _BLANKS},
        "behavior": "Isolated",
        "invert": False,
    }


# Where a tokenizer has NFC, as Qwen's do.
COMPOSED = "letters with separate accents are joined to them in transformers and not in llama.cpp"


@dataclass(frozen=True)
class Splitter:
    """`whole_words`: a word that is in the vocabulary is one token, whatever the merges say (`ignore_merges`)."""

    name: str
    steps: tuple[dict[str, Any], ...]
    whole_words: bool = False


# Of the names that llama.cpp gives to single digits and GPT-2's words (Granite 3 has them), `smollm` is the one that
# leaves blanks alone when it turns ids into text. `dbrx` splits as Llama 3 does, and goes by the merges.
SPLITTERS = (
    Splitter("smollm", (_DIGITS, _GPT2)),
    Splitter("gpt-2", (_GPT2,)),
    Splitter("llama-bpe", (_split("{1,3}"), _BYTES_ONLY), whole_words=True),
    Splitter("dbrx", (_split("{1,3}"), _BYTES_ONLY)),
    Splitter("qwen2", (_split(""), _BYTES_ONLY)),
)


def splitter(path: Path, content: Mapping[str, Any]) -> str:
    """llama.cpp's name for the splitting of text in a tokenizer.json; ExportError where ids could come out different.
    What NFC does is left to `COMPOSED`."""
    normalizer = content.get("normalizer") or {"type": "NFC"}
    if normalizer["type"] != "NFC":
        raise ExportError(
            f"{path}: it normalizes text ({normalizer['type']}), which llama.cpp would not", hint=ELSEWHERE
        )
    before = content.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers", [before])
    whole_words = bool(content["model"].get("ignore_merges"))
    for known in SPLITTERS:
        if known.whole_words == whole_words and _equal(steps, known.steps):
            return known.name
    kinds = ", ".join(str(step.get("type")) for step in steps)
    words = " and whole words" if whole_words else ""
    raise ExportError(
        f"{path}: llama.cpp has no name for this pre-tokenizer ({kinds}{words})",
        hint=f"export knows those that llama.cpp calls {', '.join(known.name for known in SPLITTERS)}, and "
        "SentencePiece's",
    )


def _equal(steps: list[Mapping[str, Any]], wanted: tuple[dict[str, Any], ...]) -> bool:
    """Offsets are trimmed or not without changing ids, so such keys are not compared."""
    return len(steps) == len(wanted) and all(
        all(step.get(key) == value for key, value in known.items()) for step, known in zip(steps, wanted, strict=True)
    )
