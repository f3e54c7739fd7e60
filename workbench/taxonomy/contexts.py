"""Whether the contexts of a knowledge leaf are passages of its documents.

Compared are words in their order: line breaks, punctuation and the marks of Markdown make no difference.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape

from workbench.documents.convert import Document
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Qna
from workbench.taxonomy.yaml_file import YamlFile

# Letters that are searched at most for one file, about a tenth of a second.
_SEARCHED = 10**8
_LINK = re.compile(r"\[([^\]\n]{0,300})\]\([^)\n]{0,600}\)")
_TAG = re.compile(r"</?[A-Za-z!][^<>\n]{0,200}>")
# Marks inside words, and the numbers of lists, which a rendered document leaves out of a selection.
_MARKS = re.compile(r"[*`\\~]|(?<!\w)\d{1,3}[.)](?=\s)")
_BETWEEN = re.compile(r"[\W_]+")


def check_contexts(file: YamlFile, qna: Qna, documents: Sequence[Document]) -> Iterator[Finding]:
    """Warnings at the contexts that are in none of the documents, with the words at which they part."""
    texts = [(document.name, _plain(document.text)) for document in documents]
    letters = sum(len(text) for _, text in texts)
    left = _SEARCHED
    for number, seed in enumerate(qna.seed_examples):
        words = _plain(seed.context)
        left -= letters
        if not words.strip() or left < 0 or any(words in text for _, text in texts):
            continue
        left -= 10 * letters
        hint = "copy the passage from the document as it is now, or list the document under patterns"
        message = _difference(words.split(), texts)
        finding = file.finding(["seed_examples", number, "context"], "context-not-in-document", message, hint=hint)
        yield replace(finding, severity="warning")


def _difference(words: Sequence[str], texts: Sequence[tuple[str, str]]) -> str:
    lengths = [(_shared(words, text), name) for name, text in texts]
    most, name = max(lengths, default=(0, ""))
    if most < 3:
        return f"not a passage of {', '.join(name for _, name in lengths[:3])}"
    return f"{name} has its first {most} words, but not the following: {' '.join(words[most : most + 6])}"


def _shared(words: Sequence[str], text: str) -> int:
    """How many words from the first on are in the text, by halving."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if f" {' '.join(words[:middle])} " in text else (low, middle - 1)
    return low


def _plain(text: str) -> str:
    text = _MARKS.sub("", _TAG.sub(" ", _LINK.sub(r"\1", unescape(text))))
    return f" {_BETWEEN.sub(' ', text).strip().casefold()} "
