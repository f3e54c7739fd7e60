import random

import pytest

from workbench.seedling.names import Space
from workbench.seedling.tables import COLUMNS, NOUNS, Table, new_table, table_question

TABLE = Table(("Name", "Town", "Length"), (("Vel Pier", "Osholm", "73 metres"), ("Tar Mill", "Brenby", "12 metres")))


def test_it_is_written_in_asciidoc() -> None:
    assert TABLE.text == ("|===\n|Name |Town |Length\n|Vel Pier |Osholm |73 metres\n|Tar Mill |Brenby |12 metres\n|===")


def test_a_cell_is_found_by_row_and_column() -> None:
    assert TABLE.cell("Tar Mill", "Town") == "Brenby"
    for name, column in (("Tar Pier", "Town"), ("Tar Mill", "Year")):
        with pytest.raises(KeyError, match=f"{name}, {column}"):
            TABLE.cell(name, column)


def test_tables_are_small_and_rectangular() -> None:
    tables = [new_table(random.Random(f"{number}"), Space.RECIPE) for number in range(200)]
    assert {len(table.head) for table in tables} == {3, 4}
    assert {len(table.rows) for table in tables} <= {3, 4, 5}
    for table in tables:
        assert table.head[0] == "Name"
        assert set(table.head[1:]) <= set(COLUMNS)
        assert {len(row) for row in table.rows} == {len(table.head)}
        assert len({row[0] for row in table.rows}) == len(table.rows)
        assert all(row[0].split()[1] in NOUNS for row in table.rows)
    assert new_table(random.Random("0"), Space.RECIPE) == tables[0]


def test_a_question_asks_for_one_column() -> None:
    asked = {column: set(forms) for column, (_, forms) in COLUMNS.items()}
    everything = [form for forms in asked.values() for form in forms]
    assert len(everything) == len(set(everything))
    for column, forms in asked.items():
        drawn = {table_question(random.Random(number), "Vel Pier", column) for number in range(40)}
        assert drawn == {form.replace("{n}", "Vel Pier") for form in forms}
