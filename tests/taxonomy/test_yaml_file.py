import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.yaml_file import MAX_BYTES, MAX_VALUES, open_yaml, parse_yaml, yaml_path

TEXT = "a: 1\nb:\n  - x: [1, 2]\n  - y\na: 2\n"


@pytest.mark.parametrize(
    ("keys", "position"),
    [
        ([], (1, 1)),
        (["a"], (5, 4)),
        (["b"], (3, 3)),
        (["b", 0, "x", 1], (3, 12)),
        (["b", 1], (4, 5)),
        (["b", 7], (3, 3)),
        (["c", "d"], (1, 1)),
    ],
)
def test_each_value_has_its_place(keys: list[str | int], position: tuple[int, int]) -> None:
    assert parse_yaml(TEXT, "a.yaml").position(keys) == position


def test_a_key_has_its_own_place() -> None:
    assert parse_yaml(TEXT, "a.yaml").position(["b", 0], key="x") == (3, 5)


def test_paths_read_like_those_of_yq() -> None:
    assert yaml_path(["seed_examples", 0, "question"]) == ".seed_examples[0].question"
    assert yaml_path([]) == "."


def test_contents_are_those_of_safe_load() -> None:
    for text in (TEXT, starting_files("knowledge")["qna.yaml"], "a: &x [1]\nb: *x\nc: {<<: {d: 2001-01-01}}\n"):
        assert parse_yaml(text, "a.yaml").contents == yaml.safe_load(text)


def test_places_are_the_same_whatever_the_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    opened = open_yaml(tmp_path / "a.yaml", "a.yaml")
    assert opened.text == TEXT
    assert opened.position(["b", 1]) == (4, 5)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: b: c\n", "yaml-syntax", 1),
        ("a:\n\t- b\n", "yaml-syntax", 2),
        ("a: 1\n---\nb: 2\n", "yaml-syntax", 2),
        ("a: *nobody\n", "yaml-syntax", 1),
        ("a: !!int many\n", "yaml-syntax", 1),
        ("a: !!bool perhaps\n", "yaml-syntax", 1),
        ("a: !!timestamp never\n", "yaml-syntax", 1),
        ("a: 2001-99-99\n", "yaml-syntax", 1),
        ("a: !!python/object:os.system x\n", "yaml-syntax", 1),
        ("{[1]: 2}: 3\n", "yaml-syntax", 1),
        ("a: &x [*x]\n", "alias-loop", 1),
        ("[" * 5000, "too-deep", 1),
        ("- " * 5000 + "x\n", "too-deep", 1),
        ("\0", "yaml-syntax", 1),
    ],
)
def test_what_cannot_be_read_is_a_finding(text: str, code: str, line: int) -> None:
    [finding] = parse_yaml(text, "a.yaml").findings
    assert (finding.code, finding.line, finding.severity) == (code, line, "error")


def test_aliases_that_stand_for_billions_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    [finding] = parse_yaml("\n".join(lines), "a.yaml").findings
    assert finding.code == "too-large"


def test_a_file_that_cannot_be_decoded_tells_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xe4\n")
    [finding] = open_yaml(tmp_path / "a.yaml", "a.yaml").findings
    assert (finding.code, finding.line, finding.column) == ("encoding", 2, 4)


def test_a_file_too_large_or_missing_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert open_yaml(tmp_path / "a.yaml", "a.yaml").findings[0].code == "too-large"
    assert open_yaml(tmp_path / "b.yaml", "b.yaml").findings[0].code == "unreadable"


@settings(deadline=None)
@given(st.binary(max_size=200), st.randoms(use_true_random=False))
def test_no_bytes_make_it_raise(data: bytes, rng: random.Random) -> None:
    text = data.decode("latin-1")
    parse_yaml(text, "a.yaml")
    mixed = list(starting_files("skill")["qna.yaml"])
    for letter in text[:20]:
        mixed[rng.randrange(len(mixed))] = letter
    parse_yaml("".join(mixed), "a.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a: &a {'x' * 60_000}\nb: [{', '.join(['*a'] * 20)}]\n", "512 KiB of text"),
        (f"a: [{', '.join(['x'] * MAX_VALUES)}]\n", f"{MAX_VALUES} values"),
        (f"a: {'9' * 1001}\n", "1000 digits"),
        (f"a: !!int '0x{'f' * 1001}'\n", "1000 digits"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 70)), "64 levels"),
    ],
)
def test_more_than_it_looks_is_refused(text: str, message: str) -> None:
    [finding] = parse_yaml(text, "a.yaml").findings
    assert finding.code in ("too-large", "too-deep")
    assert message in finding.message


def test_a_text_of_many_digits_is_no_number() -> None:
    assert parse_yaml(f"a: '{'9' * 1001}'\nb: |\n  {'9' * 1001}\n", "a.yaml").findings == ()


def test_a_letter_that_yaml_refuses_is_pointed_at() -> None:
    [finding] = parse_yaml("a: 1\nb: x\0\n", "a.yaml").findings
    assert (finding.line, finding.column) == (2, 5)


def test_utf_16_is_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(TEXT.encode("utf-16"))
    assert open_yaml(tmp_path / "a.yaml", "a.yaml").findings[0].message == "not UTF-8 but UTF-16"
