"""A Hugging Face tokenizer as llama.cpp's: tokens with their kinds, merges, special ids and the chat template."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from workbench.errors import ExportError
from workbench.records import read_json

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


# Pre-tokenizer steps -> the name under which llama.cpp splits text in the same places. Of the names that llama.cpp
# gives to single digits and GPT-2's words, `smollm` is the one that leaves blanks alone when it turns ids into text.
_SPLITTERS: dict[str, list[dict[str, Any]]] = {
    "smollm": [_DIGITS, _GPT2],
    "gpt-2": [_GPT2],
    "llama-bpe": [_split("{1,3}"), _BYTES_ONLY],
    "qwen2": [_split(""), _BYTES_ONLY],
}
_SPECIAL = ("bos", "eos", "unk", "sep", "pad")


@dataclass(frozen=True)
class Vocabulary:
    """`tokens` and `kinds` have one entry an id, up to the model's padded size; `special` maps bos, eos, ... to ids."""

    splitter: str
    tokens: list[str]
    kinds: list[int]
    merges: list[str]
    special: dict[str, int]
    add_bos: bool
    template: str

    @classmethod
    def read(cls, folder: Path, size: int) -> "Vocabulary":
        """`size` is the model's; ids that the tokenizer does not use become unused tokens."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ExportError(f"{folder} holds no tokenizer.json", hint="save the tokenizer beside the model")
        content, settings = read_json(path), _settings(folder)
        tokens, kinds = _tokens(path, content, size)
        special = _special(folder, settings, {token: index for index, token in enumerate(tokens)})
        return cls(
            splitter=_splitter(path, content),
            tokens=tokens,
            kinds=kinds,
            merges=[merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]],
            special=special,
            add_bos=_begins_with(content.get("post_processor"), tokens, special.get("bos")),
            template=_template(folder, settings),
        )

    def write(self, writer: Any) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.splitter)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.kinds)
        writer.add_token_merges(self.merges)
        for name, index in self.special.items():
            getattr(writer, f"add_{name}_token_id")(index)
        writer.add_add_bos_token(self.add_bos)
        writer.add_add_eos_token(False)
        if self.template:
            writer.add_chat_template(self.template)


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    return dict(read_json(path)) if path.is_file() else {}


def _tokens(path: Path, content: Mapping[str, Any], size: int) -> tuple[list[str], list[int]]:
    known: dict[int, tuple[str, int]] = {
        index: (token, gguf.TokenType.NORMAL) for token, index in content["model"]["vocab"].items()
    }
    for added in content.get("added_tokens", []):
        kind = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        known[added["id"]] = (added["content"], kind)
    if max(known) >= size:
        raise ExportError(
            f"{path}: it holds id {max(known)}, but the model has only {size} embeddings",
            hint="resize the model's embeddings to its tokenizer, then save it again",
        )
    filled = [known.get(index, (f"[PAD{index}]", gguf.TokenType.UNUSED)) for index in range(size)]
    return [token for token, _ in filled], [int(kind) for _, kind in filled]


def _splitter(path: Path, content: Mapping[str, Any]) -> str:
    """llama.cpp's name for the tokenizer's splitting of text; ExportError where ids could come out different."""
    if content["model"]["type"] != "BPE" or content["model"].get("byte_fallback"):
        raise ExportError(f"{path}: only byte-level BPE tokenizers can be exported, not {content['model']['type']}")
    if content.get("normalizer"):
        raise ExportError(f"{path}: it normalizes text ({content['normalizer']['type']}), which llama.cpp would not")
    before = content.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers", [before])
    for name, wanted in _SPLITTERS.items():
        if len(steps) == len(wanted) and all(_like(*pair) for pair in zip(steps, wanted, strict=True)):
            return name
    raise ExportError(
        f"{path}: llama.cpp has no name for this pre-tokenizer ({', '.join(str(step.get('type')) for step in steps)})",
        hint=f"export knows those that llama.cpp calls {', '.join(_SPLITTERS)}",
    )


def _like(step: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Offsets are trimmed or not without changing ids, so such keys are not compared."""
    return all(step.get(key) == value for key, value in wanted.items())


def _special(folder: Path, settings: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in _SPECIAL:
        token = settings.get(f"{name}_token")
        text = token.get("content") if isinstance(token, dict) else token
        if text is not None and text not in ids:
            raise ExportError(f"{folder / 'tokenizer_config.json'}: {name}_token {text!r} is not in the vocabulary")
        if text is not None:
            found[name] = ids[text]
    if "eos" not in found:
        raise ExportError(
            f"{folder / 'tokenizer_config.json'}: it names no eos_token", hint="without one no answer would end"
        )
    return found


def _begins_with(processor: Mapping[str, Any] | None, tokens: list[str], bos: int | None) -> bool:
    """Whether the tokenizer puts its bos in front of every text: its template's first piece is that token."""
    if not processor or bos is None:
        return False
    parts = processor.get("processors", [processor])
    firsts = [part["single"][0] for part in parts if part["type"] == "TemplateProcessing" and part["single"]]
    return any(first.get("SpecialToken", {}).get("id") == tokens[bos] for first in firsts)


def _template(folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    found = settings.get("chat_template") or ""
    if isinstance(found, list):
        found = next((entry["template"] for entry in found if entry["name"] == "default"), "")
    return str(found)
