"""Marks that training rows put around every question and nobody else does, such as `### Question:`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.evaluation.lessons import Lesson

# What words and sentences are made of; anything else in a word that stands before every question marks it as a role.
_PLAIN = re.compile(r"[\w.,?!'\"()-]*")
# Rows of one leaf may ask in a few ways; what marks them as another project's stands before all of them.
_NEARLY_ALL = 0.9
_FEWEST = 5


@dataclass(frozen=True)
class Wrapping:
    """`told` says what stands where: `"###" before`."""

    told: str
    rows: int


def wrapping(lessons: Sequence[Lesson], asked: Sequence[str]) -> Wrapping | None:
    """The mark with which nearly all questions of the rows begin or end, and none of those asked does."""
    rows = [lesson.asked.split() for lesson in lessons if lesson.asked]
    if len(rows) < _FEWEST or not asked:
        return None
    for where, place in (("before", 0), ("after", -1)):
        word, count = Counter(row[place] for row in rows).most_common(1)[0]
        known = any(question.split()[place : place + 1 or None] == [word] for question in asked)
        if count >= _NEARLY_ALL * len(rows) and not known and not _PLAIN.fullmatch(word):
            return Wrapping(f'"{word}" {where}', count)
    return None
