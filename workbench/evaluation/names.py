"""Names and numbers of a text: what an answer cannot do without, and what tells a question from others of its kind."""

import re

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|\w[\w'\N{RIGHT SINGLE QUOTATION MARK}-]*")
_SHORT = 4

Words = frozenset[str]


def words(text: str) -> Words:
    """All words, in lower case."""
    return frozenset(_WORD.findall(text.casefold()))


def subjects(question: str) -> Words:
    """The words of a question that are names or numbers; a lone capital at the beginning of a sentence is none."""
    return _marked(question, whole=False)


def essentials(answer: str) -> Words:
    """The names and numbers of an answer; of a short one without any all its words. Empty for free text."""
    short = len(_WORD.findall(answer)) <= _SHORT
    return _marked(answer, whole=short) or (words(answer) if short else frozenset())


def comparable(asked: str, expected: str) -> bool:
    """Whether an answer can be told right or wrong without a judge: it is short, or has names and numbers of its own
    that the question does not give away."""
    return len(_WORD.findall(expected)) <= _SHORT or bool(essentials(expected) - words(asked))


def states(text: str, expected: str, asked: str = "") -> bool:
    """Whether a text is the expected answer, or has all its names and numbers; repeating the question is no answer."""
    if _plain(text) == _plain(expected):
        return True
    wanted = essentials(expected)
    return bool(wanted - words(asked)) and wanted <= words(text)


def _marked(text: str, *, whole: bool) -> Words:
    """Words with a capital or a digit; with `whole` also a lone one that begins a sentence."""
    found: set[str] = set()
    for sentence in re.split(r"(?<=[.!?:])\s+|\n", text):
        spelled = _WORD.findall(sentence)
        for place, word in enumerate(spelled):
            follows = place + 1 < len(spelled) and spelled[place + 1][:1].isupper()
            named = word[:1].isupper() and (whole or place > 0 or follows)
            if named or any(letter.isdigit() for letter in word):
                found.add(word.casefold())
    return frozenset(found)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".!?")
