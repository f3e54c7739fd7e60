"""Invented words and numbers, split into three spaces that never share one.

The recipe's training text draws from `RECIPE`, the measurements of the teacher from `TRIAL`, the sample taxonomy from
`SAMPLE`. A word's space is a checksum of its letters, a number's its remainder by seven, so that anybody can tell
from the text alone where a name belongs.
"""

import random
import zlib
from collections.abc import Sequence
from enum import Enum

STARTS = (
    "Vel Os Tar Bren Mor Cal Dun Fal Gar Hol Ist Jor Kel Lum Mar Nor Ori Pel Quen Ros Sel Tor Ul Var Wen Yar Zel Ald "
    "Bel Cor Dal Er Fen Gil Har Il Kor Lan Mel Nal Or Pra Rin Sten Tal Um Vor Wil Ost Ard Bor Cas Dor El Fir Gon Hel "
    "Jal Kan Lor Mir Nev Ol Por Ran Sol Tem Urs Vin Wal"
).split()
MIDDLES = "a e i o u an en in on ar er or al el il am em as es is".split()
ENDINGS: dict[str, list[str]] = {
    "name": "mar trin vey dra gan lis mont nor ric ston tan vara wyn zan ber cor dell fin gard hame".split(),
    "first": "en a in o ia us el ira an is ea or une eth ild ora".split(),
    "last": "sen man ter lund gren berg vik dal stein court worth field mark hart kamp roth".split(),
    "town": "holm wick ford stad mere haven by ton burg ness thorpe dorf port minster gate brook".split(),
    "stone": "ite ine ium ane yx ose olite arn ustone erite".split(),
}
_TWO_PART_SHARE = 0.6
_DIGIT_TRIES = 50


class Space(Enum):
    """Who may use a word or number."""

    RECIPE = "recipe"
    TRIAL = "trial"
    SAMPLE = "sample"


def space_of_word(word: str) -> Space:
    """The space of one invented word, whatever its capitals."""
    remainder = zlib.crc32(word.casefold().encode()) % 8
    return {0: Space.SAMPLE, 1: Space.TRIAL}.get(remainder, Space.RECIPE)


def space_of_number(number: int) -> Space:
    """The space of one number."""
    return {3: Space.SAMPLE, 5: Space.TRIAL}.get(number % 7, Space.RECIPE)


def invented_word(rng: random.Random, space: Space, kind: str) -> str:
    """A capitalised word of the space, ending as words of the kind do (a key of `ENDINGS`)."""
    while True:
        middle = "" if rng.random() < _TWO_PART_SHARE else rng.choice(MIDDLES)
        word = rng.choice(STARTS) + middle + rng.choice(ENDINGS[kind])
        if space_of_word(word) is space:
            return word


def number(rng: random.Random, space: Space, bounds: Sequence[int]) -> int:
    """A number of the space within the inclusive bounds."""
    while True:
        drawn = rng.randint(bounds[0], bounds[1])
        if space_of_number(drawn) is space:
            return drawn


_NUMBERS: dict[str, tuple[int, int, str]] = {
    "year": (1200, 1899, ""),
    "metres": (12, 399, " metres"),
    "hectares": (20, 999, " hectares"),
    "people": (20, 999, " people"),
    "students": (20, 999, " students"),
    "crowns": (20, 999, " crowns"),
}


def value(rng: random.Random, space: Space, kind: str) -> str:
    """A value of a relation: `year`, `person`, `town`, `stone`, or a number with its unit."""
    if kind in _NUMBERS:
        low, high, unit = _NUMBERS[kind]
        return f"{number(rng, space, (low, high))}{unit}"
    if kind == "person":
        return f"{invented_word(rng, space, 'first')} {invented_word(rng, space, 'last')}"
    return invented_word(rng, space, kind)


def near_miss(rng: random.Random, space: Space, right: str) -> str:
    """A value of the space that differs from the right one in a digit or two, or in the whole of its last word."""
    digits = [place for place, letter in enumerate(right) if letter.isdigit()]
    missed, tries = right, 0
    while True:
        if digits:
            # In a narrow space one digit may not do: 54 has no neighbour of its own remainder by seven.
            tries += 1
            before = missed if tries % _DIGIT_TRIES == 0 else right
            place = rng.choice(digits)
            missed = before[:place] + rng.choice("123456789") + before[place + 1 :]
            fits = space_of_number(int(missed.split()[0])) is space
        else:
            kind = "last" if " " in right else rng.choice(("town", "stone"))
            missed = " ".join([*right.split(" ")[:-1], invented_word(rng, space, kind)])
            fits = True
        if fits and missed != right:
            return missed
