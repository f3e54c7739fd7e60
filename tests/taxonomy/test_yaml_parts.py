import pytest
import yaml

from tests.taxonomy.qna_styles import QNA_STYLES
from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_parts import Part, header, read_source

TEXT = "a: &x 1 # c\nb:\n  - |+\n    t\n\n  -\n    k : *x\n? e\n: [f, 'g']\nh:\n"


def part_at(part: Part, *places: int) -> Part:
    for place in places:
        part = part.entries[place].value
    return part


def test_each_value_is_found_to_the_letter() -> None:
    for text in (TEXT, "\ufeff🙂: 1\n" + TEXT, TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\r")):
        source = read_source(text)
        shift = len(source.root.entries) - 4
        pieces = [part_at(source.root, *places) for places in ((shift,), (shift + 1, 0), (shift + 1, 1, 0))]
        first, block, alias = pieces
        assert (text[first.start : first.end], first.anchor) == ("&x 1", "x")
        assert text[slice(*header(source, block))] == "|+"
        assert text[block.start : block.end].split() == ["|+", "t"]
        assert text[block.end :].lstrip("\r\n ")[0] == "-"
        assert (text[alias.start : alias.end], alias.alias) == ("*x", "x")
        entry = part_at(source.root, shift + 1, 1).entries[0]
        assert text[entry.start : entry.opening] == "k :"
        assert source.root.entries[shift + 2].explicit
        assert source.root.entries[shift + 3].value.start == source.root.entries[shift + 3].opening


@pytest.mark.parametrize("style", QNA_STYLES)
def test_hyphens_and_colons_are_where_values_begin(style: str) -> None:
    source = read_source(QNA_STYLES[style])
    assert source.contents == yaml.safe_load(source.text)
    waiting = [source.root]
    while waiting:
        part = waiting.pop()
        for entry in part.entries:
            waiting.append(entry.value)
            if entry.opening >= 0:
                assert source.text[entry.opening - 1] == (":" if part.is_mapping else "-")
                assert not source.text[entry.opening : entry.value.start].split("#")[0].strip()


@pytest.mark.parametrize(
    ("style", "step", "indented"),
    [("house", 2, True), ("lists not indented", 2, False), ("four blanks", 4, True), ("all flow", 2, True)],
)
def test_a_file_has_its_habits(style: str, step: int, indented: bool) -> None:
    habits = read_source(QNA_STYLES[style]).habits
    assert (habits.step, habits.indented) == (step, indented)


@pytest.mark.parametrize("text", ["", "- a\n", "a: b: c\n", "[" * 100, "a: 1\n---\nb: 1\n"])
def test_what_holds_no_keys_is_refused(text: str) -> None:
    with pytest.raises(TaxonomyError):
        read_source(text)
