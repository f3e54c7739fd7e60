import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.engines.outlet import Outlet, begun


def pieces(parts: list[bytes], stop: tuple[str, ...] = ()) -> list[str]:
    """What goes out behind each part, and at the end."""
    outlet, output = Outlet(stop), bytearray()
    found = []
    for part in parts:
        output += part
        found.append(outlet.take(output))
    return [*found, outlet.take(output, ended=True)]


def test_half_a_character_waits_for_the_other_half() -> None:
    assert pieces([b"a", "ö".encode()[:1], "ö".encode()[1:] + b"b"]) == ["a", "", "öb", ""]
    assert pieces(["🙂".encode()[:3]]) == ["", ""]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([b"It.", b"\n", b"No"], ["It.", "", "\nNo", ""]),
        ([b"It.\n"], ["It.", "\n"]),
        ([b"see E", b"N", b"E"], ["see ", "", "EN", "E"]),
    ],
)
def test_what_a_stop_text_may_begin_with_waits(parts: list[bytes], expected: list[str]) -> None:
    assert pieces(parts, ("\n\n", "END")) == expected


def test_a_text_that_was_cut_ends_where_it_was_cut() -> None:
    outlet = Outlet(("END",))
    assert outlet.take(b"so EN") == "so "
    assert outlet.take(b"so ", ended=True) == ""


@given(st.lists(st.binary(max_size=5), max_size=8), st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=2))
def test_all_pieces_are_the_text(parts: list[bytes], stop: list[str]) -> None:
    whole = codecs.getincrementaldecoder("utf-8")("replace").decode(b"".join(parts))
    assert "".join(pieces(parts, tuple(stop))) == whole


def test_the_longest_beginning_of_any_stop_text_counts() -> None:
    assert begun("abcab", ["abd", "bc", "cabx"]) == 3
    assert begun("abd", ["abd"]) == 0
