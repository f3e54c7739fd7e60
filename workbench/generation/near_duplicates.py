"""Likeness of samples by the words that they share in order (ROUGE-L's F measure)."""

import re

from rapidfuzz.distance import LCSseq


def words(text: str) -> list[str]:
    """The text's words in lower case."""
    return re.findall(r"\w+", text.lower())


def likeness(first: list[str], second: list[str]) -> float:
    """2 x longest common subsequence / words of both, in 0..1; 1 for two empty texts."""
    total = len(first) + len(second)
    return 2 * LCSseq.similarity(first, second) / total if total else 1.0


class Seen:
    """Texts kept so far, asked whether a new one is a near-duplicate of any."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._texts: list[list[str]] = []

    def twin(self, text: str) -> bool:
        """Whether a kept text is at least as like as the threshold."""
        new = words(text)
        # The measure cannot exceed 2 x the shorter length / both lengths, which spares most comparisons.
        return any(
            2 * min(len(new), len(old)) >= self.threshold * (len(new) + len(old))
            and likeness(new, old) >= self.threshold
            for old in self._texts
        )

    def add(self, text: str) -> None:
        """Keep a text."""
        self._texts.append(words(text))
