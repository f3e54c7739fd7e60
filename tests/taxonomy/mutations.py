"""Files made from the starting files by many small and larger changes, the same for the same seed."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from workbench.taxonomy.qna import Kind
from workbench.taxonomy.rules import RULES
from workbench.taxonomy.starting_files import starting_files

# The kind's own folder most often; then those in which another rule decides.
FOLDERS: dict[Kind, tuple[str, ...]] = {
    "knowledge": ("knowledge",) * 6 + ("compositional_skills/knowledge", "elsewhere", "foundational_skills"),
    "skill": ("compositional_skills",) * 6 + ("knowledge/compositional_skills", "elsewhere", "foundational_skills"),
}
_NOON = "  - question: How is 12:00 said on a 12-hour clock?\n    answer: It is noon.\n"
_PIECES = [
    *(rule.bad for rule in RULES.values() if rule.place),
    *"\n|  |- |: |\"|'|[|]|{|}|#|&a |*a|true|3|, | ,|\t|---\n|...\n|? |!!str |!!int |%|@|`".split("|"),
    *("|", "\\", "<<: ", "\u2028", "\ufeff", "\x85"),
    "# yamllint disable\n", "# yamllint disable-line rule:colons\n", " # a remark\n",
]  # fmt: skip


@dataclass(frozen=True)
class Mutated:
    """`how` names what was done, for a test's message."""

    kind: Kind
    folder: str
    text: str
    how: str


def mutations(seed: str, count: int) -> Iterator[Mutated]:
    rng = random.Random(seed)
    ways = [_unchanged, _rewritten, _structural, _structural, _textual, _lint_directed, _lint_directed, _of_rules]
    for number in range(count):
        kind: Kind = "skill" if number % 2 else "knowledge"
        way = rng.choice(ways)
        text = way(rng, kind)
        if rng.random() < 0.15:
            text = _other_version(rng, text)
        if rng.random() < 0.05:
            text = rng.choice(("\ufeff" + text, text.replace("\n", "\r\n"), "# yamllint disable-file\n" + text))
        yield Mutated(kind, rng.choice(FOLDERS[kind]), text, way.__name__)


def _unchanged(rng: random.Random, kind: Kind) -> str:
    """Nothing, or what neither schema nor yamllint minds."""
    text = starting_files(kind)["qna.yaml"]
    harmless = ("", "---\n", "# a remark\n", "# yamllint enable\n")
    return rng.choice(harmless) + text.replace("answer: It is noon.", rng.choice(_NOONS))


_NOONS = (
    "answer: It is noon.",
    "answer: |\n      It is\n\n      noon.",
    "answer: >-\n      It is\n      noon.",
    "answer: It\n      is noon.",
    'answer: "It is\n      noon."',
    "answer: 'It''s noon.'",
    'answer: "It\\u0020is\\tnoon."',
    "answer: &noon It is noon.",
    "answer: !!str 12",
    "answer:\n      It is noon.",
    "? answer\n    : It is noon.",
    "answer: It is noon. # at last",
    "answer: 'yes'",
    "context: A timetable.\n    answer: It is noon.",
)


def _rewritten(rng: random.Random, kind: Kind) -> str:
    """The same values in another style, of which yamllint likes some."""
    return _dumped(rng, yaml.safe_load(starting_files(kind)["qna.yaml"]))


def _dumped(rng: random.Random, contents: Any) -> str:
    style = rng.choice((None, None, None, '"', "'", "|"))
    flow = rng.choice((False, False, False, False, None, True))
    width = rng.choice((60, 80, 10**6))
    dumper = rng.choice((_Indented, _Indented, yaml.SafeDumper))
    return yaml.dump(
        contents,
        Dumper=dumper,
        sort_keys=rng.random() < 0.3,
        allow_unicode=True,
        default_style=style,
        default_flow_style=flow,
        width=width,
        indent=rng.choice((2, 2, 4)),
        explicit_start=rng.random() < 0.2,
        explicit_end=rng.random() < 0.1,
    )


class _Indented(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _structural(rng: random.Random, kind: Kind) -> str:
    contents = yaml.safe_load(starting_files(kind)["qna.yaml"])
    for _ in range(rng.choice((1, 1, 1, 2))):
        places = list(_places(contents))
        rng.choice(_CHANGES)(rng, *rng.choice(places))
    return _dumped(rng, contents) if rng.random() < 0.5 else _plainly(contents)


def _plainly(contents: Any) -> str:
    return yaml.dump(contents, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=10**6)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or indexes."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _drop(rng: random.Random, parent: Any, key: Any) -> None:
    del parent[key]


def _empty(rng: random.Random, parent: Any, key: Any) -> None:
    parent[key] = type(parent[key])()


def _retype(rng: random.Random, parent: Any, key: Any) -> None:
    parent[key] = rng.choice((3, 3.0, True, None, [], {}, "text", ["text"], {"a": "b"}, b"bytes", {1, 2}, 10**30))


def _repeat(rng: random.Random, parent: Any, key: Any) -> None:
    lists = [value for value in (parent, parent[key]) if isinstance(value, list) and value]
    if lists:
        some = rng.choice(lists)
        some.append(copy.deepcopy(rng.choice(some)))


def _add_key(rng: random.Random, parent: Any, key: Any) -> None:
    mappings = [value for value in (parent, parent[key]) if isinstance(value, dict)]
    if mappings:
        name = rng.choice(("context", "note", "version", "document", 1, True, None, "question"))
        rng.choice(mappings)[name] = rng.choice(("text", 1, [], {}))


def _shrink(rng: random.Random, parent: Any, key: Any) -> None:
    for value in (parent, parent[key]):
        if isinstance(value, list):
            del value[rng.randrange(len(value) + 1) :]


def _reword(rng: random.Random, parent: Any, key: Any) -> None:
    if isinstance(parent[key], str):
        texts = ("yes", "12", "1e3", "~", " ", "a: b", "- a", "'", '"', "é\u2028", "x" * 300, "two\nlines", "end \n\n")
        parent[key] = rng.choice(texts)


_CHANGES: tuple[Callable[[random.Random, Any, Any], None], ...] = (
    _drop, _empty, _retype, _repeat, _repeat, _add_key, _shrink, _reword,
)  # fmt: skip


def _textual(rng: random.Random, kind: Kind) -> str:
    lines = starting_files(kind)["qna.yaml"].split("\n")
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(lines))
        line = lines[place]
        column = rng.randrange(len(line) + 1)
        piece = rng.choice(_PIECES)
        lines[place] = rng.choice(
            (line[:column] + piece + line[column:], line[:column], piece, line * 2, f"{line}\n{line}", line[1:])
        )
    return "\n".join(lines)


def _lint_directed(rng: random.Random, kind: Kind) -> str:
    """Something that one rule minds, or that looks like it, and now and then a comment that switches it off."""
    text = starting_files(kind)["qna.yaml"]
    lines = text.split("\n")
    place = rng.randrange(len(lines) - 1)
    line = lines[place]
    change = rng.choice(
        (
            line + " " * rng.randrange(3),
            line.replace(": ", ":" + " " * rng.randrange(1, 4), 1),
            line.replace(":", " " * rng.randrange(2) + ":", 1),
            line.replace("- ", "-" + " " * rng.randrange(1, 4), 1),
            "\n" * rng.randrange(1, 5) + line,
            " " * rng.randrange(1, 3) + line,
            f"{line}\n{line}",
            f"x: {_flow_keys(rng)}\n{line}",
            f"x: {_flow_list(rng)}\n{line}",
        )
    )
    switch = rng.choice(("", "", "", "  # yamllint disable-line", "  # yamllint disable-line rule:trailing-spaces"))
    lines[place] = change + (switch if "\n" not in change else "")
    ended = "\n".join(lines)
    if rng.random() < 0.3:
        ended = text.replace('["*.md"]', _flow_list(rng))
        ended = ended.replace(_NOON, f"  - {_flow_keys(rng)}\n")
    return rng.choice((ended, ended, ended, ended.rstrip("\n"), ended + "\n" * rng.randrange(3)))


def _flow_list(rng: random.Random) -> str:
    first, before, behind, last = (" " * rng.choice((0, 0, 0, 1, 1, 2)) for _ in range(4))
    return f"[{first}a.md{before},{behind}b.md{last}]"


def _flow_keys(rng: random.Random) -> str:
    first, last = (" " * rng.choice((0, 0, 0, 1, 1, 2)) for _ in range(2))
    return f"{{{first}question: Say noon, answer: It is noon.{last}}}"


def _of_rules(rng: random.Random, kind: Kind) -> str:
    """A documented example, bad or mended."""
    rule = rng.choice([rule for rule in RULES.values() if rule.place and rule.kind == kind])
    text = starting_files(kind)["qna.yaml"]
    return text.replace(rule.place, rng.choice((rule.bad, rule.mended)), 1)


def _other_version(rng: random.Random, text: str) -> str:
    versions = (
        "1",
        "1",
        "1",
        "2",
        "2",
        "2",
        "2",
        "4",
        "0",
        "x",
        "true",
        "3.0",
        "2.9",
        ".inf",
        ".nan",
        "'3'",
        "[3]",
        "-1",
    )
    return text.replace("version: 3", f"version: {rng.choice(versions)}", 1)
