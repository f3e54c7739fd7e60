"""Dense lessons in looking up and comparing: the two things that the teacher's forms need and hardly practise.

A register is lines of a name and its value; every name is asked for in turn. That the value of *this* name is wanted
sets in only where the first registers are easy: two or three lines of bare words. Wider ones build on that.
"""

import random
from collections.abc import Sequence

from workbench.seedling import names
from workbench.seedling.exercises import Exercise
from workbench.seedling.names import Space
from workbench.seedling.tables import COLUMNS, NOUNS
from workbench.seedling.world import world

_KINDS = sorted({kind for kind, _ in COLUMNS.values()})
_SEPARATORS = (": ", " - ", " | ", ", ", " = ")
_LETTERS = "ABCD"
_SAME_SHARE = 0.5
_NEAR_SHARE = 0.3


def easy_register(rng: random.Random, space: Space) -> Exercise:
    """Two or three bare words, each with a town."""
    return _asked(rng, _rows(rng, _bare_names(rng, space, rng.randint(2, 3)), space, "town"), ": ")


def bare_register(rng: random.Random, space: Space) -> Exercise:
    """The same with up to six lines."""
    return _asked(rng, _rows(rng, _bare_names(rng, space, rng.randint(2, 6)), space, "town"), ": ")


def register(rng: random.Random, space: Space) -> Exercise:
    """Up to six lines: names with or without a noun, values of any one kind, any separator."""
    drawn = _bare_names(rng, space, rng.randint(2, 6))
    if rng.random() < 0.5:
        drawn = [f"{name} {rng.choice(NOUNS)}" for name in drawn]
    return _asked(rng, _rows(rng, drawn, space, rng.choice(_KINDS)), rng.choice(_SEPARATORS))


def register_or_nothing(rng: random.Random, space: Space) -> Exercise:
    """An easy register that is also asked for a name which it does not hold: the answer is "nothing"."""
    known = easy_register(rng, space)
    text, _, first = known.turns[0][0].rpartition("\n\n")
    turns = [(first, known.turns[0][1]), *known.turns[1:]]
    strange = next(name for name in _bare_names(rng, space, len(turns) + 1) if name not in dict(turns))
    turns.insert(rng.randint(0, len(turns)), (strange, "nothing"))
    return Exercise("register", ((f"{text}\n\n{turns[0][0]}", turns[0][1]), *turns[1:]))


def letters(rng: random.Random, space: Space) -> Exercise:
    """Four choices and one of them said again: its letter, each in turn."""
    kind = rng.choice(_KINDS)
    choices = _different(rng, space, kind, len(_LETTERS))
    text = "\n".join(f"{letter}) {choice}" for letter, choice in zip(_LETTERS, choices, strict=True))
    return _in_turn(rng, text, dict(zip(choices, _LETTERS, strict=True)))


def compare(rng: random.Random, space: Space) -> Exercise:
    """Two values, one above the other: YES where they are the same."""
    first, second = _two_values(rng, space)
    return Exercise("compare", ((f"{first}\n{second}", _verdict(first, second)),))


def compare_apart(rng: random.Random, space: Space) -> Exercise:
    """Two values with words about them, as a judge meets them."""
    first, second = _two_values(rng, space)
    filler = rng.choice(world().fillers)
    asked = rng.choice(
        (
            f"Reference: {first}\nAnswer: {second}\nIs it the same?",
            f"{first}\n\n{filler}\n\n{second}\nIs it the same?",
            f"{filler}\nReference: {first}\nAnswer: {second}\nIs it the same?",
            f"Answer: {first}\nReference: {second}",
        )
    )
    return Exercise("compare_apart", ((asked, _verdict(first, second)),))


def _bare_names(rng: random.Random, space: Space, count: int) -> list[str]:
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[names.invented_word(rng, space, "name")] = None
    return list(drawn)


def _different(rng: random.Random, space: Space, kind: str, count: int) -> list[str]:
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[names.value(rng, space, kind)] = None
    return list(drawn)


def _rows(rng: random.Random, named: Sequence[str], space: Space, kind: str) -> dict[str, str]:
    return dict(zip(named, _different(rng, space, kind, len(named)), strict=True))


def _asked(rng: random.Random, rows: dict[str, str], separator: str) -> Exercise:
    return _in_turn(rng, "\n".join(f"{name}{separator}{value}" for name, value in rows.items()), rows)


def _in_turn(rng: random.Random, text: str, rows: dict[str, str]) -> Exercise:
    order = rng.sample(list(rows), len(rows))
    asked = [f"{text}\n\n{order[0]}", *order[1:]]
    return Exercise("register", tuple((said, rows[name]) for said, name in zip(asked, order, strict=True)))


def _two_values(rng: random.Random, space: Space) -> tuple[str, str]:
    kind = rng.choice(_KINDS)
    first = names.value(rng, space, kind)
    if rng.random() < _SAME_SHARE:
        return first, first
    if rng.random() < _NEAR_SHARE:
        return first, names.near_miss(rng, space, first)
    return first, names.value(rng, space, kind)


def _verdict(first: str, second: str) -> str:
    return "YES" if first == second else "NO"
