import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.taxonomy.yaml_styles import ODD_TEXTS, texts
from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_scalars import inline, is_plain, key_text, literal, quoted

LOADERS = (yaml.SafeLoader, yaml.CSafeLoader)


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "OFF", "null", "~", "1305", "0x1F", "1.5e+3", "1.5", ".inf", "1:30"]
)
def test_what_is_read_as_another_type_is_no_plain_text(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize(
    "text", ["2001-01-01", "=", "<<", "", " a", "a ", "a: b", "a:", "a #b", "- a", "-", "? a", ": a", "# a", "&a", "*a"]
)
def test_what_means_something_to_yaml_is_no_plain_text(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize(
    "text", ["a", "it's", 'a "b"', "a:b", "a#b", "-a", "a - b", "🙂", "x, y [z]", "Ja?", "1 2", "§"]
)
def test_what_needs_no_quotes_gets_none(text: str) -> None:
    assert is_plain(text)
    assert inline(text) == text


def test_between_brackets_more_letters_mean_something() -> None:
    assert is_plain("a, b")
    assert not is_plain("a, b", flow=True)
    assert inline("a, b", flow=True) == '"a, b"'


def test_quotes_stay_where_they_can_hold_the_text() -> None:
    assert inline("a", style="'") == "'a'"
    assert inline("it's", style="'") == "'it''s'"
    assert inline("a\nb", style="'") == '"a\\nb"'
    assert inline("a", style='"') == '"a"'
    assert quoted("\u2028\0\ufeff\x85\t🙂é\U000e0001") == '"\\u2028\\0\\uFEFF\\x85\\t🙂é\U000e0001"'


@pytest.mark.parametrize(
    ("text", "header"),
    [("a\nb", "|-"), ("a\nb\n", "|"), ("a\n\n", "|+"), ("a", None), (" a\nb", None), ("a \nb", None), ("\n", None)],
)
def test_several_lines_are_a_block_where_it_can_hold_them(text: str, header: str | None) -> None:
    found = literal(text)
    assert (found[0] if found else None) == header


def test_empty_lines_end_no_block_at_the_end_of_a_file() -> None:
    assert literal("a\n\n", keep=False) is None
    assert literal("a\n\n\n\nb") is None


def test_what_is_too_long_for_a_key_or_no_value_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="letters"):
        key_text("k" * 1001)
    with pytest.raises(TaxonomyError, match="type object"):
        inline(object())


@settings(deadline=None)
@given(texts | st.text(max_size=5) | st.sampled_from(ODD_TEXTS))
def test_every_text_is_read_again_by_every_loader(text: str) -> None:
    block = literal(text)
    written = [f"- {inline(text)}", f"[{inline(text, flow=True)}]", f"- {inline(text, style=chr(39))}"]
    if block:
        written.append("\n".join([f"- {block[0]}", *("  " + line if line else "" for line in block[1]), "- end"]))
    for loader in LOADERS:
        assert all(yaml.load(one, Loader=loader)[0] == text for one in written)
