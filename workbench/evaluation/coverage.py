"""Where the answers to questions stand in what was trained on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.evaluation.lessons import Lesson
from workbench.evaluation.names import Words, essentials, states, subjects, words

Place = Literal["taught", "unlearned", "left_out", "otherwise", "nowhere", "unknown"]


@dataclass(frozen=True)
class Asked:
    """A question with the right answer and what the trained model said."""

    question: str
    expected: str
    said: str
    right: bool


@dataclass(frozen=True)
class _Row:
    lesson: Lesson
    given: Words
    learned: Words

    @property
    def all(self) -> Words:
        return self.given | self.learned


class Coverage:
    """Rows by their words. An answer stands in a row that has the question's names and numbers and the answer's."""

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        self._rows = [_Row(lesson, words(lesson.given), words(lesson.learned)) for lesson in lessons]
        self._with: dict[str, set[int]] = {}
        for number, row in enumerate(self._rows):
            for word in row.all:
                self._with.setdefault(word, set()).add(number)

    def place(self, asked: Asked) -> Place:
        """`taught`: as the learned answer to a question about the same; `unlearned`: trained on, but not so: it is
        given and not learned, or stands in a plain text; `left_out`: only in rows that were left out; `otherwise`: rows
        about the same teach what the model said, or something that their own passage does not say; `nowhere`: in none.
        `unknown` where free text cannot be looked for."""
        about, wanted = subjects(asked.question), essentials(asked.expected) - words(asked.question)
        if not wanted:
            return "unknown"
        found = self._having(about | wanted)
        kept = [row for row in found if not row.lesson.left_out]
        if any(_taught(row, about, wanted) for row in found):
            return "taught"
        if any(_unlearned(row, about, wanted) for row in kept):
            return "unlearned"
        if any(row.lesson.left_out and wanted <= row.learned for row in found):
            return "left_out"
        return "otherwise" if self._contradicted(about, asked) else "nowhere"

    def _contradicted(self, about: Words, asked: Asked) -> bool:
        """Whether a row about the same teaches what the model wrongly said, or what its own passage does not say."""
        rows = [row for row in self._having(about) if row.lesson.said and not row.lesson.left_out] if about else []
        said = asked.said if not asked.right else ""
        return any((said and states(row.lesson.said, said)) or unsupported(row.lesson) for row in rows)

    def _having(self, wanted: Words) -> list[_Row]:
        sets = [self._with.get(word, set()) for word in wanted]
        return [self._rows[number] for number in sorted(set.intersection(*sets))] if sets else []


def places(coverage: Coverage, asked: Sequence[Asked]) -> Counter[Place]:
    return Counter(coverage.place(each) for each in asked)


def unsupported(lesson: Lesson) -> bool:
    """Whether the passage that a row was written from lacks the names and numbers of its answer."""
    wanted = essentials(lesson.said) - words(lesson.asked)
    return bool(lesson.passage and wanted) and not wanted <= words(lesson.passage)


def _taught(row: _Row, about: Words, wanted: Words) -> bool:
    """As the answer of a chat; in one of several answers the question may stand anywhere."""
    lesson = row.lesson
    where = row.given if lesson.said else row.all
    return not (lesson.document or lesson.left_out) and wanted <= row.learned and about <= where


def _unlearned(row: _Row, about: Words, wanted: Words) -> bool:
    """In a plain text, in an answer that does not count, or given where the question is what is learned."""
    lesson = row.lesson
    if lesson.document or wanted <= words(lesson.said) - row.learned:
        return True
    given = words(lesson.given.replace(lesson.passage, "")) if lesson.passage else row.given
    return about <= row.learned and wanted <= given
