import os

import pytest

from workbench.taxonomy.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain über 日本\t|", "plain über 日本\t|"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x1b[31m\x07\x7f", "\\x1b[31m\\x07\\x7f"),
        ("\x9b\u2028\u202e", "\\x9b\\u2028\\u202e"),
        (os.fsdecode(b"k\xf6ln"), "k\\xf6ln"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_could_change_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).encode()


def test_line_breaks_may_stay() -> None:
    assert printable_lines("a\n\x1bb\r\nc") == "a\n\\x1bb\\r\nc"
