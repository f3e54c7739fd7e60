"""A Hugging Face tokenizer as llama.cpp's: tokens with their kinds, merges or scores, special ids, chat template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import gguf

from workbench.errors import ExportError
from workbench.export.files import AGAIN, checked, read_as, read_object
from workbench.export.forms import AddedToken, Ends, TokenizerFile, TokenizerSettings
from workbench.export.model_config import ELSEWHERE, ModelConfig
from workbench.export.sentencepiece import BLANK, BYTES, blank_in_front, check_bytes, is_sentencepiece, scores
from workbench.export.splitters import COMPOSED, splitter

_SPECIAL = ("bos", "eos", "unk", "sep", "pad")
_ROLES = (*_SPECIAL, "cls", "mask")
# Where llama.cpp keeps further tokens that end an answer.
_MORE_ENDS = ("eot", "eom")
_EDGES = ("lstrip", "rstrip", "single_word")


@dataclass(frozen=True)
class Vocabulary:
    """`tokens` and `kinds` have one entry an id, up to the model's padded size; `special` maps bos, eos, ... to ids.

    Byte-level BPE has `merges` and a `splitter`; SentencePiece's has `scores` and says whether there is a `blank` in
    front of texts. `different` says for which texts llama.cpp's ids are not the tokenizer's; empty where for none.
    """

    tokens: list[str]
    kinds: list[int]
    special: dict[str, int]
    template: str
    splitter: str = "default"
    merges: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    blank: bool = False
    add_bos: bool = False
    add_eos: bool = False
    different: str = ""

    @classmethod
    def read(cls, folder: Path, config: ModelConfig) -> "Vocabulary":
        """Ids of the model that the tokenizer does not use become unused tokens."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ExportError(f"{folder} holds no tokenizer.json", hint="save the tokenizer beside the model")
        content, settings = _content(path), _settings(folder)
        tokens, kinds = _tokens(path, content, config.number("vocab_size"))
        named = _named(folder, settings, {token: index for index, token in enumerate(tokens)})
        # Transformers finds them in texts, whether tokenizer.json lists them or not.
        for index in named.values():
            kinds[index] = int(gguf.TokenType.CONTROL) if kinds[index] == gguf.TokenType.NORMAL else kinds[index]
        special = _special(folder, named, _ends(config, len(tokens)))
        begins, ends = _told(settings, special) or _around(path, content.get("post_processor"), tokens, special)
        form = _pieces(path, content, tokens, kinds) if is_sentencepiece(content) else _byte_level(path, content)
        template = _template(folder, settings)
        return cls(tokens, kinds, special, template, add_bos=begins, add_eos=ends, **form)

    def write(self, writer: Any) -> None:
        writer.add_tokenizer_model("llama" if self.scores else "gpt2")
        writer.add_tokenizer_pre(self.splitter)
        writer.add_token_list(self.tokens)
        if self.scores:
            writer.add_token_scores(self.scores)
            writer.add_add_space_prefix(self.blank)
        writer.add_token_types(self.kinds)
        if self.merges:
            writer.add_token_merges(self.merges)
        for name, index in self.special.items():
            getattr(writer, f"add_{name}_token_id")(index)
        writer.add_add_bos_token(self.add_bos)
        writer.add_add_eos_token(self.add_eos)
        if self.template:
            writer.add_chat_template(self.template)


def _content(path: Path) -> dict[str, Any]:
    content = read_object(path)
    model = content.get("model")
    if isinstance(model, dict) and model.get("type", "BPE") != "BPE":
        raise ExportError(f"{path}: only BPE tokenizers can be exported, not {model['type']}", hint=ELSEWHERE)
    return cast(dict[str, Any], checked(path, content, TokenizerFile))


def _settings(folder: Path) -> dict[str, Any]:
    """Older folders name their special tokens in a file of its own."""
    paths = (folder / "special_tokens_map.json", folder / "tokenizer_config.json")
    return {key: value for path in paths if path.is_file() for key, value in read_as(path, TokenizerSettings).items()}


def _tokens(path: Path, content: Mapping[str, Any], size: int) -> tuple[list[str], list[int]]:
    vocabulary = content["model"]["vocab"]
    known = {index: (token, gguf.TokenType.NORMAL) for token, index in vocabulary.items()}
    if len(known) < len(vocabulary):
        raise ExportError(f"{path}: two tokens have the same id", hint=AGAIN)
    if is_sentencepiece(content):
        check_bytes(path, vocabulary)
        known |= {vocabulary[byte]: (byte, gguf.TokenType.BYTE) for byte in BYTES}
    following = len(vocabulary)
    for added in content.get("added_tokens", []):
        _check_added(path, content, added, vocabulary.get(added["content"], following))
        following = max(following, added["id"] + 1)
        kind = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        unknown = is_sentencepiece(content) and added["content"] == content["model"].get("unk_token")
        known[added["id"]] = (added["content"], gguf.TokenType.UNKNOWN if unknown else kind)
    if max(known) >= size:
        raise ExportError(
            f"{path}: it holds id {max(known)}, but the model has only {size} embeddings",
            hint="resize the model's embeddings to its tokenizer, then save it again",
        )
    filled = [known.get(index, (f"[PAD{index}]", gguf.TokenType.UNUSED)) for index in range(size)]
    if len({token for token, _ in filled}) < size:
        raise ExportError(f"{path}: two ids have the same token, which llama.cpp does not load", hint=AGAIN)
    return [token for token, _ in filled], [int(kind) for _, kind in filled]


def _check_added(path: Path, content: Mapping[str, Any], added: AddedToken, index: int) -> None:
    """llama.cpp finds such a token wherever it is spelled, and takes nothing beside it. `index` is the id that
    tokenizers gives it: it goes by the vocabulary and by the order, not by the file."""
    where = f"{path}: the added token {added['content']!r}"
    if added["id"] != index:
        raise ExportError(f"{where} has the id {added['id']}, but is read as {index}", hint=AGAIN)
    if edges := [key for key in _EDGES if added.get(key)]:
        raise ExportError(
            f"{where} has {edges[0]}, which llama.cpp has not",
            hint=f"set {edges[0]} to false there, if texts have nothing beside that token",
        )
    if added.get("normalized") and (content.get("normalizer") or {}).get("normalizers"):
        raise ExportError(
            f"{where} is found only behind a blank, and llama.cpp finds it everywhere",
            hint="set its normalized to false there, if texts are to hold it without a blank in front",
        )
    if is_sentencepiece(content) and not added["special"] and (" " in added["content"] or BLANK in added["content"]):
        raise ExportError(f"{where} holds blanks, which llama.cpp would look for in another form", hint=ELSEWHERE)


def _byte_level(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    model = content["model"]
    if lost := [key for key in ("continuing_subword_prefix", "end_of_word_suffix") if model.get(key)]:
        raise ExportError(f"{path}: its tokens have a {lost[0]}, which llama.cpp has not", hint=ELSEWHERE)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return {
        "splitter": splitter(path, content),
        "merges": merges,
        "different": COMPOSED if content.get("normalizer") else "",
    }


def _pieces(path: Path, content: Mapping[str, Any], tokens: list[str], kinds: list[int]) -> dict[str, Any]:
    ordinary = [token for token, kind in zip(tokens, kinds, strict=True) if kind == gguf.TokenType.NORMAL]
    blank, different = blank_in_front(path, content)
    found = scores(path, content["model"], ordinary)
    return {"scores": [found.get(token, 0.0) for token in tokens], "blank": blank, "different": different}


def _named(folder: Path, settings: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, int]:
    """Ids of the special tokens in the settings: those with a role by its name, such as bos, others by their own."""
    tokens = {name: token for name in _ROLES if (token := settings.get(f"{name}_token")) is not None}
    more = settings.get("extra_special_tokens") or settings.get("additional_special_tokens") or []
    tokens |= more if isinstance(more, dict) else {f"special {number}": token for number, token in enumerate(more)}
    texts = {name: token["content"] if isinstance(token, dict) else token for name, token in tokens.items()}
    for name, text in texts.items():
        if text not in ids:
            where = f"{folder / 'tokenizer_config.json'}: {name} token {text!r:.60}"
            raise ExportError(f"{where} is not in the vocabulary", hint="save the tokenizer and the model together")
    return {name: ids[text] for name, text in texts.items()}


def _special(folder: Path, named: Mapping[str, int], ends: list[int]) -> dict[str, int]:
    """What llama.cpp knows by a name."""
    found = {name: named[name] for name in _SPECIAL if name in named}
    if "eos" not in found:
        if not ends:
            raise ExportError(
                f"{folder / 'tokenizer_config.json'}: it names no eos_token", hint="without one no answer would end"
            )
        found["eos"] = ends[0]
    more = [index for index in ends if index != found["eos"]]
    return found | dict(zip(_MORE_ENDS, more, strict=False))


def _ends(config: ModelConfig, size: int) -> list[int]:
    """Ids that end an answer when transformers generates; models that chat have several."""
    path = config.path.with_name("generation_config.json")
    settings = read_as(path, Ends) if path.is_file() else checked(config.path, config.values, Ends)
    given = settings.get("eos_token_id")
    ids = given if isinstance(given, list) else [] if given is None else [given]
    return [index for index in ids if 0 <= index < size]


def _told(settings: Mapping[str, Any], special: Mapping[str, int]) -> tuple[bool, bool] | None:
    """What goes around texts by the settings, which transformers heeds before tokenizer.json if they name either."""
    if "add_bos_token" not in settings and "add_eos_token" not in settings:
        return None
    begins, ends = (bool(settings.get(f"add_{name}_token")) and name in special for name in ("bos", "eos"))
    return begins, ends


def _around(
    path: Path, processor: Mapping[str, Any] | None, tokens: list[str], special: Mapping[str, int]
) -> tuple[bool, bool]:
    """Whether the tokenizer puts its bos in front of every text, and its eos behind it."""
    parts = (processor or {}).get("processors", [processor] if processor else [])
    begins = ends = False
    for part in parts:
        if part["type"] == "ByteLevel":
            continue
        pieces = [next(iter(piece.values()))["id"] for piece in part.get("single", [])]
        if part["type"] != "TemplateProcessing" or "A" not in pieces:
            raise ExportError(f"{path}: llama.cpp cannot put around texts what its {part['type']} does", hint=ELSEWHERE)
        front, behind = pieces[: pieces.index("A")], pieces[pieces.index("A") + 1 :]
        begins, ends = begins or bool(front), ends or bool(behind)
        named = {name: [tokens[special[name]]] if name in special else None for name in ("bos", "eos")}
        if (front and front != named["bos"]) or (behind and behind != named["eos"]):
            raise ExportError(
                f"{path}: it puts {' '.join([*front, 'TEXT', *behind])} around texts, and llama.cpp only bos and eos",
                hint="name those tokens as bos_token and eos_token in tokenizer_config.json",
            )
    return begins, ends


def _template(folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "chat_template.jinja"
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ExportError(f"{path}: it is not UTF-8", hint=AGAIN) from error
    found = settings.get("chat_template") or ""
    if isinstance(found, list):
        found = next((entry["template"] for entry in found if entry["name"] == "default"), "")
    return str(found)
