"""What one model said to each question of one benchmark, kept as it comes, so that nothing is asked twice."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workbench.evaluation.questions import Key, Question
from workbench.records import JsonlWriter, read_jsonl

Row = Mapping[str, Any]
Kept = Callable[[int], None]


def read_rows(path: Path) -> dict[Key, Row]:
    """The finished items of a journal; none when it has not begun."""
    rows = read_jsonl(path) if path.is_file() else iter(())
    return {(row["leaf"], row["id"]): row for row in rows}


class Journal:
    """`kept` is told after each row how many there are; it may raise, the row is safe by then."""

    def __init__(self, path: Path, kept: Kept) -> None:
        self.rows = read_rows(path)
        self._kept = kept
        self._writer = JsonlWriter(path)

    def left(self, questions: Sequence[Question]) -> list[Question]:
        """Questions that have no row yet, in order."""
        return [question for question in questions if question.key not in self.rows]

    def keep(self, question: Question, said: Row) -> None:
        row = {"id": question.id, "leaf": question.leaf, "question": question.asked, **said}
        self._writer.append(row)
        self.rows[question.key] = row
        self._kept(len(self.rows))

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def failure(reason: str) -> Row:
    """The row of an item that could not be asked; it counts in the error rate and in no score."""
    return {"failed": reason}
