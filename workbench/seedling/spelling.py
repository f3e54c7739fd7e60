"""Misspellings of common words; names and numbers stay as they are, since nobody could know how they are written."""

import random


def _misspelt(rng: random.Random, word: str) -> str:
    place = rng.randint(1, len(word) - 3)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place] + word[place:]


def misspell(rng: random.Random, sentence: str) -> str:
    """The sentence with one or two of its lower-case words of four letters or more misspelt, if it has any."""
    words = sentence.split(" ")
    places = [
        i
        for i, word in enumerate(words)
        if len(word.strip(".?,")) >= 4 and word.strip(".?,").isalpha() and word.islower()
    ]
    for place in rng.sample(places, min(len(places), rng.randint(1, 2))):
        words[place] = _misspelt(rng, words[place])
    return " ".join(words)
