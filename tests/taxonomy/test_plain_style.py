import random
from collections.abc import Iterator

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.conftest import Measure
from workbench.assets import clone_folder
from workbench.taxonomy.plain_style import is_plain
from workbench.taxonomy.starting_files import starting_files

USUAL = YamlLintConfig("{extends: relaxed, rules: {line-length: disable}}")
STARTING = (starting_files("skill")["qna.yaml"], starting_files("knowledge")["qna.yaml"])
MIXED = (
    "---\n# a remark\na: |-\n  x\n\n  y\nb:\n- c: d\n  e:\n  - f\n  - g: >-\n      z\n    h: 'q'\ni: [a, \"b\"]\n"
    "j:\n  k: l\n    m n\n\n    o\n"
)
PIECES = [
    *" |  |- |-|\n|\n\n|:|: |#| #|a|key: v|'|\"|>|[|]|{|}|,|, |&a|*a|!|!!str|?|? |---|---\n|...\n|%|@|`".split("|"),
    *("\\", "\\n", "é", "<<: ", "~"),
    "|", "|-", "\u00a0", "null", "true", "1", "\t", "\r", "\u2028", "\x85", "\ufeff", "'\n", "- - ", "x:\n", "\x07",
]  # fmt: skip


def sample_texts() -> list[str]:
    root = clone_folder()
    assert root
    files = [*(root / "taxonomy").rglob("qna.yaml"), root / "assets/qna.yaml"]
    return [*(file.read_text() for file in files), *STARTING, MIXED]


@pytest.mark.parametrize("text", sample_texts(), ids=range(len(sample_texts())))
def test_files_as_people_write_them_are_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a: |-", "a:  |-"),
        ("a: |-", "a : |-"),
        ("- c: d", "-  c: d"),
        ("- c: d", "- c: d "),
        ("- f", "  - f"),
        ("  e:", "   e:"),
        ("k: l", "i: l: m"),
        ("  k: l", "    k: l"),
        ("[a, ", "[a,  "),
        ("[a, ", "[ a , "),
        ("[a, ", "[  a, "),
        ("j:", "i:"),
        ("    o\n", "    o"),
        ("    o\n", "    o\n\n"),
        ("\nb:", "\n\n\n\nb:"),
        ("---\n", "\n"),
        ("---\n", "# yamllint disable\n"),
        ("h: 'q'", "h: 'q' x"),
        ("h: 'q'", "h: 'q'\n     more"),
        ("k: l", "k: *l"),
        ("k: l", "k: l # why"),
        ("k: l", "k: a\u2028b"),
        ("k: l", 'k: "\\x"'),
        ("    m n", "    m: n"),
        ("    m n", "    # m"),
        ("  y\n", " y\n"),
    ],
)
def test_of_anything_else_it_says_nothing(old: str, new: str) -> None:
    assert old in MIXED
    assert not is_plain(MIXED.replace(old, new, 1))


def _changed(rng: random.Random, texts: list[str]) -> Iterator[str]:
    while True:
        text = rng.choice(texts)
        if rng.random() < 0.7:
            lines = text.split("\n")
            first = rng.randrange(len(lines))
            text = "\n".join(lines[first : first + rng.randrange(1, 14)]) + "\n"
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            text = _once(rng, text)
        yield text


def _once(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    one, other, place = rng.randrange(len(lines)), rng.randrange(len(lines)), rng.randrange(len(text) + 1)
    way = rng.randrange(5)
    if way == 0:
        return text[:place] + rng.choice(PIECES) + text[place:]
    if way == 1:
        return text[:place] + text[place + rng.randrange(1, 4) :]
    if way == 2:
        lines[one] = rng.choice((" ", "  ", "   ", "- ")) + lines[one]
    elif way == 3:
        lines[one] = lines[one].removeprefix(rng.choice((" ", "  ", "- ")))
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _right(texts: Iterator[str], wanted: int) -> int:
    """How many texts were tried until as many as wanted were plain; each of those is compared with yamllint's word."""
    plain = 0
    for tried, text in enumerate(texts, start=1):
        if not is_plain(text):
            continue
        try:
            quick = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue
        assert list(linter.run(text.encode(), USUAL, "")) == [], repr(text)
        # PyYAML's own parser, which upstream loads with, reads the same.
        assert yaml.serialize(yaml.compose(text, Loader=yaml.SafeLoader)) == yaml.serialize(quick), repr(text)
        plain += 1
        if plain == wanted:
            return tried
    raise AssertionError


def test_yamllint_finds_nothing_in_what_is_plain() -> None:
    assert _right(_changed(random.Random("plain"), sample_texts()), 300) > 300


@pytest.mark.prove
def test_yamllint_finds_nothing_in_thousands_of_plain_texts(measured: Measure) -> None:
    tried = _right(_changed(random.Random("thousands"), sample_texts()), 20_000)
    measured("plain style beside yamllint", f"0 disagreements in 20000 plain texts of {tried} changed ones", "0")
