"""What a training file holds in tokens, and which of its rows are left out, as people see it before they train."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.errors import TrainingDataError
from workbench.taxonomy.markup import paragraph, table

EMPTY = "empty"
NOTHING_TO_LEARN = "with nothing to learn"
_LINES_TOLD = 5
_HEADS = ("file", "rows", "kept", "left out", "tokens", "learned", "shortest", "median", "90 % up to", "longest")
_MISSING_HEADS = ("file", "left out because", "rows", "where")


def too_long(most: int) -> str:
    return f"over {most} tokens"


def too_short(least: int) -> str:
    return f"under {least} tokens"


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are left out for one reason; `lines` are the first few."""

    reason: str
    rows: int
    lines: tuple[int, ...]

    @property
    def where(self) -> str:
        """`lines 3, 17, ...`"""
        more = ", ..." if self.rows > len(self.lines) else ""
        return ("line " if self.rows == 1 else "lines ") + ", ".join(map(str, self.lines)) + more

    def __str__(self) -> str:
        return f"{self.rows} {self.reason}: {self.where}"


@dataclass(frozen=True)
class FileReport:
    """A file in numbers: `kept` of its `rows` are trained on, as `samples` of `tokens` of which `learned` are learned.

    `lengths` are those of all rows in tokens, also of rows left out: the shortest, what half and nine tenths of them
    reach at most, the longest. Documents are counted as rows, their blocks as samples.
    """

    path: Path
    rows: int
    kept: int
    samples: int
    tokens: int
    learned: int
    lengths: tuple[int, int, int, int]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Its name, under which tables and records know it."""
        return self.path.name

    @property
    def missing(self) -> int:
        """Rows left out."""
        return self.rows - self.kept

    def cells(self) -> tuple[str, ...]:
        """The file as a row of the table."""
        share = f"{self.learned / self.tokens:.1%}".replace("%", " %") if self.tokens else "-"
        counts = (self.rows, self.kept, self.missing, self.tokens)
        return (self.file, *(f"{count:,}" for count in counts), share, *(f"{length:,}" for length in self.lengths))

    def check(self, most: float) -> None:
        """TrainingDataError where nothing is left, or more than the share `most` of the rows is missing."""
        if self.samples and self.missing <= most * self.rows:
            return
        if not self.rows:
            raise TrainingDataError(f"{self.path}: it is empty", hint="name another file, or generate data again")
        counts = "; ".join(map(str, self.left_out))
        raise TrainingDataError(
            f"{self.path}: {self.missing} of {self.rows} rows cannot be trained on ({counts})",
            hint=self._way_out() + "; most_left_out is the share that may be missing",
        )

    def _way_out(self) -> str:
        """What to change, after the reason that holds the most rows."""
        worst = max(self.left_out, key=lambda each: each.rows).reason
        if worst.startswith("over"):
            return f"raise max_length as far as the model reads (the longest row has {self.lengths[-1]:,} tokens)"
        return "lower min_length" if worst.startswith("under") else "look at those lines"


@dataclass(frozen=True)
class DataReport:
    """The files of a training: a table of their figures, and one of what is left out by file and reason."""

    files: tuple[FileReport, ...]
    most_left_out: float = 1.0

    def check(self) -> None:
        """As `FileReport.check`, for each file."""
        for file in self.files:
            file.check(self.most_left_out)

    @property
    def left_out(self) -> dict[str, int]:
        """Rows left out of all files, by reason."""
        counts: dict[str, int] = {}
        for each in (each for file in self.files for each in file.left_out):
            counts[each.reason] = counts.get(each.reason, 0) + each.rows
        return counts

    @property
    def refused(self) -> tuple[str, ...]:
        """Why training on these files would be refused, file by file, and what to do about it."""
        found: list[str] = []
        for file in self.files:
            try:
                file.check(self.most_left_out)
            except TrainingDataError as error:
                found.append(f"{error.message}: training on it is refused; {error.hint}")
        return tuple(found)

    def record(self) -> list[dict[str, Any]]:
        """As a manifest holds it."""
        return [asdict(file) | {"path": file.file} for file in self.files]

    def __str__(self) -> str:
        lines = _aligned([_HEADS, *(file.cells() for file in self.files)], range(1, len(_HEADS)))
        if missing := self._missing():
            lines += ["", *_aligned([_MISSING_HEADS, *missing], (2,))]
        return "\n".join([*lines, *self._remarks()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = table("Training files, lengths in tokens", _HEADS, [file.cells() for file in self.files])
        if missing := self._missing():
            shown += table("Rows left out", _MISSING_HEADS, missing)
        return shown + "".join(map(paragraph, self._remarks()))

    def _missing(self) -> list[tuple[str, ...]]:
        return [(file.file, each.reason, f"{each.rows:,}", each.where) for file in self.files for each in file.left_out]

    def _remarks(self) -> list[str]:
        return [*(f"{file.file}: {note}" for file in self.files for note in file.notes), *self.refused]


class Tally:
    """Counts the rows of a file as they are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.lengths: list[int] = []
        self._left_out: dict[str, list[int]] = {}
        self._notes: dict[str, list[int]] = {}

    def leave_out(self, reason: str, line: int) -> None:
        self._left_out.setdefault(reason, []).append(line)

    def note(self, notes: Iterable[str], line: int) -> None:
        for note in notes:
            self._notes.setdefault(note, []).append(line)

    def report(self, samples: int, tokens: int, learned: int) -> FileReport:
        """The file in numbers, its reasons in the order in which they were met."""
        missing = [_left_out(reason, lines) for reason, lines in self._left_out.items()]
        return FileReport(
            path=self.path,
            rows=self.rows,
            kept=self.rows - sum(each.rows for each in missing),
            samples=samples,
            tokens=tokens,
            learned=learned,
            lengths=_quantiles(self.lengths),
            left_out=tuple(missing),
            notes=tuple(_note(_left_out(note, lines)) for note, lines in self._notes.items()),
        )


def _left_out(reason: str, lines: Sequence[int]) -> LeftOut:
    return LeftOut(reason, len(lines), tuple(lines[:_LINES_TOLD]))


def _note(found: LeftOut) -> str:
    return f"{found.reason}: in {found.rows:,} {'row' if found.rows == 1 else 'rows'} ({found.where})"


def _quantiles(lengths: Sequence[int]) -> tuple[int, int, int, int]:
    """The smallest length that the share of the rows does not exceed, for each share."""
    if not lengths:
        return (0, 0, 0, 0)
    ordered = sorted(lengths)
    half, most = (ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 90))
    return (ordered[0], half, most, ordered[-1])


def _aligned(rows: Sequence[Sequence[str]], numbers: Container[int]) -> list[str]:
    """Columns of a text; those of `numbers` end below one another."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
