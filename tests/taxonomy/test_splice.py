import difflib
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.taxonomy.qna_styles import QNA_STYLES
from tests.taxonomy.spliced import Keys, at, changes, edit
from tests.taxonomy.yaml_styles import contents, edited, styled, trees
from workbench.errors import TaxonomyError
from workbench.taxonomy.alignment import same
from workbench.taxonomy.lint import LintRules, lint
from workbench.taxonomy.splice import fresh, splice
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.yaml_file import parse_yaml

NEW = {"question": "yes", "answer": "One: two\n\nthree"}
STYLES = {**QNA_STYLES, "skill": starting_files("skill")["qna.yaml"], "new": starting_files("knowledge")["qna.yaml"]}
quick = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
long = settings(deadline=None, max_examples=3000, suppress_health_check=list(HealthCheck))


def changed_lines(before: str, after: str) -> set[int]:
    """Of the lines before, from 0, those that are no longer there as they were."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(True), after.splitlines(True), autojunk=False)
    return {n for tag, i1, i2, _, _ in matcher.get_opcodes() if tag in ("replace", "delete") for n in range(i1, i2)}


def leaves(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        if isinstance(item, dict | list):
            yield from leaves(item, (*keys, key))
        else:
            yield (*keys, key)


def lists(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    if isinstance(value, list):
        yield keys
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield from lists(item, (*keys, key))


def own_lines(text: str, keys: Keys) -> set[int]:
    """The lines of a value and of its key or hyphen, as PyYAML marks them."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    first = 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            [*_, (name, node)] = [pair for pair in node.value if yaml.safe_load(pair[0].value or "''") == key]
            first = name.start_mark.line
        elif isinstance(node, yaml.SequenceNode):
            node = node.value[key]
            first = node.start_mark.line
    assert node is not None
    return set(range(first, node.end_mark.line + 1))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("change", ["none", "crlf", "cr", "bom", "no end"])
def test_without_a_change_no_byte_changes(style: str, change: str) -> None:
    text = STYLES[style]
    text = {"crlf": text.replace("\n", "\r\n"), "cr": text.replace("\n", "\r"), "bom": "\ufeff" + text}.get(
        change, text
    )
    text = text.rstrip("\n") if change == "no end" else text
    assert splice(text, yaml.safe_load(text)) == text


@pytest.mark.parametrize("style", [style for style in STYLES if style not in ("aliases", "repeated keys")])
@pytest.mark.parametrize("value", ["other words", "yes", "two\nlines", 'a: "b" # c', 7, None])
def test_a_changed_value_changes_its_own_lines(style: str, value: Any) -> None:
    text = STYLES[style]
    for keys in leaves(yaml.safe_load(text)):
        made = edit(text, keys, value)
        assert changed_lines(text, made) <= own_lines(text, keys), (keys, changes(text, made))
        if value != "two\nlines":
            continue
        # With other line ends and a byte order mark, the same lines change in the same way.
        elsewhere = "\ufeff" + text.replace("\n", "\r\n")
        assert edit(elsewhere, keys, value) == "\ufeff" + made.replace("\n", "\r\n")


@pytest.mark.parametrize("style", STYLES)
def test_lists_lose_and_get_whole_items(style: str) -> None:
    text = STYLES[style]
    for keys in lists(yaml.safe_load(text)):
        items = at(yaml.safe_load(text), keys)
        for place in range(len(items)):
            for made in (
                edit(text, keys, [*items[:place], *items[place + 1 :]]),
                edit(text, keys, [*items[:place], NEW, *items[place:]]),
                edit(text, keys, [*items, NEW]),
                edit(text, keys, [items[place], *items[:place], *items[place + 1 :]]),
            ):
                assert changed_lines(text, made) <= own_lines(text, keys)
                if style in ("house", "lists not indented", "knowledge", "skill", "new"):
                    assert not list(lint(made, "qna.yaml", LintRules())), made


@pytest.mark.parametrize("text", ["", "# c\n", "- a\n", "text", "a: b: c\n", "a: &x [*x]\n", "\0", "a: 1\n---\nb: 2\n"])
def test_what_holds_no_keys_is_refused(text: str) -> None:
    with pytest.raises(TaxonomyError):
        splice(text, {"a": 1})


def test_values_that_yaml_cannot_hold_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (object(), (1, 2), endless, {"k" * 2000: 1}):
        with pytest.raises(TaxonomyError):
            splice("a: 1\n", {"a": value})
        with pytest.raises(TaxonomyError):
            fresh({"a": value})


def test_a_new_file_is_in_house_style_and_lint_finds_nothing() -> None:
    seeds = [{"question": "On?", "answer": "yes"}, {"context": "a\nb\n\n", "question": "1", "answer": "x: y"}]
    text = fresh({"version": 3, "created_by": "me", "seed_examples": seeds, "document": {"patterns": ["*.md"]}})
    assert text == (
        'version: 3\ncreated_by: me\nseed_examples:\n  - question: On?\n    answer: "yes"\n'
        '  - context: |+\n      a\n      b\n\n    question: "1"\n    answer: "x: y"\ndocument:\n'
        '  patterns:\n    - "*.md"\n'
    )
    assert not list(lint(text, "qna.yaml", LintRules()))
    assert fresh({}) == "{}\n"


def proven(start: dict[Any, Any], new: Any, seed: int) -> None:
    written = fresh(start)
    assert same(yaml.safe_load(written), start)
    assert same(yaml.load(written, Loader=yaml.CSafeLoader), start)
    assert not [one for one in lint(written, "qna.yaml", LintRules()) if "duplic" not in one.code], written
    rng = random.Random(seed)
    text = styled(start, rng)
    start = yaml.safe_load(text)
    assert splice(text, start) == text
    for _ in range(3):
        start = edited(start, rng, new)
        text = splice(text, start)
        assert same(yaml.safe_load(text), start)
    quick_read = parse_yaml(text.replace("\r\n", "\n").replace("\r", "\n"), "qna.yaml")
    assert same(quick_read.contents, start)


@quick
@given(contents, trees, st.integers(0, 10**9))
def test_any_edit_of_any_file_is_what_was_wanted(start: dict[Any, Any], new: Any, seed: int) -> None:
    proven(start, new, seed)


@pytest.mark.prove
@long
@given(contents, trees, st.integers(0, 10**9))
def test_any_edit_of_any_file_is_what_was_wanted_at_length(start: dict[Any, Any], new: Any, seed: int) -> None:
    proven(start, new, seed)


@quick
@given(st.sampled_from(sorted(STYLES)), trees, st.integers(0, 10**9))
def test_files_as_people_write_them_can_be_edited_anywhere(style: str, new: Any, seed: int) -> None:
    text, rng = STYLES[style], random.Random(seed)
    for _ in range(4):
        wanted = edited(yaml.safe_load(text), rng, new)
        text = splice(text, wanted)
        assert same(yaml.safe_load(text), wanted)
