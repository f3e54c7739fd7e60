"""Single items of an evaluation to look at: what was asked, what was said, what it counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.evaluation.journal import Row
from workbench.evaluation.scores import value_of
from workbench.taxonomy.markup import paragraph, table

_SHOWN = 50


@dataclass(frozen=True)
class Items:
    """Journal rows of one model on one benchmark; shows the first fifty."""

    title: str
    rows: tuple[Row, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def wrong(self) -> "Items":
        """Those answered wrong, rated below the middle of the scale, or failed."""
        wrong = tuple(row for row in self.rows if _falls_short(row))
        return Items(f"{self.title}, answered wrong", wrong)

    def __str__(self) -> str:
        lines = [f"{self.title}: {len(self)}"]
        for row in self.rows[:_SHOWN]:
            lines.append(f"\n{row['leaf']}, {row['id']}\n  asked: {_asked(row)}")
            lines += [
                f"  {name}: {text}" for name, text in zip(("expected", "said", "counts"), _cells(row), strict=True)
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(row["leaf"], _asked(row), *_cells(row)) for row in self.rows[:_SHOWN]]
        more = paragraph(f"{len(self) - _SHOWN} more.") if len(self) > _SHOWN else ""
        return table(f"{self.title}: {len(self)}", ("Leaf", "Asked", "Expected", "Said", "Counts"), rows) + more


def _asked(row: Row) -> str:
    return _by_turn(row.get("turns", [row["question"]]))


def _cells(row: Row) -> tuple[str, str, str]:
    """What was expected, what the model said, and what it counted, in words."""
    if "failed" in row:
        return str(row.get("expected", "")), "", f"failed: {row['failed']}"
    if "choices" in row:
        return row["choices"][row["answer"]], row["choices"][row["chosen"]], _verdict(row)
    if "ratings" in row:
        return _by_turn(row["references"]), _by_turn(row["answers"]), _by_turn(_ratings(row))
    return row["expected"], row["answer"], _verdict(row)


def _verdict(row: Row) -> str:
    return "right" if row["right"] else "wrong"


def _ratings(row: Row) -> list[str]:
    """What the judge gave and said, turn by turn, or why it did not."""
    found = []
    for rating, said, failed in zip(row["ratings"], row["judgements"], row["failures"], strict=True):
        if failed:
            found.append(f"failed: {failed}")
        else:
            found.append(f"no rating: {said}" if rating is None else f"{rating:g} of 10: {said}")
    return found


def _by_turn(texts: Sequence[str | None]) -> str:
    """As it is where there is one turn alone."""
    if len(texts) == 1:
        return texts[0] or ""
    return "\n".join(f"({turn}) {text or 'none'}" for turn, text in enumerate(texts, start=1))


def _falls_short(row: Row) -> bool:
    value = value_of(row)
    return value is None or value < (1.0 if "right" in row else 5.5)
