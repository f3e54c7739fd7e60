"""Mends of what yamllint's usual rules say about blanks and indentation; no value changes by them."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.errors import TaxonomyError
from workbench.taxonomy.alignment import same
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.lint import LintRules, lint
from workbench.taxonomy.white_space import UNREADABLE, contents_of
from workbench.taxonomy.yaml_parts import Part, Source, read_source
from workbench.taxonomy.yaml_writing import Habits

_SPACING = ("lint-braces", "lint-brackets", "lint-colons", "lint-commas")
_BLANKS = re.compile(r"[ \t]+\Z")
# How often a text is looked at again, since one mend can bring up or settle others.
_MOST_ROUNDS = 5
_MOST_LEVELS = 20
_MOST_TRIES = 100


@dataclass(frozen=True)
class _Move:
    """Lines, from 0, that go to the right by `shift`; the first, where it has a hyphen, from behind that on."""

    first: int
    last: int
    shift: int
    hyphen: int = -1


def with_usual_spacing(text: str) -> str:
    """Blanks around colons, commas and brackets as yamllint wants them."""
    before = contents_of(text)
    for _ in range(_MOST_ROUNDS if before is not UNREADABLE else 0):
        found = [finding for finding in _problems(text) if finding.code in _SPACING]
        made = _all_or_each(text, before, found)
        if sum(finding.code in _SPACING for finding in _problems(made)) >= len(found):
            break
        text = made
    return text


def with_usual_indentation(text: str) -> str:
    """One blank behind hyphens, and all groups and lists indented as the first of their kind."""
    if not {finding.code for finding in _problems(text)} & {"lint-hyphens", "lint-indentation"}:
        return text
    before, refused = contents_of(text), set[_Move]()
    made = text
    for _ in range(_MOST_LEVELS):
        moves = _apart([one for one in _moves(made) if one not in refused])
        if not moves:
            break
        together = functools.reduce(_moved, moves, made)
        if same(contents_of(together), before):
            made = together
            continue
        for move in moves[:_MOST_TRIES]:
            alone = _moved(made, move)
            made = alone if same(contents_of(alone), before) else made
        refused.update(moves)
    return made if len(list(_problems(made))) < len(list(_problems(text))) else text


def _problems(text: str) -> Iterator[Finding]:
    return lint(text, "", LintRules()) if contents_of(text) is not UNREADABLE else iter(())


def _all_or_each(text: str, before: Any, found: list[Finding]) -> str:
    found = sorted(found, key=lambda one: (one.line, one.column), reverse=True)
    made = text
    for finding in found:
        made = _respaced(made, finding)
    if same(contents_of(made), before):
        return made
    for finding in found:
        one = _respaced(text, finding)
        text = one if same(contents_of(one), before) else text
    return text


def _respaced(text: str, finding: Finding) -> str:
    """yamllint's column is that of the last blank too many, or of what comes behind a blank too few."""
    lines = text.split("\n")
    line = lines[finding.line - 1]
    if "too few" in finding.message:
        head, tail = line[: finding.column - 1], line[finding.column - 1 :]
        new = " "
    else:
        head, tail = _BLANKS.sub("", line[: finding.column]), line[finding.column :]
        new = " " if " after " in finding.message else ""
    lines[finding.line - 1] = head + new + tail
    return "\n".join(lines)


def _moves(text: str) -> Iterator[_Move]:
    """Of values that are not where they should be, from the outermost on."""
    try:
        source = read_source(text)
    except TaxonomyError:
        return
    waiting = [source.root]
    while waiting:
        part = waiting.pop(0)
        for entry in part.entries if not part.flow else ():
            inner = entry.value
            if inner.alias or inner.flow:
                continue
            last = _line(text, inner.end)
            if part.is_sequence and (blanks := _behind_hyphen(source, entry.opening, inner)) > 1:
                yield _Move(_line(text, entry.start), last, 1 - blanks, entry.opening - source.line_start(entry.start))
            elif part.is_mapping and inner.entries:
                wanted = entry.column + _indent(inner, source.habits)
                if shift := wanted - inner.entries[0].column:
                    yield _Move(_line(text, entry.opening) + 1, last, shift)
            waiting.append(inner)


def _apart(moves: list[_Move]) -> list[_Move]:
    """Those that have no line together with one before them, so that all can be made at once."""
    chosen: list[_Move] = []
    taken: set[int] = set()
    for move in moves:
        lines = set(range(move.first, move.last + 1))
        if not lines & taken:
            chosen.append(move)
            taken |= lines
    return chosen


def _indent(inner: Part, habits: Habits) -> int:
    return habits.step if inner.is_mapping or habits.indented else 0


def _behind_hyphen(source: Source, opening: int, inner: Part) -> int:
    between = source.text[opening : inner.start]
    return len(between) if between and not between.strip(" \t") else 0


def _moved(text: str, move: _Move) -> str:
    lines = text.split("\n")
    for number in range(move.first, move.last + 1):
        line = lines[number]
        bare = line.lstrip(" ")
        if number == move.first and move.hyphen >= 0:
            lines[number] = f"{line[: move.hyphen]} {line[move.hyphen :].lstrip()}"
        elif bare:
            lines[number] = " " * max(len(line) - len(bare) + move.shift, 0) + bare
    return "\n".join(lines)


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index)
