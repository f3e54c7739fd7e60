"""AsciiDoc tables of invented buildings, and questions whose answer is one cell."""

import random
from dataclasses import dataclass

from workbench.seedling import names
from workbench.seedling.names import Space

NOUNS = ("Pier", "Quay", "Bridge", "Tower", "Mill")
COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Year": ("year", ("In which year was {n} built?", "When was {n} completed?")),
    "Length": ("metres", ("How long is {n}?", "What is the length of {n}?")),
    "Height": ("metres", ("How tall is {n}?", "What is the height of {n}?")),
    "Builder": ("person", ("Who built {n}?", "By whom was {n} built?")),
    "Town": ("town", ("In which town is {n}?", "Where does {n} stand?")),
}


@dataclass(frozen=True)
class Table:
    """A head (its first cell is `Name`) and rows of cells."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """The table in AsciiDoc."""
        lines = [" ".join(f"|{cell}" for cell in row) for row in (self.head, *self.rows)]
        return "\n".join(("|===", *lines, "|==="))

    def cell(self, name: str, column: str) -> str:
        """The cell of a row's column; KeyError where there is none."""
        row = next((row for row in self.rows if row[0] == name), None)
        if row is None or column not in self.head:
            raise KeyError(f"{name}, {column}")
        return row[self.head.index(column)]


def new_table(rng: random.Random, space: Space) -> Table:
    """Three to five rows and two or three columns beside the name."""
    columns = rng.sample(sorted(COLUMNS), rng.randint(2, 3))
    drawn: dict[str, None] = {}
    for _ in range(rng.randint(3, 5)):
        drawn[f"{names.invented_word(rng, space, 'name')} {rng.choice(NOUNS)}"] = None
    rows = tuple((name, *(names.value(rng, space, COLUMNS[column][0]) for column in columns)) for name in drawn)
    return Table(("Name", *columns), rows)


def table_question(rng: random.Random, name: str, column: str) -> str:
    """One of the ways to ask for a cell."""
    return rng.choice(COLUMNS[column][1]).replace("{n}", name)
