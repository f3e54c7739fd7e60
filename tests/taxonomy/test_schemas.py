import random

import pytest
from jsonschema import Draft202012Validator

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Kind
from workbench.taxonomy.schemas import _QuickValidator, check_schema, newest_version
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.yaml_file import parse_yaml


def _check(kind: Kind, old: str, new: str, version: object = 3) -> list[Finding]:
    text = starting_files(kind)["qna.yaml"]
    assert old in text
    return list(check_schema(parse_yaml(text.replace(old, new, 1), "qna.yaml"), kind, version))


def test_the_newest_version_is_three() -> None:
    assert newest_version() == 3


@pytest.mark.parametrize("kind", ["skill", "knowledge"])
def test_starting_files_pass(kind: Kind) -> None:
    assert _check(kind, "version", "version") == []


def test_a_finding_points_at_the_exact_node() -> None:
    [found] = _check("skill", "answer: It is noon.", "answer: 12")
    assert (found.code, found.yaml_path, found.line, found.column) == (
        "wrong-type",
        ".seed_examples[4].answer",
        14,
        13,
    )
    assert (found.message, found.hint) == ("12 is not a text", "put the value in quotes")


def test_an_unknown_key_is_pointed_at_itself() -> None:
    [found] = _check("knowledge", "  commit: HEAD", "  commit: HEAD\n  branch: main")
    assert (found.code, found.yaml_path, found.column) == ("unknown-key", ".document", 3)
    assert found.message == "the key 'branch' is not part of the format"
    assert found.hint == "allowed here: commit, patterns, repo"


def test_each_unknown_key_is_a_finding_and_the_version_is_none() -> None:
    found = _check("skill", "created_by:", "x: 1\ny: 2\ncreated_by:")
    assert [(one.line, one.code) for one in found] == [(2, "unknown-key"), (3, "unknown-key")]


def test_a_missing_key_is_named() -> None:
    [found] = _check("skill", "    answer: It is noon.\n", "")
    assert (found.code, found.line) == ("missing-key", 13)
    assert found.message == "the key 'answer' is missing"


def test_the_second_of_two_equal_items_is_pointed_at() -> None:
    [found] = _check("knowledge", '["*.md"]', '["a.md", "*.md", "*.md"]')
    assert (found.code, found.yaml_path, found.message) == (
        "repeated-item",
        ".document.patterns[2]",
        "the same as item 1",
    )


def test_knowledge_below_version_3_is_told_and_nothing_else() -> None:
    [found] = _check("knowledge", "created_by:", "nonsense:", version=2)
    assert found.code == "old-version"


@pytest.mark.parametrize("version", [0, 4, -1, True])
def test_a_version_without_a_schema_is_an_error(version: object) -> None:
    [found] = _check("skill", "version: 3", f"version: {version}".lower(), version=version)
    assert (found.code, found.line, found.column) == ("wrong-version", 1, 10)


def test_a_pair_of_knowledge_may_hold_more_keys() -> None:
    assert _check("knowledge", "        answer: Ten crowns a year.", "        answer: Ten.\n        1: x") == []


def test_a_long_list_has_an_item_twice_where_the_package_says_so() -> None:
    """The package compares all pairs; here items are told apart by what they hold."""
    rng = random.Random("items")
    odd: list[object] = [
        1,
        True,
        1.0,
        0,
        False,
        None,
        "1",
        [1],
        [True],
        (1,),
        {"a": 1},
        {"a": True},
        {"a": 1.0},
        {"a": [{}]},
        {},
        [],
    ]
    said = []
    for _ in range(300):
        items = [*({"n": number} for number in range(50)), *rng.sample(odd, 3)]
        ours, theirs = (
            judge({"uniqueItems": True}).is_valid(items) for judge in (_QuickValidator, Draft202012Validator)
        )
        assert ours == theirs, items[50:]
        said.append(ours)
    assert {True, False} == set(said)
