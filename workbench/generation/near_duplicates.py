"""Likeness of samples by the words that they share in order: ROUGE-L's F measure, without comparing all pairs.

Two texts that are alike share many words whatever their order, so they share one of the rarest words of each, and an
index of those leads to all that can be alike (prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive operator for
similarity joins", 2006; rarest first: Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007). What it
leads to is compared in earnest.

Verdicts are those of the package rouge-score with its default tokenizer, to the last bit at the threshold, wherever
words are of a-z and 0-9. It cuts words at every other letter and drops that letter, so that a text in Greek has no
words; here letters and digits of every script make words, a sign of a script written without blanks makes one by
itself, and letters count as equal however their accents are encoded.
"""

import math
import re
import unicodedata
from collections import Counter

from rapidfuzz.distance import LCSseq
from rapidfuzz.process import extract_iter

# Thai, Lao, Burmese, Khmer, kana and Han.
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
_FIRST_ORDER = 64
# Far more than sums of doubles are off, far less than one word makes.
_SLACK = 1e-6
_UNKNOWN = "\0"


def words(text: str) -> list[str]:
    """The text's words in lower case."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _WORD.findall(text.lower())


def likeness(first: list[str], second: list[str]) -> float:
    """F measure of their longest common subsequence, in 0..1; 0 where one has no words."""
    return _measure(LCSseq.similarity(first, second), len(first), len(second))


class Seen:
    """Texts kept so far, asked whether a new one is a near-duplicate of any; `threshold` is above 0, at most 1."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._signs: dict[str, str] = {}
        self._texts: list[str] = []
        self._counts: Counter[str] = Counter()
        self._frequency: Counter[str] = Counter()
        self._places: dict[str, list[int]] = {}
        self._needed: dict[int, dict[int, int]] = {}

    def twin(self, text: str) -> bool:
        """Whether a kept text is at least as like as the threshold."""
        new = "".join([self._signs.get(word, _UNKNOWN) for word in words(text)])
        places = set[int]().union(*(self._places.get(sign, ()) for sign in self._rarest(new)))
        needed = self._needed.setdefault(len(new), {})
        near = [old for old in map(self._texts.__getitem__, places) if self._shared(needed, new, old) <= len(old)]
        if not near:
            return False
        least = min(needed[len(old)] for old in near)
        alike = extract_iter(new, near, scorer=LCSseq.similarity, score_cutoff=least)
        return any(shared >= needed[len(old)] for old, shared, _ in alike)

    def add(self, text: str) -> None:
        """Keep a text."""
        kept = "".join([self._sign(word) for word in words(text)])
        self._texts.append(kept)
        self._counts.update(set(kept))
        if len(self._texts) >= _FIRST_ORDER and not len(self._texts) & (len(self._texts) - 1):
            self._reorder()
        else:
            self._enter(len(self._texts) - 1)

    def _sign(self, word: str) -> str:
        """A character for each word, since texts of characters are compared fastest; 0 is for words not kept."""
        sign = self._signs.get(word)
        if sign is None:
            sign = self._signs[word] = chr(len(self._signs) + 1)
        return sign

    def _rarest(self, text: str) -> set[str]:
        """So many of its words, repeated ones counted, that a twin must have one of them among its own.

        Equally frequent ones stay in the order of the text: what twins share is in one order in both.
        """
        if not text:
            return set()
        least = math.ceil(self.threshold * len(text) / (2 - self.threshold) - _SLACK)
        return set(sorted(text, key=self._frequency.__getitem__)[: len(text) - least + 1])

    def _enter(self, place: int) -> None:
        for sign in self._rarest(self._texts[place]):
            self._places.setdefault(sign, []).append(place)

    def _reorder(self) -> None:
        """What is rare becomes known only with time, so the index is made anew each time it has doubled."""
        self._frequency = self._counts.copy()
        self._places.clear()
        for place in range(len(self._texts)):
            self._enter(place)

    def _shared(self, needed: dict[int, int], new: str, old: str) -> int:
        """Words that twins of these lengths share in order at least; more than either has where that cannot be."""
        first, second = len(new), len(old)
        if second not in needed:
            count = max(1, math.floor(self.threshold * (first + second) / 2 - _SLACK))
            while count <= min(first, second) and _measure(count, first, second) < self.threshold:
                count += 1
            needed[second] = count if count <= min(first, second) else first + second
        return needed[second]


def _measure(shared: int, first: int, second: int) -> float:
    """Rounded as rouge-score rounds it, from precision and recall."""
    if not shared:
        return 0.0
    precision, recall = shared / first, shared / second
    return 2 * precision * recall / (precision + recall)
