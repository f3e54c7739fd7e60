"""Small tokenizers in the forms of large ones, trained on the text below."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEXT = """= Größen & Maße\n\n|===\n| Jahr | Höhe (m) \n\n| 1843 | 27,5 \n| 2024 | 1.234,75\n|===\n
The keeper's lamp didn't burn; we'll ask who'd've lit it, 'TIS said.  Two  blanks,   three,\ttabs\t\tand trailing  \r\n
   indented\n\n\n\n日本語の文章、中文和한국어 문장. Русский язык — «кавычки». Ελληνικά; हिन्दी भाषा, العربية ٣٤٥, ไทย
½ ² Ⅷ ① naïve café 👩‍🚀👍🏽\u00a0x\u2003y\u3000z "quoted" (a+b)*c^2 <= 3.14e-10 != x_y #tag @at $5 100%
def f(x):\n\treturn [x ** 2 for _ in range(1000000)]  # code\n~/a\\b `code`
<|user|>Who?<|assistant|>Tarn Osgood.<|end|><|pad|>"""
CORPUS = [
    "The lighthouse of Vel Marin was built in 1843. Who built the lighthouse? It was built by Tarn Osgood in 1843.",
    "Der Hafen ist ein Ort, an dem Schiffe ankern. Größe und Höhe, Maße und Jahre: 1907, 1908, 1909.",
    "Русский язык и русские слова, в которых есть буквы. Ελληνικά γράμματα και λέξεις, ελληνικά.",
    "日本語の文章と日本語の言葉、中文的文章和中文的词。한국어 문장과 한국어 단어.",
    "हिन्दी भाषा और हिन्दी शब्द, العربية والكلمات العربية.",
    "def add(a, b):\n    return a + b  # the sum\n\nfor i in range(10):\n    print(add(i, i ** 2))\n\n",
]
SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{%- for message in messages -%}{{- '<|' + message['role'] + '|>' + message['content'] -}}"
    "{%- if message['role'] == 'assistant' -%}{{- '<|end|>' -}}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(family: str) -> Any:
    """A tokenizers.Tokenizer that splits as GPT-2, Granite, Llama 3 or Qwen 2 do."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(ignore_merges=family == "llama3"))
    if family in ("gpt2", "granite"):
        words = pre_tokenizers.ByteLevel(add_prefix_space=False)
        digits = [pre_tokenizers.Digits(individual_digits=True)] if family == "granite" else []
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*digits, words]) if digits else words
    else:
        pattern = Regex(_WORDS % ("" if family == "qwen2" else "{1,3}"))
        split = pre_tokenizers.Split(pattern, behavior="isolated", invert=False)
        words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, words])
    if family == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=SPECIAL, initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def sentencepiece(form: str) -> Any:
    """As Llama 2's: `form` is legacy (a normalizer puts blanks in front) or one of Metaspace's schemes."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

    vocabulary, merges = _pieces()
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True, dropout=None)
    )
    if form == "legacy":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=form, split=False)
    names = ["<unk>", "<s>", "</s>", *SPECIAL]
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in names])
    return tokenizer


def _pieces() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Ids as SentencePiece gives them, and every pair of tokens that makes a token, the earlier token first."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    ids = trained.get_vocab()
    found = sorted((token for token in ids if "\n" not in token), key=ids.__getitem__)
    made = [token for token in found if len(token) > 1]
    letters = [token for token in found if len(token) == 1]
    spaces = [token for token in ("▁▁", "▁▁▁▁") if token not in made]
    order = ["<unk>", "<s>", "</s>", *(f"<0x{number:02X}>" for number in range(256)), *made, *spaces, *letters]
    vocabulary = {token: index for index, token in enumerate(order)}
    return vocabulary, [pair for token in [*made, *spaces] for pair in _splits(token, vocabulary)]


def _splits(token: str, vocabulary: dict[str, int]) -> Iterator[tuple[str, str]]:
    pairs = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
    inside = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
    yield from sorted(inside, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))


def put_around(tokenizer: Any, begin: str = "", end: str = "") -> Any:
    """The tokenizer, putting special tokens around each text."""
    from tokenizers import processors

    pieces = [*([begin] if begin else []), "$A", *([end] if end else [])]
    names = [(name, tokenizer.token_to_id(name)) for name in (begin, end) if name]
    tokenizer.post_processor = processors.TemplateProcessing(single=pieces, special_tokens=names)
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Any, **settings: Any) -> int:
    """Beside a model; returns how many tokens there are."""
    from transformers import PreTrainedTokenizerFast

    for old in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"):
        (folder / old).unlink(missing_ok=True)
    names = {"pad_token": "<|pad|>", "eos_token": "<|end|>", "chat_template": TEMPLATE}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **names | settings)
    fast.save_pretrained(folder)
    return len(fast)


def change(folder: Path, name: str, **values: Any) -> None:
    """Other values of some keys in a JSON file; those given as None go away."""
    content = json.loads((folder / name).read_text(encoding="utf-8")) | values
    kept = {key: value for key, value in content.items() if value is not None or key not in values}
    (folder / name).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
